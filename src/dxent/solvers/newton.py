"""Newton's method with the exact Hessian: for a few thousand parameters, the fewest passes there are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dxent.evaluation import Evaluation, Problem
from dxent.operators.inverse import solve
from dxent.solvers.line_search import line_search

__all__ = ["chord", "newton"]

FLATNESS = 0.25


def newton(problem: Problem, here: Evaluation) -> Iterator[Evaluation]:
    """Yield x⁺ = x − t H(x)⁻¹ g(x), …, until no step helps.

    See: Nocedal & Wright, Numerical Optimization, §3.3. For this objective the steps are those of iteratively
    reweighted least squares.
    """
    while there := line_search(problem, here, -solve(here.hessian, here.gradient), flatness=FLATNESS):
        here = there
        yield here


def chord(problem: Problem, anchor: Evaluation, here: Evaluation) -> Iterator[Evaluation]:
    """Yield Newton steps from ``here`` with the Hessian of a point nearby, while they shrink fast.

    One pass a step and no new factor: near the optimum that is the cheapest way down to rounding.
    """
    decrement = np.inf
    while True:
        step = solve(anchor.hessian, here.gradient)
        previous, decrement = decrement, float(step @ here.gradient)
        if not 0 < decrement < previous / 100:
            return
        here = problem.evaluate(here.point - step)
        yield here
