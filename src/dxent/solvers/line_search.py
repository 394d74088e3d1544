"""Step length along a descent direction of a smooth convex function."""

from __future__ import annotations

import numpy as np

from dxent.evaluation import Evaluation, Problem, Ray, Vector

__all__ = ["line_search"]

TRIALS = 60


def line_search(
    problem: Problem, here: Evaluation, direction: Vector, *, flatness: float
) -> Evaluation | None:
    """Return the evaluation after a step t, or None if none improves.

    Wanted is F(x + t d) ≤ F(x), up to rounding, with a slope ⟨g(x + t d), d⟩ of at most ``flatness`` times
    the first. As F is convex, the slope rises along the ray, and shrinking it is all there is to do. The full
    step t = 1 is tried with an evaluation; other steps are found on the ray, where trials cost no pass.

    See: Nocedal & Wright, Numerical Optimization, §3.1 (strong Wolfe conditions); near the optimum, where
    values say nothing any more, Hager & Zhang, SIAM J. Optim. 16 (2005), §4.
    """
    slope = float(here.gradient @ direction)
    if not slope < 0:
        return None
    there = problem.evaluate(here.point + direction)
    if improves(here, there) and abs(float(there.gradient @ direction)) <= flatness * -slope:
        return there
    step = flat_point(problem.along(here, direction), slope, flatness)
    if step is None:
        return there if improves(here, there) and there.value < here.value else None
    there = problem.evaluate(here.point + step * direction)
    return there if improves(here, there) else None


def improves(here: Evaluation, there: Evaluation) -> bool:
    """Return whether the value is no higher, up to rounding."""
    return bool(there.value <= here.value + here.rounding)


def flat_point(ray: Ray, slope: float, flatness: float) -> float | None:
    """Return a t where the slope is still negative, or 0, but ``flatness`` times what it was, at most.

    By convexity F is lower there for certain, which it need not be where the slope is as small but positive.
    The root of the slope is bracketed by doubling, then narrowed by false position.
    """
    low, low_slope, high, high_slope = 0.0, slope, np.inf, np.nan
    step = 1.0
    for _ in range(TRIALS):
        new = ray.slope(step)
        if flatness * slope <= new <= 0:
            return step
        if new < 0:
            low, low_slope = step, new
        else:
            high, high_slope = step, new
        if np.isinf(high):
            step *= 2
            continue
        # false position, kept off the ends: slopes that rise like an exponential would creep along one
        fraction = low_slope / (low_slope - high_slope)
        step = low + min(max(fraction, 0.1), 0.9) * (high - low)
    return low if low > 0 else None
