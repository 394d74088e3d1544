"""Step length along a descent direction of a smooth convex function."""

from __future__ import annotations

import numpy as np

from dxent.evaluation import Evaluation, Problem, Ray, Vector
from dxent.operators.vectors import dot

__all__ = ["line_search"]

TRIALS = 60
RETREATS = 4
CLOSER = 0.5  # a step that is searched for may as well be good: trials are cheap


def line_search(
    problem: Problem, here: Evaluation, direction: Vector, *, flatness: float
) -> Evaluation | None:
    """Return the evaluation after a step t, or None if none improves.

    Wanted is F(x + t d) ≤ F(x), up to rounding, with a slope ⟨g(x + t d), d⟩ of at most ``flatness`` times
    the first. As F is convex, the slope rises along the ray, and shrinking it is all there is to do. The full
    step t = 1 is tried first.

    See: Nocedal & Wright, Numerical Optimization, §3.1 (strong Wolfe conditions); near the optimum, where
    values say nothing any more, Hager & Zhang, SIAM J. Optim. 16 (2005), §4.
    """
    slope = dot(here.gradient, direction)
    if not slope < 0:
        return None
    ray = problem.along(here, direction)
    end = ray.slope(1.0)
    if abs(end) <= flatness * -slope and improves(here, there := ray.evaluate(1.0), direction):
        return there
    step = flat_point(ray, slope, end, CLOSER * flatness)
    if step is None:
        return None
    for retreat in range(RETREATS):
        there = ray.evaluate(step / 10**retreat)
        if improves(here, there, direction):
            return there
    return None


def improves(here: Evaluation, there: Evaluation, direction: Vector) -> bool:
    """Return whether the value is lower, or, where rounding hides that, the slope has shrunk."""
    if there.value <= here.value - here.rounding:
        return True
    shrunk = abs(dot(there.gradient, direction)) < abs(dot(here.gradient, direction))
    return bool(there.value <= here.value + here.rounding) and shrunk


def flat_point(ray: Ray, slope: float, end: float, flatness: float) -> float | None:
    """Return a t where F is lower for certain and the slope ``flatness`` times what it was, at most.

    ``slope`` is that at t = 0, ``end`` that at t = 1. By convexity F falls by low · |slope(low)|, or more, to
    where the slope is negative, and from there to t it rises by (t − low) · slope(t) at most. The
    root of the slope is bracketed by doubling, then narrowed by false position; where that moves the same end
    twice, by the middle of the bracket's magnitudes. Failing that, it is the bracket's low end.
    """
    low, low_slope, high, high_slope = 0.0, slope, np.inf, np.nan
    step, moved, new = 1.0, 0, end
    for _ in range(TRIALS):
        if abs(new) <= flatness * -slope and new * (step - low) <= low * -low_slope:
            return step
        if new < 0:
            low, low_slope, moved = step, new, min(moved, 0) - 1
        else:
            high, high_slope, moved = step, new, max(moved, 0) + 1
        if np.isinf(high):
            step *= 2
        elif abs(moved) >= 2:
            step = np.sqrt(low * high) if low > 0 else high / 16
        else:
            step = low + (high - low) * low_slope / (low_slope - high_slope)
        new = ray.slope(step)
    return low if low > 0 else None
