"""Proofs of optimality: upper bounds on F(θ) − min F that need nothing but the point they speak of.

Two bounds, each rigorous up to the rounding estimate of `gradient_rounding`:

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


def gradient_rounding(objective: Objective, here: Evaluation) -> Matrix:
    """Estimate how far rounding may have moved each entry of the gradient, (classes − 1, width).

    Each entry is a weighted mean of n terms |x̃_j| |p − y| ≤ |x̃_j|, summed in tiles; its error grows like √n u
    (Higham & Mary, SIAM J. Sci. Comput. 41 (2019)). The logits' own rounding moves p by as much as u times
    their size.
    """
    coords = objective.coordinates
    columns = objective.moments
    theta = here.point.reshape(coords.shape)
    second = columns.variance if coords.intercept else columns.variance + columns.mean**2
    size = np.sqrt(second) / coords.scale
    if coords.intercept:
        size = np.append(size, 1.0)
    logit = np.sqrt(len(size)) * float(np.linalg.norm(theta * size))
    factor = 16 + 4 * np.sqrt(objective.rows.samples) + logit
    return np.asarray(
        UNIT_ROUNDOFF * (factor * size + 4 * objective.penalty.strengths * np.abs(theta))
    )


def duality_bound(objective: Objective, here: Evaluation) -> Certificate:
    """Bound the gap by weak duality; needs λ > 0, and an intercept's gradient near zero to be of use.

        F − D(A) = ‖X̃ᵀS(A − Y) + λW‖² / 2λ + Σ s_i KL(a_i ‖ p_i)   for every A with Σ s_i (a_i − y_i) = 0

    A is `feasible`: the probabilities P, moved just enough. Without an intercept A = P needs no moving, and
    the bound is ‖∇F‖²/2λ.
    """
    coords, strength = objective.coordinates, objective.strength
    gradient = np.abs(here.gradient.reshape(coords.shape)) + gradient_rounding(objective, here)
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
    """Move P to the nearest A with the observed class totals; return Σ s_i ‖a_i − p_i‖ and Σ s_i KL(a_i ‖ p_i).

    Classes with too much mass are shrunk to their totals, and what the rows lost goes to the classes with too
    little: a_ik = p_ik min(1, c_k/m_k) + r_i q_k, with r_i the deficit of row i and q the share of class k in
    all deficits. Everything is formed from the differences c − m, so nothing cancels.
    """
    assert isinstance(here.hessian, ObjectiveHessian)
    pairs = list(zip(objective.rows.blocks, here.hessian.probs, strict=True))
    totals = sum(block.sample_weight @ probs for block, probs in pairs)
    missing = objective.rows.class_shares() - totals
    shrink = np.minimum(missing, 0.0) / totals
    deficits = np.maximum(missing, 0.0)
    share = deficits / max(deficits.sum(), np.finfo(float).tiny)
    moved = divergence = 0.0
    for block, probs in pairs:
        change = probs * shrink
        change += np.outer(-change.sum(axis=1), share)
        moved += float(block.sample_weight @ np.linalg.norm(change, axis=1))
        divergence += float(block.sample_weight @ divergence_rows(change, probs))
    return moved, divergence


def divergence_rows(change: Matrix, probs: Matrix) -> Matrix:
    """Return KL(p + δ ‖ p) of each row for changes δ that sum to zero: Σ p φ(δ/p), φ(x) = (1+x) log(1+x) − x."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where(change == 0, 0.0, change / probs)
        exact = (1 + ratio) * np.log1p(ratio) - ratio
        small = np.abs(ratio) < 1e-4
        bound = np.where(small, 0.5 * ratio**2 * (1 + 2 * np.abs(ratio)), exact)
        terms = np.where(change == 0, 0.0, probs * bound)
    return np.asarray(np.where(np.isnan(terms), np.inf, terms).sum(axis=1))


def self_concordance_bound(objective: Objective, anchor: Evaluation, here: Evaluation) -> Certificate:
    """Bound the gap at ``here`` by the Newton decrement, with the Hessian factor of a point ``anchor`` nearby.

    With δ = ‖g‖ in the norm of H⁻¹ and R ≥ max ‖(x̃_i, 1) ⊗ (e_k − e_l)‖ in that norm: if ρ = Rδ < 1, then a
    minimiser exists, F − min F ≤ (ρ + (1 − ρ) log(1 − ρ)) / R², and no logit difference is off by more than
    −log(1 − ρ). At distance r = R ‖θ − anchor‖_H from the anchor its Hessian is off by at most e^r.

    See: Bach, Electron. J. Stat. 4 (2010); Sun & Tran-Dinh, Math. Program. 178 (2019), generalised
    self-concordance with ν = 2.
    """
    assert isinstance(anchor.hessian, ObjectiveHessian)
    coords, factor = objective.coordinates, anchor.hessian.factor
    spread = np.sqrt(np.sum(factor.inverse_diagonal.reshape(coords.shape), axis=0))
    reach = objective.moments.largest / coords.scale
    if coords.centre is None:
        reach = reach + np.abs(objective.moments.mean) / coords.scale
    if coords.intercept:
        reach = np.append(reach, 1.0)
    # ‖a‖_{H⁻¹} ≤ Σ_j |a_j| ‖e_j‖_{H⁻¹}; e_k − e_l has length √2 in the sum-zero basis
    R = float(reach @ spread) * (1.0 if coords.basis is None else math.sqrt(2))
    shift = factor.lower.T @ (here.point - anchor.point)
    drift = R * float(np.linalg.norm(shift))
    if not drift < 1:
        return Certificate.none()
    error = float(np.linalg.norm(gradient_rounding(objective, here)) * np.linalg.norm(spread))
    delta = float(np.linalg.norm(factor.half_solve(here.gradient)) + error) * math.exp(drift / 2)
    R *= math.exp(drift / 2)
    rho = R * delta
    if not rho < 1:
        return Certificate.none()
    gap = delta**2 * decrement_factor(rho)
    radius = -math.log1p(-rho) / R * math.exp(drift / 2)
    divisor = coords.scale
    distance = radius * float(np.linalg.norm(spread[: len(divisor)] / divisor))
    return Certificate(gap, gap / here.value, distance, 1 / (1 - rho), "self-concordance")


def decrement_factor(rho: float) -> float:
    """Return (ρ + (1 − ρ) log(1 − ρ)) / ρ² = Σ_{k≥2} ρ^(k−2) / (k (k − 1)), rounded up."""
    if rho < 0.1:
        return 0.5 + rho / 6 + rho**2 / 12 / (1 - rho)
    return (rho + (1 - rho) * math.log1p(-rho)) / rho**2
