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
from dxent.objective.hessian import ObjectiveHessian
from dxent.objective.objective import UNIT_ROUNDOFF, Objective

__all__ = ["Certificate", "duality_bound", "self_concordance_bound"]

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


def sum_rounding(objective: Objective, here: Evaluation) -> Matrix:
    """Estimate how far rounding in its sums may have moved each entry of the gradient, (classes − 1, width).

    An entry sums n terms s_i x̃_ij (p − y). Its error is about √m u Σ |terms|, m being how many additions
    a term passes through (Higham & Mary, SIAM J. Sci. Comput. 41 (2019)), here a tile's rows and the tiles.
    """
    theta = here.point.reshape(objective.coordinates.shape)
    additions = 64 + objective.rows.samples / 16
    assert isinstance(here.hessian, ObjectiveHessian)
    sums = 4 * np.sqrt(additions) * here.hessian.residual_size * column_sizes(objective)
    return np.asarray(UNIT_ROUNDOFF * (sums + 4 * objective.penalty.strengths * np.abs(theta)))


def logit_rounding(objective: Objective, here: Evaluation) -> float:
    """Estimate how far rounding may have moved a logit: a few u, and u times the terms it sums."""
    theta = here.point.reshape(objective.coordinates.shape)
    return UNIT_ROUNDOFF * (8 + 2 * float(np.linalg.norm(theta * column_sizes(objective))))


def column_sizes(objective: Objective) -> Matrix:
    """Return the root mean square of each column of X̃ D⁻¹, (width,)."""
    coords, columns = objective.coordinates, objective.moments
    size = np.sqrt(columns.square(coords.intercept)) / coords.scale
    return np.append(size, 1.0) if coords.intercept else size


def duality_bound(objective: Objective, here: Evaluation) -> Certificate:
    """Bound the gap by weak duality; needs λ > 0, and an intercept's gradient near zero to be of use.

        F − D(A) = ‖X̃ᵀS(A − Y) + λW‖² / 2λ + Σ s_i KL(a_i ‖ p_i)   for every A with Σ s_i (a_i − y_i) = 0

    A is `feasible`: the probabilities P, moved just enough. Without an intercept A = P needs no moving, and
    the bound is ‖∇F‖²/2λ.
    """
    coords, strength = objective.coordinates, objective.strength
    rounding = sum_rounding(objective, here) + logit_rounding(objective, here) * column_sizes(objective)
    gradient = np.abs(here.gradient.reshape(coords.shape)) + rounding
    features = len(coords.scale)
    strengths = objective.penalty.strengths[:features]
    if not strength > 0 or not np.all(strengths > 0):
        return Certificate.none()
    norm = float(np.sqrt(np.sum(gradient[:, :features] ** 2 / strengths)))
    divergence = 0.0
    if coords.intercept:
        moved, divergence = feasible(objective, here)
        norm += moved * float(np.linalg.norm(objective.moments.largest)) / math.sqrt(strength)
    gap = norm**2 / 2 + divergence
    if not math.isfinite(gap):
        return Certificate.none()
    return Certificate(gap, gap / here.value, math.sqrt(2 * gap / strength), math.inf, "duality")


def feasible(objective: Objective, here: Evaluation) -> tuple[float, float]:
    """Move P to an A with the observed class totals; return Σ s_i ‖a_i − p_i‖ and Σ s_i KL(a_i ‖ p_i).

    a_i = p_i + (diag p_i − p_i p_iᵀ) u keeps each row's sum, and the u that mends the totals is the Newton
    step of the intercepts. A probability changes by the factor 1 + u_k − ⟨p_i, u⟩: those that are 0 stay 0.
    """
    assert isinstance(here.hessian, ObjectiveHessian)
    pairs = list(zip(objective.rows.blocks, here.hessian.probs, strict=True))
    missing = objective.rows.class_shares() - sum(block.sample_weight @ probs for block, probs in pairs)
    missing -= missing.mean()  # no row can mend this: the shares and the probabilities both sum to one
    curvature = np.zeros((len(missing), len(missing)))
    for block, probs in pairs:
        curvature -= (block.sample_weight[:, None] * probs).T @ probs
    np.fill_diagonal(curvature, 0.0)
    np.fill_diagonal(curvature, -curvature.sum(axis=1))  # its rows sum to zero: nothing cancels
    step = np.linalg.lstsq(curvature, missing)[0]
    if np.abs(curvature @ step - missing).max() > UNIT_ROUNDOFF * 16 + 1e-6 * np.abs(missing).max():
        return math.inf, math.inf  # a class whose probabilities have all saturated cannot be mended
    moved = divergence = 0.0
    for block, probs in pairs:
        ratio = step - (probs @ step)[:, None]
        least = min(float(ratio.min()), 0.0)
        if not least > -1:
            return math.inf, math.inf
        change = probs * ratio
        moved += float(block.sample_weight @ np.sqrt(np.einsum("ik,ik->i", change, change)))
        # (1 + x) log(1 + x) − x ≤ x²/2 where x ≥ 0, as its second derivative is 1/(1 + x), and more below 0
        divergence += float(block.sample_weight @ np.einsum("ik,ik->i", change, ratio)) / 2 / (1 + least)
    return moved, divergence


def self_concordance_bound(
    objective: Objective, anchor: Evaluation, here: Evaluation, reach: float
) -> Certificate:
    """Bound the gap at ``here`` by the Newton decrement, with the Hessian factor of an ``anchor`` nearby.

    With δ = ‖g‖ in the norm of H⁻¹ and R = ``reach`` ≥ max ‖(x̃_i, 1) ⊗ (e_k − e_l)‖ in that norm: if
    ρ = Rδ < 1, then a minimiser exists, F − min F ≤ (ρ + (1 − ρ) log(1 − ρ)) / R², and no logit difference is
    off by more than −log(1 − ρ). At distance r = R ‖θ − anchor‖_H from the anchor its Hessian is off by at
    most e^r.

    See: Bach, Electron. J. Stat. 4 (2010); Sun & Tran-Dinh, Math. Program. 178 (2019), generalised
    self-concordance with ν = 2.
    """
    assert isinstance(anchor.hessian, ObjectiveHessian)
    factor = anchor.hessian.factor
    doubt = factor_doubt(objective, anchor.hessian)
    if doubt >= 0.5:
        return Certificate.none()
    delta = float(np.linalg.norm(factor.half_solve(here.gradient)))
    delta += float(sum_rounding(objective, here).ravel() @ np.sqrt(factor.inverse_diagonal))
    delta += logit_rounding(objective, here)  # ‖X̃ᵀ S D Δz‖ in the norm of H⁻¹ is at most √(Δzᵀ S D Δz)
    delta /= math.sqrt(1 - doubt)
    shift = float(np.linalg.norm(factor.lower.T @ (here.point - anchor.point)))
    R = reach / math.sqrt(1 - doubt)
    stretch = math.exp(min(R * shift, 1.0) / 2)
    rho = R * delta * stretch**2
    if R * shift >= 1 or rho >= 1:
        return Certificate.none()
    gap = (delta * stretch) ** 2 * decrement_factor(rho)
    radius = -math.log1p(-rho) / R / math.sqrt(1 - doubt)
    scale = objective.coordinates.scale
    spread = np.sqrt(factor.inverse_diagonal.reshape(objective.coordinates.shape))[:, : len(scale)]
    distance = radius * float(np.linalg.norm(spread / scale))
    return Certificate(gap, gap / here.value, distance, 1 / (1 - rho), "self-concordance")


def factor_doubt(objective: Objective, hessian: ObjectiveHessian) -> float:
    """Return ε such that the true Hessian is at least (1 − ε) times the one that was factorised.

    Rounding in a sum of m products moves H_jk by some γ √(H_jj H_kk), γ ≈ √m u, and diag H ≤ τ H with
    τ = Σ_j H_jj (H⁻¹)_jj. Where p has saturated, eigenvalues can be nothing but rounding: then ε is large.
    """
    if hessian.factor.lifted:
        return 1.0
    gamma = 16 * math.sqrt(64 + objective.rows.samples / 16) * UNIT_ROUNDOFF
    squares = np.einsum("jk,jk->j", hessian.factor.lower, hessian.factor.lower)
    return gamma * float(squares @ hessian.factor.inverse_diagonal)


def decrement_factor(rho: float) -> float:
    """Return (ρ + (1 − ρ) log(1 − ρ)) / ρ² = Σ_{k≥2} ρ^(k−2) / (k (k − 1)), rounded up."""
    if rho < 0.1:
        return 0.5 + rho / 6 + rho**2 / 12 / (1 - rho)
    return (rho + (1 - rho) * math.log1p(-rho)) / rho**2
