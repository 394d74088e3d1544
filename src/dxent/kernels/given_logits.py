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
from dxent.kernels.workspace import empty

__all__ = ["along", "cross_entropy", "draw_pairs", "loss_slope", "weighted_softmax_jacobian"]


def cross_entropy(Z: Floats, labels: Integers, sample_weight: Doubles) -> tuple[float, Floats, Floats]:
    """Return what `reference.weighted_cross_entropy` returns and writes: loss, probabilities, residuals."""
    probs, residuals = empty((len(Z), max(Z.shape[1], 2)), Z.dtype), empty(Z.shape, Z.dtype)

    def tile(rows: slice) -> tuple[float]:
        parts = Z[rows], labels[rows], sample_weight[rows], probs[rows], residuals[rows]
        return ((native or reference).weighted_cross_entropy(*parts),)

    return float(sum_in_order(tile, column_tiles(*Z.T.shape))[0]), probs, residuals


def along(Z: Floats, U: Floats, step: float) -> Floats:
    """Return the logits Z + t U, t = ``step``."""
    moved: Floats = empty(Z.shape, Z.dtype)

    def fill(rows: slice) -> None:
        np.multiply(U[rows], moved.dtype.type(step), out=moved[rows])
        moved[rows] += Z[rows]

    do_all(fill, column_tiles(*Z.T.shape))
    return moved


def loss_slope(Z: Floats, U: Floats, step: float, labels: Integers, sample_weight: Doubles) -> float:
    """`reference.weighted_loss_slope`."""

    def tile(rows: slice) -> tuple[float]:
        parts = Z[rows], U[rows], step, labels[rows], sample_weight[rows]
        return ((native or reference).weighted_loss_slope(*parts),)

    return float(sum_in_order(tile, column_tiles(*Z.T.shape))[0])


def weighted_softmax_jacobian(probs: Floats, U: Floats, sample_weight: Doubles) -> Floats:
    """Return what `reference.weighted_softmax_jacobian` writes."""
    result: Floats = empty(U.shape, U.dtype)

    def fill(rows: slice) -> None:
        (native or reference).weighted_softmax_jacobian(
            probs[rows], U[rows], sample_weight[rows], result[rows]
        )

    do_all(fill, column_tiles(*probs.T.shape))
    return result


def draw_pairs(probs: Floats, rows: Integers, chances: Doubles) -> Integers:
    """`reference.draw_pairs`."""
    pairs: Integers = (native or reference).draw_pairs(probs, rows, chances)
    return pairs
