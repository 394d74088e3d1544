"""The compiled kernels for sparse rows of few columns: those of `reference`, in one sweep over the entries.

Where weights and gradient stay in cache, a tile's logits, its residuals and what those add to the gradient
follow each other: each entry is read from memory once, and no transpose is needed. Rows are read as (x, 1)
and centred afterwards, with the sums of their residuals:

    (X − μ) Wᵀ + b = X Wᵀ − (W μ − b)        Rᵀ (X − μ) = Rᵀ X − (Rᵀ 1) μᵀ
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dxent.kernels.compiled import native, readable_values
from dxent.kernels.reference import Doubles, Floats, Integers
from dxent.kernels.threads import sum_in_order
from dxent.kernels.tiles import product_tiles, row_tiles

__all__ = ["column_spread", "hessian_pass", "loss_pass", "pair_grams", "rows_of", "with_zeros"]

CSR = Any

MOST_LOST = 32.0
"""Sums of squares about zero, over those about the centre, whose rounding errors certificates allow for."""

ROWS_A_TILE = 64


class SparseRows(NamedTuple):
    """Some rows of a CSR matrix, as the compiled kernels read them, and its number of columns."""

    values: Floats | None  # None: all are 1
    columns: Integers
    starts: Integers
    features: int


def rows_of(X: CSR) -> Callable[[slice], SparseRows]:
    """Return how the matrix gives some of its rows; nothing is copied of what the kernels can read."""
    values = None if getattr(X, "all_ones", False) else readable_values(X)

    def part(rows: slice) -> SparseRows:
        bounds = X.indptr[rows.start : rows.stop + 1].astype(np.int64)
        some = slice(bounds[0], bounds[-1])
        return SparseRows(
            None if values is None else values[some], X.indices[some], bounds - bounds[0], X.shape[1]
        )

    return part


def loss_pass(
    X: SparseRows,
    centre: Doubles | None,
    weights: Floats,
    labels: Integers,
    sample_weight: Doubles,
    out: Floats,
) -> tuple[float, Doubles, Floats]:
    """`reference.loss_pass`."""
    W, shift = split(X, centre, weights)
    loss, sums = native.sparse_loss_pass(*X[:3], W, shift, labels, sample_weight, out)
    return loss, centred(X, centre, sums, weights), out


def hessian_pass(
    X: SparseRows, centre: Doubles | None, probs: Floats, sample_weight: Doubles, direction: Floats
) -> Doubles:
    """`reference.hessian_pass`."""
    V, shift = split(X, centre, direction)
    sums = native.sparse_hessian_pass(*X[:3], probs, sample_weight, V, shift)
    return centred(X, centre, sums, direction)


def split(X: SparseRows, centre: Doubles | None, weights: Floats) -> tuple[Floats, Doubles]:
    """Return the columns' weights W, and what is to be subtracted from X Wᵀ."""
    W = weights[:, : X.features]
    shift = -weights[:, X.features :].sum(axis=1, dtype=np.float64)
    return W, shift if centre is None else shift + W @ centre


def centred(X: SparseRows, centre: Doubles | None, sums: Doubles, weights: Floats) -> Doubles:
    """Return a gradient shaped as the weights from Rᵀ [X, 1]."""
    if centre is not None:
        sums[:, : X.features] -= np.outer(sums[:, X.features], centre)
    return sums[:, : weights.shape[1]]


def column_spread(
    X: SparseRows, centre: Doubles, sample_weight: Doubles, unit: Doubles
) -> tuple[Doubles, float]:
    """`sparse.column_spread`, of rows in which each column is stored once at most."""
    sums, squares, weight, count, largest = native.sparse_column_spread(*X[:3], centre, sample_weight)
    full = count == np.count_nonzero(sample_weight > 0)
    stored = np.stack([sums, squares, largest])
    spread = with_zeros(stored, centre, sample_weight.sum() - weight, full)
    return spread, float(np.linalg.norm(unit * spread[2]))


def with_zeros(stored: Doubles, centre: Doubles, rest: Doubles, full: NDArray[np.bool_]) -> Doubles:
    """Return Σ s δ, Σ s δ² and max |δ| of all rows from those over the ``stored`` entries of each column.

    ``rest`` is the weight of a column's other rows, whose δ is −μ; ``full`` columns have none.
    """
    # exactly 0 for a full column: rounding here would be multiplied by the square of its offset
    rest = np.where(full, 0.0, rest)
    sums, squares, largest = stored
    largest = np.maximum(largest, np.where(full, 0.0, np.abs(centre)))
    with np.errstate(over="ignore"):
        return np.stack([sums - rest * centre, squares + rest * centre**2, largest])


def pair_grams(
    X: CSR,
    centre: Doubles | None,
    probs: Floats,
    sample_weight: Doubles,
    s: Integers,
    t: Integers,
    with_bias: bool,
) -> Doubles | None:
    """`reference.pair_grams` of all of a tidy matrix, or None where to move the centre costs digits."""
    part, features = rows_of(X), X.shape[1]
    width = features + 1

    def tile(rows: slice) -> tuple[Doubles]:
        few = part(rows)
        return (native.sparse_pair_grams(*few, probs[rows], sample_weight[rows], s, t),)

    total: Doubles = sum_in_order(tile, product_tiles(X, len(s) * width**2))[0]
    grams = total.reshape(len(s), width, width)
    if centre is not None:
        squares = np.diagonal(grams, axis1=1, axis2=2).copy()
        move(grams, centre)
        if not np.all(squares <= MOST_LOST * np.diagonal(grams, axis1=1, axis2=2)):
            return None
    size = features + with_bias
    return grams[:, :size, :size].reshape(len(s) * size, size)


def move(grams: Doubles, centre: Doubles) -> None:
    """Make Σ w (x − μ, 1) (x − μ, 1)ᵀ of each Σ w (x, 1) (x, 1)ᵀ."""
    features = len(centre)
    for gram in grams:
        sums, total = gram[features, :features], gram[features, features]
        half = sums - total / 2 * centre
        for rows in row_tiles(features, ROWS_A_TILE):
            gram[rows, :features] -= np.outer(half[rows], centre) + np.outer(centre[rows], half)
        sums -= total * centre
        gram[:features, features] = sums
