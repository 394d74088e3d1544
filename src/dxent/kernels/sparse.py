"""The kernels for sparse rows: those of `reference` on a CSR matrix, centred without being filled in.

(X − μ) Wᵀ = X Wᵀ − W μ and Rᵀ (X − μ) = Rᵀ X − (Σ r) μᵀ: the stored entries are all that is read.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from dxent.kernels.reference import (
    Doubles,
    Floats,
    Integers,
    weighted_cross_entropy,
    weighted_softmax_jacobian,
)
from dxent.kernels.threads import in_order, sum_in_order
from dxent.kernels.tiles import row_tiles

__all__ = [
    "column_spread",
    "hessian_pass",
    "logits",
    "loss_pass",
    "product",
    "pullback",
    "square_pullback",
    "with_columns",
]

CSR = Any

ROWS_A_TILE = 2048
PRODUCTS_A_TILE = 1 << 23  # ten milliseconds or so, against which the making of a slice is nothing


def with_columns(X: CSR) -> CSR:
    """Return a view of the matrix that carries its transpose, also by rows, for the passes to use.

    Both products then run along rows: they share no sums, and any number of threads gives the same bits.
    """
    view = type(X)((X.data, X.indices, X.indptr), shape=X.shape, copy=False)
    view.columns = X.T.tocsr()
    return view


def product(A: CSR, B: Floats) -> Floats:
    """Return A B, some rows of A at a time, in the dtype of B."""
    out = np.empty((A.shape[0], B.shape[1]), B.dtype)
    height = max(1, PRODUCTS_A_TILE * A.shape[0] // max(A.nnz * B.shape[1], 1))

    def fill(rows: slice) -> None:
        out[rows] = row_slice(A, rows, B.dtype) @ B

    for _ in in_order(fill, row_tiles(A.shape[0], height)):
        pass
    return out


def row_slice(X: CSR, rows: slice, dtype: DTypeLike) -> CSR:
    """Return the rows of a CSR matrix as one that shares its memory (SciPy's own slice copies)."""
    indptr = X.indptr[rows.start : rows.stop + 1]
    stored = slice(indptr[0], indptr[-1])
    parts = X.data[stored].astype(dtype, copy=False), X.indices[stored], indptr - indptr[0]
    return type(X)(parts, shape=(len(indptr) - 1, X.shape[1]), copy=False)


def logits(X: CSR, centre: Floats | None, weights: Floats) -> Floats:
    """Return Z = (X − μ) Wᵀ + b, shape (samples, outputs)."""
    features = X.shape[1]
    W = weights[:, :features]
    Z = product(X, np.ascontiguousarray(W.T))
    if weights.shape[1] > features:
        Z += weights[:, features]
    if centre is not None:
        Z -= W @ centre.astype(W.dtype)
    return Z


def pullback(X: CSR, centre: Floats | None, residuals: Floats, with_bias: bool) -> Doubles:
    """Return Rᵀ [X − μ, 1], the transpose of `logits` as a map of the weights."""
    features = X.shape[1]
    columns = X.columns if hasattr(X, "columns") else X.T.tocsr()
    sums = residuals.sum(axis=0, dtype=np.float64)
    gradient = np.empty((len(sums), features + with_bias))
    gradient[:, :features] = product(columns, residuals).T
    if centre is not None:
        gradient[:, :features] -= np.outer(sums, centre)
    if with_bias:
        gradient[:, features] = sums
    return gradient


def square_pullback(X: CSR, centre: Floats | None, residuals: Floats, with_bias: bool) -> Doubles:
    """Return Rᵀ [(X − μ)², 1], from (x − μ)² = x² + μ (μ − 2x)."""
    features = X.shape[1]
    squares = type(X)((np.square(X.data), X.indices, X.indptr), shape=X.shape, copy=False)
    gradient = pullback(squares, None, residuals, with_bias)
    if centre is not None:
        sums = residuals.sum(axis=0, dtype=np.float64)
        gradient[:, :features] += (np.outer(sums, centre) - 2 * pullback(X, None, residuals, False)) * centre
    return gradient


def loss_pass(
    X: CSR, centre: Floats | None, weights: Floats, labels: Integers, sample_weight: Doubles
) -> tuple[float, Doubles, Floats]:
    """Return Σ s_i ℓ_i, its gradient in the weights, and the probabilities (samples, classes)."""
    Z = logits(X, centre, weights)
    probs = np.empty((len(Z), max(Z.shape[1], 2)), Z.dtype)

    def tile(rows: slice) -> tuple[float]:
        loss, probs[rows], Z[rows] = weighted_cross_entropy(Z[rows], labels[rows], sample_weight[rows])
        return (loss,)

    (loss,) = sum_in_order(tile, row_tiles(len(Z), ROWS_A_TILE))
    return loss, pullback(X, centre, Z, weights.shape[1] > X.shape[1]), probs


def hessian_pass(
    X: CSR, centre: Floats | None, probs: Floats, sample_weight: Doubles, direction: Floats
) -> Doubles:
    """Return Σ s_i [(diag p_i − p_i p_iᵀ) ⊗ x̃_i x̃_iᵀ] V for a direction V shaped as the weights."""
    U = logits(X, centre, direction)

    def fill(rows: slice) -> None:
        U[rows] = weighted_softmax_jacobian(probs[rows], U[rows], sample_weight[rows])

    for _ in in_order(fill, row_tiles(len(U), ROWS_A_TILE)):
        pass
    return pullback(X, centre, U, direction.shape[1] > X.shape[1])


def column_spread(X: CSR, centre: Doubles, sample_weight: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Return Σ s_i δ_i, Σ s_i δ_i² and max |δ_i| over the rows with s_i > 0, where δ_i = x_i − μ."""
    column, weight, value, rest, has_zero = _stored(X, sample_weight)
    deviation, width = value - centre[column], len(centre)
    largest = np.where(has_zero, np.abs(centre), 0.0)
    np.maximum.at(largest, column, np.abs(deviation))
    sums = np.bincount(column, weight * deviation, width) - rest * centre
    with np.errstate(over="ignore"):
        squares = np.bincount(column, weight * deviation**2, width) + rest * centre**2
    return sums, squares, largest


def _stored(X: CSR, sample_weight: Doubles) -> tuple[Integers, Doubles, Doubles, Doubles, NDArray[np.bool_]]:
    """Return the entries of the rows that count, and what each column's zeros weigh.

    The five arrays are the entries' columns, their rows' weights, their values; and for each column the
    weight of the rows without an entry, and whether there are any.
    """
    if not X.has_canonical_format:  # entries that share a place are one value
        X = X.copy()
        X.sum_duplicates()
    features = X.shape[1]
    weight = np.repeat(sample_weight, np.diff(X.indptr))
    counted = weight > 0
    column, weight, value = X.indices[counted], weight[counted], X.data[counted].astype(np.float64)
    has_zero = np.bincount(column, minlength=features) < np.count_nonzero(sample_weight > 0)
    # Exactly 0 for a full column: rounding here would be multiplied by the square of its offset.
    rest = np.where(has_zero, sample_weight.sum() - np.bincount(column, weight, features), 0.0)
    return column, weight, value, rest, has_zero
