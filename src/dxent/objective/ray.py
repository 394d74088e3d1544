"""The objective along a ray θ + t d: after half a pass, any step length costs no look at the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ray"]

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ray:
    """The derivative of t ↦ F(θ + t d).

    The logits move along straight lines, z + t u. With δ = u − u_y and p the probabilities at t = 0, a row's
    loss changes by log Σ_k p_k exp(t δ_k), the cumulant generating function of δ under p, whose derivative is
    the mean of δ under the tilted probabilities softmax(log p + t δ).

    ``log_probs`` and ``gaps`` (δ) hold an array (rows, classes) a block; the penalty's derivative is
    ``linear`` + t ``quadratic``.
    """

    log_probs: tuple[Matrix, ...]
    gaps: tuple[Matrix, ...]
    sample_weights: tuple[Matrix, ...]
    linear: float
    quadratic: float

    def slope(self, step: float) -> float:
        """Return dF(θ + t d)/dt at t = ``step``."""
        slope = self.linear + step * self.quadratic
        for log_probs, gaps, weights in zip(self.log_probs, self.gaps, self.sample_weights, strict=True):
            tilted = log_probs + step * gaps
            tilted -= tilted.max(axis=1, keepdims=True)
            np.exp(tilted, out=tilted)
            slope += float(weights @ (np.einsum("ik,ik->i", tilted, gaps) / tilted.sum(axis=1)))
        return slope
