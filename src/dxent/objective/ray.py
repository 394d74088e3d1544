"""The objective along a ray θ + t d: after half a pass, any step length costs no look at the data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dxent.kernels.threads import sum_in_order
from dxent.kernels.tiles import column_tiles

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
            mine = partial(loss_slope, logits, gaps, weights, step)
            slope += sum_in_order(mine, column_tiles(*logits.shape))[0]
        return float(slope)


def loss_slope(logits: Matrix, gaps: Matrix, weights: Matrix, step: float, rows: slice) -> tuple[float]:
    """Return the part of some rows in the slope."""
    probs = logits[:, rows] + step * gaps[:, rows]
    probs -= probs.max(axis=0)
    np.exp(probs, out=probs)
    means = np.einsum("ki,ki->i", probs, gaps[:, rows]) / probs.sum(axis=0)
    return (float(weights[rows] @ means),)


def relative_logits(by_class: Matrix, labels: NDArray[np.int64]) -> Matrix:
    """Return z − z_y in the place of logits (classes, rows); one row is that of the second class."""
    if len(by_class) == 1:  # the first of two classes has the logit 0
        by_class = np.vstack([np.zeros(len(labels)), by_class])
    by_class -= by_class[labels, np.arange(len(labels))]
    return by_class
