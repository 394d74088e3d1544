"""Step length along a descent direction of a smooth convex function."""

from __future__ import annotations

import numpy as np

from dxent.evaluation import Evaluation, Problem, Vector

__all__ = ["line_search"]

SUFFICIENT_DECREASE = 1e-4
TRIALS = 30


def line_search(problem: Problem, here: Evaluation, direction: Vector) -> Evaluation | None:
    """Return the evaluation after an acceptable step, the full one where possible, or None.

    A step t is acceptable if it decreases enough, F(x + t d) ≤ F(x) + c t ⟨g, d⟩ (Armijo; c = 1e-4), or, where
    values differ by no more than their rounding, if the slope has shrunk: |⟨g(x + t d), d⟩| ≤ (1 − 2c) |⟨g, d⟩|.
    A rejected step is shortened to where the two slopes, joined by a line, would vanish.

    See: Nocedal & Wright, Numerical Optimization, §3.1; Hager & Zhang, SIAM J. Optim. 16 (2005), eq. 4.1.
    """
    slope = float(here.gradient @ direction)
    if not slope < 0:
        return None
    step = 1.0
    for _ in range(TRIALS):
        there = problem.evaluate(here.point + step * direction)
        change = there.value - here.value
        new_slope = float(there.gradient @ direction)
        if change <= SUFFICIENT_DECREASE * step * slope:
            return there
        flat = (1 - 2 * SUFFICIENT_DECREASE) * -slope
        if abs(change) <= here.rounding and abs(new_slope) <= flat:
            return there
        if np.isfinite(new_slope) and new_slope > 0:
            step *= min(max(-slope / (new_slope - slope), 0.1), 0.9)
        else:
            step *= 0.1
    return None
