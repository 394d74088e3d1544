"""Proofs of optimality: upper bounds on F(θ) − min F that need nothing but the point they speak of.

Two bounds, each rigorous up to the rounding estimates of `sum_rounding` and `logit_rounding`:

- `duality_bound`, for λ > 0: the probabilities at θ, made feasible, are a point of the dual problem, and the
  gap between the two values is a sum of non-negative terms (no cancellation).
- `self_concordance_bound`, for any λ ≥ 0: the Hessian of a softmax loss changes by at most a factor e^r where
  the logits of every row change by at most r; a small Newton decrement then proves that a minimiser exists
  and how far away it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dxent.evaluation import Evaluation
from dxent.objective.hessian import Factor, ObjectiveHessian
from dxent.objective.objective import UNIT_ROUNDOFF, Objective

__all__ = ["Certificate", "carried", "duality_bound", "duality_estimate", "self_concordance_bound"]

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Certificate:
    """What is proved of a point θ with objective F(θ), mean loss plus penalty in nats.

    - ``gap_bound`` ≥ F(θ) − min F; ``relative_gap`` is that over F(θ);
    - ``coef_distance_bound`` ≥ ‖W − W*‖ (Frobenius) of the raw coefficients;
    - ``prob_factor_bound`` ≥ p/p* and p*/p for each probability of each training row.

    A bound that the method does not give is infinite.
    """

    gap_bound: float
    relative_gap: float
    coef_distance_bound: float
    prob_factor_bound: float
    method: str

    @classmethod
    def none(cls) -> Certificate:
        """Nothing is proved."""
        return cls(math.inf, math.inf, math.inf, math.inf, "none")

    def meet(self, other: Certificate) -> Certificate:
        """Return what the two prove together of the same point; the method is that of the smaller gap."""
        tighter = min(self, other, key=lambda certificate: certificate.gap_bound)
        return replace(
            tighter,
            coef_distance_bound=min(self.coef_distance_bound, other.coef_distance_bound),
            prob_factor_bound=min(self.prob_factor_bound, other.prob_factor_bound),
        )


def carried(certificate: Certificate, objective: Objective, here: Evaluation, point: Matrix) -> Certificate:
    """Return what the proof of ``here`` proves of a point next to it, without a look at the data.

    With Δ from one to the other and r ≥ |Δz_ik − Δz_il| in all rows, F rises by ⟨∇F, Δ⟩ + r²/8 + penalty(Δ)
    at most, and a probability changes by a factor e^r at most: no number between 0 and r varies by more than
    r²/4. For r serves the pairs' length times ‖Δ_W span‖ max ‖(x − μ) / span‖ + ‖Δ_b‖.
    """
    coords, moved = objective.coordinates, (point - here.point).reshape(objective.coordinates.shape)
    features = len(coords.scale)
    weights, intercepts = moved[:, :features] / coords.scale, moved[:, features:]
    span, longest = objective.moments.box(coords.intercept)
    reach = float(np.linalg.norm(weights * span)) * longest + float(np.linalg.norm(intercepts))
    r = coords.pair_length * reach
    if not r < 1:
        return Certificate.none()
    rise = abs(float(here.gradient @ moved.ravel())) + r**2 / 8 + objective.penalty.value(moved)
    gap = certificate.gap_bound + rise
    return Certificate(
        gap,
        gap / here.value,
        certificate.coef_distance_bound + float(np.linalg.norm(coords.of_outputs(weights))),
        certificate.prob_factor_bound * math.exp(r),
        certificate.method,
    )


def sum_rounding(objective: Objective, here: Evaluation) -> Matrix:
    """Estimate how far rounding in its sums may have moved each entry of the gradient, (classes − 1, width).

    An entry sums n terms s_i x̃_ij (p − y). A row's loss ℓ bounds its residuals: ‖p − y‖² ≤ 2 (1 − e^−ℓ)² ≤ ℓ.
    """
    theta = here.point.reshape(objective.coordinates.shape)
    sums = summing(objective) * math.sqrt(here.value) * objective.column_sizes
    return np.asarray(sums + UNIT_ROUNDOFF * 4 * objective.penalty.strengths * np.abs(theta))


def summing(objective: Objective) -> float:
    """Estimate how far rounding may have moved a sum over the rows, over Σ |terms|.

    About √m u, m being how many additions a term passes through, here a tile's rows and the tiles.

    See: Higham & Mary, SIAM J. Sci. Comput. 41 (2019).
    """
    return 4 * UNIT_ROUNDOFF * math.sqrt(64 + objective.rows.samples / 16)


def logit_rounding(objective: Objective, here: Evaluation) -> float:
    """Estimate how far rounding may have moved a logit: a few u, and u times the terms it sums."""
    theta = here.point.reshape(objective.coordinates.shape)
    return UNIT_ROUNDOFF * (8 + 2 * float(np.linalg.norm(theta * objective.column_sizes)))


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
    factor, v = Factor.of(curvature[np.ix_(others, others)]), np.zeros(len(curvature))
    doubt = factor_doubt(objective, factor)
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


def self_concordance_bound(objective: Objective, anchor: Evaluation, here: Evaluation) -> Certificate:
    """Bound the gap at ``here`` by the Newton decrement, with the Hessian factor of an ``anchor`` nearby.

    With δ = ‖g‖ in the norm of H⁻¹ and R ≥ max ‖(x̃_i, 1) ⊗ (e_k − e_l)‖ in that norm: if ρ = Rδ < 1, then a
    minimiser exists, F − min F ≤ (ρ + (1 − ρ) log(1 − ρ)) / R², and no logit difference is off by more than
    −log(1 − ρ). The Hessian here is at least c times the anchor's, by the probabilities of both.

    See: Bach, Electron. J. Stat. 4 (2010); Sun & Tran-Dinh, Math. Program. 178 (2019), generalised
    self-concordance with ν = 2.
    """
    assert isinstance(anchor.hessian, ObjectiveHessian)
    assert isinstance(here.hessian, ObjectiveHessian)
    factor = anchor.hessian.factor
    doubt = factor_doubt(objective, factor)
    kept = anchor.hessian.kept_at(here.hessian) if doubt < 0.5 else 0.0
    if not kept > 0:
        return Certificate.none()
    delta = float(np.linalg.norm(factor.half_solve(here.gradient)))
    delta += float(sum_rounding(objective, here).ravel() @ np.sqrt(factor.inverse_diagonal))
    delta += logit_rounding(objective, here)  # ‖X̃ᵀ S D Δz‖ in the norm of H⁻¹ is at most √(Δzᵀ S D Δz)
    delta /= math.sqrt(1 - doubt)
    R = anchor.hessian.reach / math.sqrt(1 - doubt)
    rho = R * delta / kept
    if not rho < 1:
        return Certificate.none()
    gap = delta**2 / kept * decrement_factor(rho)
    radius = -math.log1p(-rho) / R / math.sqrt(1 - doubt)
    scale = objective.coordinates.scale
    spread = np.sqrt(factor.inverse_diagonal.reshape(objective.coordinates.shape))[:, : len(scale)]
    distance = radius * float(np.linalg.norm(spread / scale))
    return Certificate(gap, gap / here.value, distance, 1 / (1 - rho), "self-concordance")


def factor_doubt(objective: Objective, factor: Factor) -> float:
    """Return ε such that the true curvature is at least (1 − ε) times the one that was factorised.

    Rounding in a sum of m products moves H_jk by some γ √(H_jj H_kk), γ ≈ √m u, and diag H ≤ τ H with
    τ = Σ_j H_jj (H⁻¹)_jj. Where p has saturated, eigenvalues can be nothing but rounding: then ε is large.
    """
    if factor.lifted:
        return 1.0
    gamma = 4 * summing(objective)
    squares = np.einsum("jk,jk->j", factor.lower, factor.lower)
    return gamma * float(squares @ factor.inverse_diagonal)


def decrement_factor(rho: float) -> float:
    """Return (ρ + (1 − ρ) log(1 − ρ)) / ρ² = Σ_{k≥2} ρ^(k−2) / (k (k − 1)), rounded up."""
    if rho < 0.1:
        return 0.5 + rho / 6 + rho**2 / 12 / (1 - rho)
    return (rho + (1 - rho) * math.log1p(-rho)) / rho**2
