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

__all__ = [
    "column_spread",
    "hessian_pass",
    "logits",
    "loss_pass",
    "pullback",
    "row_slice",
]

CSR = Any


def row_slice(X: CSR, rows: slice) -> CSR:
    """Return the rows of a CSR matrix as one that shares its memory (SciPy's own slice copies)."""
    indptr = X.indptr[rows.start : rows.stop + 1]
    stored = slice(indptr[0], indptr[-1])
    parts = X.data[stored], X.indices[stored], indptr - indptr[0]
    return type(X)(parts, shape=(len(indptr) - 1, X.shape[1]), copy=False)


def logits(X: CSR, centre: Floats | None, weights: Floats) -> Floats:
    """Return Z = (X − μ) Wᵀ + b, shape (samples, outputs)."""
    features = X.shape[1]
    W = weights[:, :features]
    Z: Floats = _as(X, weights.dtype) @ W.T
    offset = weights[:, features] if weights.shape[1] > features else np.zeros(len(W), W.dtype)
    return Z + (offset if centre is None else offset - W @ centre.astype(W.dtype))


def pullback(X: CSR, centre: Floats | None, residuals: Floats, with_bias: bool) -> Doubles:
    """Return Rᵀ [X − μ, 1], the transpose of `logits` as a map of the weights."""
    gradient: Doubles = (_as(X, residuals.dtype).T @ residuals).T.astype(np.float64)
    sums = residuals.sum(axis=0, dtype=np.float64)
    if centre is not None:
        gradient -= np.outer(sums, centre)
    return np.column_stack([gradient, sums]) if with_bias else gradient


def loss_pass(
    X: CSR, centre: Floats | None, weights: Floats, labels: Integers, sample_weight: Doubles
) -> tuple[float, Doubles, Floats]:
    """Return Σ s_i ℓ_i, its gradient in the weights, and the probabilities (samples, classes)."""
    loss, probs, residuals = weighted_cross_entropy(logits(X, centre, weights), labels, sample_weight)
    return loss, pullback(X, centre, residuals, weights.shape[1] > X.shape[1]), probs


def hessian_pass(
    X: CSR, centre: Floats | None, probs: Floats, sample_weight: Doubles, direction: Floats
) -> Doubles:
    """Return Σ s_i [(diag p_i − p_i p_iᵀ) ⊗ x̃_i x̃_iᵀ] V for a direction V shaped as the weights."""
    R = weighted_softmax_jacobian(probs, logits(X, centre, direction), sample_weight)
    return pullback(X, centre, R, direction.shape[1] > X.shape[1])


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


def _as(X: CSR, dtype: DTypeLike) -> CSR:
    """Return the matrix in another dtype; its indices are shared."""
    return type(X)((X.data.astype(dtype, copy=False), X.indices, X.indptr), shape=X.shape, copy=False)


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
