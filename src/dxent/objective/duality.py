"""The proof by weak duality, for λ > 0.

The probabilities at θ, made feasible, are a point of the dual problem, and the gap between the two values is
a sum of non-negative terms: nothing cancels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dxent.evaluation import Evaluation
from dxent.objective.certificate import Certificate
from dxent.objective.factor import Factor
from dxent.objective.hessian import ObjectiveHessian
from dxent.objective.objective import Objective
from dxent.objective.rounding import (
    UNIT_ROUNDOFF,
    logit_rounding,
    product_rounding,
    sum_rounding,
    summing,
)

__all__ = ["duality_bound", "duality_estimate"]

Matrix = NDArray[np.float64]


def duality_estimate(objective: Objective, here: Evaluation) -> float:
    """Return about what `duality_bound` will be, from the gradient alone; infinite where that is no help."""
    coords = objective.coordinates
    if not objective.strength > 0:
        return math.inf
    gradient = here.gradient.reshape(coords.shape)
    features = len(coords.scale)
    length = 2 / coords.pair_length * float(np.linalg.norm(gradient[:, features:]))  # if C is all it can be
    return gap_by_duality(objective, gradient[:, :features], replace(NOWHERE, length=length))


def duality_bound(objective: Objective, here: Evaluation) -> Certificate:
    """Bound the gap by weak duality; needs λ > 0.

        F − D(A) = ‖X̃ᵀS(A − Y) + λW‖² / 2λ + Σ s_i KL(a_i ‖ p_i)   for every A with Σ s_i (a_i − y_i) = 0

    A holds the probabilities P, moved just enough: a_i = p_i + C_i v with C_i = diag p_i − p_i p_iᵀ. The v
    that mends the totals is the Newton step of the classes' intercepts: C v = −∇_b F with C = Σ s_i C_i. Then

        X̃ᵀS(A − Y) + λW = ∇_W F + Σ s_i (C_i v) ⊗ x̃_i        Σ s_i KL(a_i ‖ p_i) ≤ vᵀC v / 2 (1 − r)

    where r = max |v_k − v_l|: a probability changes by the factor 1 + v_k − ⟨p_i, v⟩, and for t ≥ −r
    (1 + t) log(1 + t) − t ≤ t²/2 (1 − r). Without an intercept A = P needs no moving: the bound is ‖∇F‖²/2λ.
    """
    coords, strength = objective.coordinates, objective.strength
    if not strength > 0:
        return Certificate.none()
    step = intercept_step(objective, here) if coords.intercept else NOWHERE
    if not step.range < 1:
        return Certificate.none()
    assert isinstance(here.hessian, ObjectiveHessian)
    gradient = here.gradient + here.hessian.along_intercepts(step.v) if coords.intercept else here.gradient
    rounding = sum_rounding(objective, here) + logit_rounding(objective, here) * objective.column_sizes
    slopes = np.abs(gradient.reshape(coords.shape)) + rounding
    gap = gap_by_duality(objective, slopes[:, : len(coords.scale)], step)
    if not math.isfinite(gap):
        return Certificate.none()
    return Certificate(gap, gap / here.value, math.sqrt(2 * gap / strength), math.inf, "duality")


@dataclass(frozen=True)
class Step:
    """The step v of the intercepts, and what is needed of it, of which each may be an upper bound."""

    v: Matrix
    length: float  # √(vᵀC v)
    range: float  # max |v_k − v_l|
    off: float  # how far rounding may have moved √(Σ s_i ‖C_i v‖²)


NOWHERE = Step(np.zeros(0), 0.0, 0.0, 0.0)


def gap_by_duality(objective: Objective, slopes: Matrix, step: Step) -> float:
    """Return the bound for the gradient of the coefficients where the intercepts' is zero."""
    norm = float(np.linalg.norm(slopes * objective.coordinates.scale))
    norm += step.off * math.sqrt(objective.moments.variance.sum())  # ‖X̃ᵀS U‖² ≤ Σ_j var(x_j) Σ s_i ‖u_i‖²
    return norm**2 / 2 / objective.strength + step.length**2 / 2 / (1 - step.range)


def intercept_step(objective: Objective, here: Evaluation) -> Step:
    """Return the step; an infinite one where a class's probabilities have all saturated.

    C v does not change when a constant is added to v: 0 is the entry of the class of the most curvature. C
    for the others has an inverse without negative entries: of all errors within bounds, these move v most.
    """
    assert isinstance(here.hessian, ObjectiveHessian)
    coords, curvature = objective.coordinates, here.hessian.class_curvature
    slopes = here.gradient.reshape(coords.shape)[:, -1]
    missing = np.append(slopes, -slopes) if coords.basis is None else -coords.basis @ slopes
    # Σ s |p − y| of a class is at most what it weighs, as observed and as predicted
    wrong = np.clip(2 * objective.rows.class_shares - missing, 0.0, math.sqrt(here.value))
    others = np.arange(len(curvature)) != curvature.diagonal().argmax()
    factor = Factor.of(curvature[np.ix_(others, others)], product_rounding(objective, np.float64))
    doubt, v = factor.doubt, np.zeros(len(curvature))
    if not doubt < 0.5:
        return Step(v, math.inf, math.inf, math.inf)
    lost = summing(objective) * wrong[others] + 4 * UNIT_ROUNDOFF * np.abs(missing).max()
    lost /= 1 - doubt
    v[others] = factor.solve(missing[others])
    off, logits = factor.solve(lost), logit_rounding(objective, here)
    moved = float(np.linalg.norm(factor.half_solve(lost))) + logits  # as in the bound by self-concordance
    length = float(np.linalg.norm(factor.half_solve(missing[others]))) / math.sqrt(1 - doubt) + moved
    return Step(
        v,
        length,
        float(np.ptp(v)) + 2 * float(off.max()) + 2 * len(v) * logits,
        coords.pair_length / 2 * (moved + summing(objective) * length),
    )
