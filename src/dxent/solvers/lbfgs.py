"""Limited-memory BFGS in preconditioned coordinates: one pass a step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dxent.evaluation import Evaluation, Floats, Problem
from dxent.operators.vectors import difference, dot, norm
from dxent.solvers.line_search import line_search
from dxent.solvers.memory import Memory

__all__ = ["lbfgs"]

FIRST_REBUILD = 10
FLATNESS = 0.9


def lbfgs(problem: Problem, here: Evaluation) -> Iterator[Evaluation]:
    """Yield the iterates of L-BFGS whose initial matrix is the preconditioner.

    That is rebuilt after some steps, then after twice as many again, and so on: the curvature settles as the
    fit proceeds. A dear one stays until the steps have cost four times as much. What was remembered is then
    forgotten: it was measured along a path far from here.

    See: Nocedal & Wright, Numerical Optimization, §7.2.
    """
    preconditioner, precision = problem.preconditioner(here), problem.precision
    memory = Memory(len(here.point), precision)
    gradient = here.gradient.astype(precision)
    image = preconditioner.apply(gradient)
    steps, interval = 0, FIRST_REBUILD
    while True:
        if steps > interval:
            del preconditioner  # the new one may take as much memory
            preconditioner = problem.preconditioner(here)
            steps, interval = 0, max(2 * interval, int(4 * preconditioner.cost))
            memory.clear()
            image = preconditioner.apply(gradient)
        steps += 1
        there = step_along(problem, here, memory.apply(gradient, image))
        if there is None and len(memory):  # stale curvature: start afresh along the preconditioned gradient
            memory.clear()
            there = step_along(problem, here, image)
        if there is None:
            return
        s = difference(there.point, here.point, precision)
        y = difference(there.gradient, here.gradient, precision)
        gradient, before = there.gradient.astype(precision), image
        image = preconditioner.apply(gradient)
        if dot(s, y) > np.finfo(float).eps * norm(s) * norm(y):
            memory.add(s, y, difference(image, before, precision))
        here = there
        yield here


def step_along(problem: Problem, here: Evaluation, ascent: Floats) -> Evaluation | None:
    """Return the evaluation after a step against a direction in which the function rises, if any helps."""
    return line_search(problem, here, np.negative(ascent, dtype=np.float64), flatness=FLATNESS)
