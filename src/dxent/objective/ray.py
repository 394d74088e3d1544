"""The objective along a ray θ + t d: after half a pass, any step length costs no look at the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ray", "relative_logits"]

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ray:
    """The derivative of t ↦ F(θ + t d).

    The logits move along straight lines, z + t u, and the derivative of a row's loss is the mean of
    δ = u − u_y under the probabilities softmax(z + t u).

    ``logits`` (z − z_y) and ``gaps`` (δ) hold an array (classes, rows) a block, in which NumPy sums over
    classes fastest; the penalty's derivative is ``linear`` + t ``quadratic``.
    """

    logits: tuple[Matrix, ...]
    gaps: tuple[Matrix, ...]
    sample_weights: tuple[Matrix, ...]
    linear: float
    quadratic: float

    def slope(self, step: float) -> float:
        """Return dF(θ + t d)/dt at t = ``step``."""
        slope = self.linear + step * self.quadratic
        for logits, gaps, weights in zip(self.logits, self.gaps, self.sample_weights, strict=True):
            probs = logits + step * gaps
            probs -= probs.max(axis=0)
            np.exp(probs, out=probs)
            slope += float(weights @ (np.einsum("ki,ki->i", probs, gaps) / probs.sum(axis=0)))
        return slope


def relative_logits(logits: Matrix, labels: NDArray[np.int64]) -> Matrix:
    """Return z − z_y, (classes, rows), for logits (rows, classes) or, of two classes, those of the second."""
    by_class = np.ascontiguousarray(logits.T)
    if len(by_class) == 1:  # the first of two classes has the logit 0
        by_class = np.vstack([np.zeros(len(logits)), by_class])
    by_class -= by_class[labels, np.arange(len(labels))]
    return by_class
