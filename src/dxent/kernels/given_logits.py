"""What follows from logits, or from probabilities, without a look at the design matrix.

Signatures, formulas and conventions are those of `dxent.kernels.reference`; tiles are added as in `dispatch`.
"""

from __future__ import annotations

import numpy as np

from dxent.kernels import reference
from dxent.kernels.compiled import native
from dxent.kernels.reference import Doubles, Floats, Integers
from dxent.kernels.threads import do_all, sum_in_order
from dxent.kernels.tiles import column_tiles

__all__ = ["cross_entropy", "draw_pairs", "loss_slope", "weighted_softmax_jacobian"]


def cross_entropy(Z: Floats, labels: Integers, sample_weight: Doubles) -> tuple[float, Floats, Floats]:
    """`reference.weighted_cross_entropy`."""
    probs, residuals = np.empty((len(Z), max(Z.shape[1], 2)), Z.dtype), np.empty_like(Z)

    def tile(rows: slice) -> tuple[float]:
        parts = (native or reference).weighted_cross_entropy(Z[rows], labels[rows], sample_weight[rows])
        loss, probs[rows], residuals[rows] = parts
        return (loss,)

    return float(sum_in_order(tile, column_tiles(*Z.T.shape))[0]), probs, residuals


def loss_slope(Z: Floats, U: Floats, step: float, labels: Integers, sample_weight: Doubles) -> float:
    """`reference.weighted_loss_slope`."""

    def tile(rows: slice) -> tuple[float]:
        parts = Z[rows], U[rows], step, labels[rows], sample_weight[rows]
        return ((native or reference).weighted_loss_slope(*parts),)

    return float(sum_in_order(tile, column_tiles(*Z.T.shape))[0])


def weighted_softmax_jacobian(probs: Floats, U: Floats, sample_weight: Doubles) -> Floats:
    """`reference.weighted_softmax_jacobian`."""
    result = np.empty(U.shape, U.dtype)

    def fill(rows: slice) -> None:
        parts = probs[rows], U[rows], sample_weight[rows]
        result[rows] = (native or reference).weighted_softmax_jacobian(*parts)

    do_all(fill, column_tiles(*probs.T.shape))
    return result


def draw_pairs(probs: Floats, rows: Integers, chances: Doubles) -> Integers:
    """`reference.draw_pairs`."""
    pairs: Integers = (native or reference).draw_pairs(probs, rows, chances)
    return pairs
