"""Proofs of optimality: upper bounds on F(θ) − min F that need nothing but the point they speak of.

There are two, by `duality` and by `self_concordance`, rigorous up to the estimates of `rounding`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dxent.evaluation import Evaluation
from dxent.objective.objective import Objective

__all__ = ["Certificate", "carried"]

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
