"""Limited-memory BFGS in preconditioned coordinates: one pass a step."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

from dxent.evaluation import Evaluation, Preconditioner, Problem, Vector
from dxent.solvers.line_search import line_search

__all__ = ["lbfgs"]

MEMORY = 20
FIRST_REBUILD = 10
FLATNESS = 0.9


def lbfgs(problem: Problem, start: Evaluation) -> Iterator[Evaluation]:
    """Yield the iterates of L-BFGS whose initial matrix is the preconditioner.

    That is rebuilt after some steps, then after twice as many again, and so on: the curvature settles as the
    fit proceeds.

    See: Nocedal & Wright, Numerical Optimization, algorithms 7.4 and 7.5.
    """
    here = start
    preconditioner = problem.preconditioner(here)
    pairs: deque[tuple[Vector, Vector, float]] = deque(maxlen=MEMORY)
    steps, interval = 0, FIRST_REBUILD
    while True:
        if steps > interval:
            preconditioner, steps, interval = problem.preconditioner(here), 0, 2 * interval
        steps += 1
        there = line_search(problem, here, -two_loop(here.gradient, pairs, preconditioner), flatness=FLATNESS)
        if there is None and pairs:  # stale curvature: start afresh along the preconditioned gradient
            pairs.clear()
            there = line_search(problem, here, -preconditioner.apply(here.gradient), flatness=FLATNESS)
        if there is None:
            return
        s, y = there.point - here.point, there.gradient - here.gradient
        product = float(s @ y)
        if product > np.finfo(float).eps * float(np.linalg.norm(s) * np.linalg.norm(y)):
            pairs.append((s, y, product))
        here = there
        yield here


def two_loop(
    gradient: Vector, pairs: deque[tuple[Vector, Vector, float]], preconditioner: Preconditioner
) -> Vector:
    """Return the inverse-Hessian estimate times the gradient."""
    q, weights = gradient.copy(), []
    for s, y, product in reversed(pairs):
        weight = float(s @ q) / product
        q -= weight * y
        weights.append(weight)
    r = preconditioner.apply(q)
    if pairs:
        _, y, product = pairs[-1]
        stretch = float(y @ preconditioner.apply(y))
        r *= product / stretch if stretch > 0 else 1.0
    for (s, y, product), weight in zip(pairs, reversed(weights), strict=True):
        r += (weight - float(y @ r) / product) * s
    return r
