"""The kernels for sparse rows: those of `reference` on a CSR matrix, centred without being filled in.

(X − μ) Wᵀ = X Wᵀ − W μ and Rᵀ (X − μ) = Rᵀ X − (Σ r) μᵀ: the stored entries are all that is read. Both
products run along rows, of X or of its transpose, each entry adding a multiple of one row of a dense matrix
whose columns are the outputs; they share no sums, and any number of threads gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from dxent.kernels import reference
from dxent.kernels.compiled import native, readable_values
from dxent.kernels.narrow import with_zeros
from dxent.kernels.reference import Doubles, Floats, Integers
from dxent.kernels.threads import do_all, sum_in_order
from dxent.kernels.tidy import CSR, columns_of, rounded, squares
from dxent.kernels.tiles import row_tiles, stored_tiles
from dxent.kernels.workspace import empty

__all__ = [
    "column_spread",
    "gather",
    "hessian_pass",
    "logit_rows",
    "multiply",
    "pullback",
    "some_rows",
    "square_pullback",
    "squared",
]

COLUMNS_A_TILE = 2048


def stored(X: CSR, rows: slice) -> tuple[Floats, Integers, Integers]:
    """Return values, columns and starts of adjacent rows; no entry is copied (SciPy's slices copy them)."""
    starts = X.indptr[rows.start : rows.stop + 1]
    entries = slice(starts[0], starts[-1])
    return X.data[entries], X.indices[entries], starts - starts[0]


def some_rows(X: CSR, rows: slice) -> CSR:
    """Return adjacent rows of the matrix."""
    return type(X)(stored(X, rows), shape=(rows.stop - rows.start, X.shape[1]), copy=False)


def gather(X: CSR, rows: Integers, columns: Integers) -> Doubles:
    """Return some columns of some rows as a dense matrix."""
    if native is None:
        return np.asarray(X[rows][:, columns].toarray(), np.float64)
    places = np.full(X.shape[1], -1, np.int64)
    places[columns] = np.arange(len(columns))
    out = np.zeros((len(rows), len(columns)))
    native.sparse_gather(
        readable_values(X), X.indices, X.indptr.astype(np.int64, copy=False), rows, places, out
    )
    return out


def multiply(A: CSR, rows: slice, B: Floats, u: Doubles, v: Doubles, out: Floats) -> None:
    """Write some rows of A B − u vᵀ to ``out``."""
    if native is None:
        out[...] = some_rows(A, rows) @ B - np.outer(u, v)
        return
    values, columns, starts = stored(A, rows)
    if values.dtype != np.float32:
        values = values.astype(B.dtype, copy=False)
    native.sparse_product(values, columns, starts.astype(np.int64, copy=False), B, u, v, out)


def transposed(W: Floats, spare: Floats | None) -> Floats:
    """Return Wᵀ in row order, written to ``spare`` if that is such an array."""
    if W.T.flags.c_contiguous:
        return W.T
    if spare is None or spare.shape != W.shape[::-1] or spare.dtype != W.dtype:
        spare = np.empty(W.shape[::-1], W.dtype)
    out = spare

    def fill(columns: slice) -> None:
        out[columns] = W[:, columns].T

    do_all(fill, row_tiles(len(out), COLUMNS_A_TILE))
    return out


@contextmanager
def logit_rows(X: CSR, centre: Doubles | None, weights: Floats) -> Iterator[Callable[[slice], Floats]]:
    """Give the function that returns the logits of some rows, (X − μ) Wᵀ + b.

    Weights that were brought into row order keep their memory, at the matrix, until the next pass: to be
    given 20 MB of new memory takes as long as to multiply. Whoever uses it has taken it away, so that two
    passes at a time share nothing.
    """
    features = X.shape[1]
    W = weights[:, :features]
    B = transposed(W, X.__dict__.pop("spare", None))
    A, shift = rounded(X, W.dtype), -weights[:, features:].sum(axis=1, dtype=np.float64)
    if centre is not None:
        parts = row_tiles(features, COLUMNS_A_TILE)
        shift += sum_in_order(lambda part: (centre[part] @ B[part],), parts)[0]

    def rows_of(rows: slice) -> Floats:
        Z = np.empty((rows.stop - rows.start, len(W)), W.dtype)
        multiply(A, rows, B, np.ones(len(Z)), shift, Z)
        return Z

    yield rows_of
    if hasattr(X, "kept") and B.base is None:
        X.spare = B


def pullback(X: CSR, centre: Doubles | None, residuals: Floats, with_bias: bool) -> Doubles:
    """Return Rᵀ [X − μ, 1], the transpose of the logits as a map of the weights."""
    return pull(columns_of(X), centre, residuals, with_bias)


def square_pullback(X: CSR, centre: Doubles | None, residuals: Floats, with_bias: bool) -> Doubles:
    """Return Rᵀ [(X − μ)², 1], from (x − μ)² = x (x − 2μ) + μ²."""
    columns = columns_of(X)
    S = squares(columns, centre, lambda mean: np.repeat(mean, np.diff(columns.indptr)))
    return pull(S, None if centre is None else -np.square(centre), residuals, with_bias)


def squared(X: CSR, centre: Doubles | None) -> tuple[CSR, Doubles | None]:
    """Return S and ν with (X − μ)² = S − ν in each entry, from (x − μ)² = x (x − 2μ) + μ²."""
    return squares(X, centre, lambda mean: mean[X.indices]), None if centre is None else -np.square(centre)


def pull(columns: CSR, centre: Doubles | None, residuals: Floats, with_bias: bool) -> Doubles:
    """Return Rᵀ [X − μ, 1] for the columns of X."""
    features = columns.shape[0]
    sums = residuals.sum(axis=0, dtype=np.float64)
    gradient = np.empty((features + with_bias, len(sums))).T  # in the order in which it is written
    gradient[:, features:] = sums[:, None]
    R, A = np.ascontiguousarray(residuals), rounded(columns, residuals.dtype)
    mean = np.zeros(features) if centre is None else centre

    def fill(tile: slice) -> None:
        multiply(A, tile, R, mean[tile], sums, gradient[:, tile].T)

    do_all(fill, stored_tiles(columns, len(sums)))
    return gradient


def hessian_pass(
    X: CSR, centre: Doubles | None, probs: Floats, sample_weight: Doubles, direction: Floats
) -> Doubles:
    """Return Σ s_i [(diag p_i − p_i p_iᵀ) ⊗ x̃_i x̃_iᵀ] V for a direction V shaped as the weights."""
    residuals: Floats = empty((X.shape[0], len(direction)), direction.dtype)
    jacobian = (native or reference).weighted_softmax_jacobian
    with logit_rows(X, centre, direction) as logits_of:

        def fill(rows: slice) -> None:
            jacobian(probs[rows], logits_of(rows), sample_weight[rows], residuals[rows])

        do_all(fill, stored_tiles(X, len(direction)))
    return pullback(X, centre, residuals, direction.shape[1] > X.shape[1])


def column_spread(X: CSR, centre: Doubles, sample_weight: Doubles, unit: Doubles) -> tuple[Doubles, float]:
    """`reference.column_spread`, but for a row's length, which is bounded by the columns' largest entries."""
    columns, weight = counted_columns(X, sample_weight)
    spread = np.empty((3, X.shape[1]))

    def fill(tile: slice) -> None:
        spread[:, tile] = spread_of(columns, tile, centre[tile], weight)

    do_all(fill, stored_tiles(columns, 1))
    return spread, float(np.linalg.norm(unit * spread[2]))


def spread_of(columns: CSR, tile: slice, centre: Doubles, weight: Doubles) -> Doubles:
    """Return the three rows of `column_spread` for some columns, which are given by rows."""
    values, places, starts = stored(columns, tile)
    counts, few = np.diff(starts), len(centre)

    def weighed(terms: Floats) -> Doubles:
        view = type(columns)((terms, places, starts), shape=(few, len(weight)), copy=False)
        sums = np.empty((few, 1))
        multiply(view, slice(0, few), weight[:, None], np.zeros(few), np.zeros(1), sums)
        return sums[:, 0]

    deviation, largest, some = values - np.repeat(centre, counts), np.zeros(few), counts > 0
    if some.any():
        largest[some] = np.maximum.reduceat(np.abs(deviation), starts[:-1][some])
    with np.errstate(over="ignore"):
        found = np.stack([weighed(deviation), weighed(np.square(deviation)), largest])
    return with_zeros(found, centre, weight.sum() - weighed(np.ones(len(deviation))), counts == len(weight))


def counted_columns(X: CSR, sample_weight: Doubles) -> tuple[CSR, Doubles]:
    """Return the transpose of the rows that count, with one entry a place, and their weights."""
    counted = sample_weight > 0
    if X.has_canonical_format and counted.all():
        return columns_of(X), sample_weight
    rows = X[counted]  # a copy
    rows.sum_duplicates()  # entries that share a place are one value
    return rows.T.tocsr(), sample_weight[counted]
