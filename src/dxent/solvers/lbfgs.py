"""Limited-memory BFGS in preconditioned coordinates: one pass a step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dxent.evaluation import Evaluation, Problem
from dxent.solvers.line_search import line_search
from dxent.solvers.memory import Memory

__all__ = ["lbfgs"]

FIRST_REBUILD = 10
FLATNESS = 0.9


def lbfgs(problem: Problem, start: Evaluation) -> Iterator[Evaluation]:
    """Yield the iterates of L-BFGS whose initial matrix is the preconditioner.

    That is rebuilt after some steps, then after twice as many again, and so on: the curvature settles as the
    fit proceeds. A dear one stays until the steps have cost four times as much. What was remembered is then
    forgotten: it was measured along a path far from here.

    See: Nocedal & Wright, Numerical Optimization, §7.2.
    """
    here, preconditioner = start, problem.preconditioner(start)
    memory = Memory(len(start.point), problem.precision)
    image = preconditioner.apply(here.gradient)
    steps, interval = 0, FIRST_REBUILD
    while True:
        if steps > interval:
            del preconditioner  # the new one may take as much memory
            preconditioner = problem.preconditioner(here)
            steps, interval = 0, max(2 * interval, int(4 * preconditioner.cost))
            memory.clear()
            image = preconditioner.apply(here.gradient)
        steps += 1
        there = line_search(problem, here, -memory.apply(here.gradient, image), flatness=FLATNESS)
        if there is None and len(memory):  # stale curvature: start afresh along the preconditioned gradient
            memory.clear()
            there = line_search(problem, here, -image, flatness=FLATNESS)
        if there is None:
            return
        before, image = image, preconditioner.apply(there.gradient)
        s, y = there.point - here.point, there.gradient - here.gradient
        if float(s @ y) > np.finfo(float).eps * float(np.linalg.norm(s) * np.linalg.norm(y)):
            memory.add(s, y, image - before)
        here = there
        yield here
