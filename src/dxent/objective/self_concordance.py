"""The proof by self-concordance, for any λ ≥ 0.

The Hessian of a softmax loss changes by at most a factor e^r where the logits of every row change by at most
r; a small Newton decrement then proves that a minimiser exists, and how far away it is.
"""

from __future__ import annotations

import math

import numpy as np

from dxent.evaluation import Evaluation
from dxent.objective.certificate import Certificate
from dxent.objective.factor import Factor
from dxent.objective.hessian import ObjectiveHessian
from dxent.objective.objective import Objective
from dxent.objective.rounding import logit_rounding, sum_rounding

__all__ = ["decrement_factor", "self_concordance_bound"]

MOST_DOUBT = 0.5


def self_concordance_bound(
    objective: Objective, anchor: Evaluation, here: Evaluation, enough: float = math.inf
) -> Certificate:
    """Bound the gap at ``here`` by the Newton decrement, with the Hessian of an ``anchor`` nearby.

    Where rounding leaves a factor from single precision in doubt, one from double precision is formed if that
    would prove a gap that is ``enough``.
    """
    assert isinstance(anchor.hessian, ObjectiveHessian)
    assert isinstance(here.hessian, ObjectiveHessian)
    kept, rough = anchor.hessian.kept_at(here.hessian), anchor.hessian.rough_factor
    if rough.doubt < MOST_DOUBT:
        return decrement_bound(objective, anchor, here, rough, rough.doubt, kept)
    hoped = decrement_bound(objective, anchor, here, rough, 0.0, kept).gap_bound
    if not (hoped < math.inf and hoped <= enough):
        return Certificate.none()
    factor = anchor.hessian.factor
    return decrement_bound(objective, anchor, here, factor, factor.doubt, kept)


def decrement_bound(
    objective: Objective, anchor: Evaluation, here: Evaluation, factor: Factor, doubt: float, kept: float
) -> Certificate:
    """Bound the gap at ``here`` with a factor of the Hessian at the ``anchor``, of which a share is in doubt.

    With δ = ‖g‖ in the norm of H⁻¹ and R ≥ max ‖(x̃_i, 1) ⊗ (e_k − e_l)‖ in that norm: if ρ = Rδ < 1, then a
    minimiser exists, F − min F ≤ (ρ + (1 − ρ) log(1 − ρ)) / R², and no logit difference is off by more than
    −log(1 − ρ). The Hessian here is at least ``kept`` times the anchor's.

    See: Bach, Electron. J. Stat. 4 (2010); Sun & Tran-Dinh, Math. Program. 178 (2019), generalised
    self-concordance with ν = 2.
    """
    assert isinstance(anchor.hessian, ObjectiveHessian)
    if not (kept > 0 and doubt < MOST_DOUBT):
        return Certificate.none()
    delta = float(np.linalg.norm(factor.half_solve(here.gradient)))
    delta += float(sum_rounding(objective, here).ravel() @ np.sqrt(factor.inverse_diagonal))
    delta += logit_rounding(objective, here)  # ‖X̃ᵀ S D Δz‖ in the norm of H⁻¹ is at most √(Δzᵀ S D Δz)
    delta /= math.sqrt(1 - doubt)
    R = anchor.hessian.reach(factor) / math.sqrt(1 - doubt)
    rho = R * delta / kept
    if not rho < 1:
        return Certificate.none()
    gap = delta**2 / kept * decrement_factor(rho)
    stretch = -math.log1p(-rho) / rho if rho else 1.0  # R = 0 where X is nothing but zeros
    radius = stretch * delta / kept / math.sqrt(1 - doubt)
    scale = objective.coordinates.scale
    spread = np.sqrt(factor.inverse_diagonal.reshape(objective.coordinates.shape))[:, : len(scale)]
    distance = radius * float(np.linalg.norm(spread / scale))
    return Certificate(gap, gap / here.value, distance, 1 / (1 - rho), "self-concordance")


def decrement_factor(rho: float) -> float:
    """Return (ρ + (1 − ρ) log(1 − ρ)) / ρ² = Σ_{k≥2} ρ^(k−2) / (k (k − 1)), rounded up."""
    if rho < 0.1:
        return 0.5 + rho / 6 + rho**2 / 12 / (1 - rho)
    return (rho + (1 - rho) * math.log1p(-rho)) / rho**2
