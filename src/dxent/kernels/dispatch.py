"""The kernels as the other layers call them: compiled where they are, in tiles of rows, on several threads.

Which implementation that is says `choice`. Signatures, formulas and conventions are those of
`dxent.kernels.reference`; ``X`` may also be a SciPy CSR matrix. The tiles depend on the shapes alone, their
sums are added in the order of the rows: the same bits for any number of threads.
"""

from __future__ import annotations

import platform
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from dxent.kernels import given_logits, narrow, reference
from dxent.kernels.choice import (
    READING_ONCE,
    Design,
    adds_products,
    arithmetic,
    chosen,
    dense,
    logit_tiles,
    reads_once,
)
from dxent.kernels.compiled import native
from dxent.kernels.reference import Doubles, Floats, Integers
from dxent.kernels.threads import do_all, sum_in_order, thread_count
from dxent.kernels.tidy import tidy
from dxent.kernels.tiles import gram_tiles, is_sparse, pass_tiles, row_tiles
from dxent.kernels.workspace import empty
from dxent.kernels.zeros import without_zeros

__all__ = [
    "gather",
    "gram_precision",
    "hessian_pass",
    "logits",
    "loss_pass",
    "native",
    "prepare",
    "pullback",
    "reads_once",
    "rows_at",
    "show_config",
    "softmax_gram",
    "square_logits",
    "square_pullback",
    "without_zeros",
]


GRAM_ENTRIES = 1 << 20
"""A Hessian is formed by some of its blocks at a time: each thread has its own sums of so many numbers."""

MOST_GRAM_FEATURES = 256
"""Beyond, a tile's columns leave the cache and BLAS is the faster."""


def logits(X: Design, centre: Doubles | None, weights: Floats) -> Floats:
    """`reference.logits`; of weights of zero the biases, whatever X holds."""
    samples, features = X.shape
    Z: Floats = empty((samples, len(weights)), weights.dtype)
    # as at the start of a search; elsewhere a column is enough to tell
    if not weights[:, :1].any() and not weights[:, :features].any():
        Z[:] = weights[:, features:].sum(axis=1)
        return Z
    with logit_tiles(X, centre, weights) as (logits_of, tiles):

        def fill(rows: slice) -> None:
            Z[rows] = logits_of(rows)

        do_all(fill, tiles)
    return Z


def pullback(X: Design, centre: Doubles | None, residuals: Floats, with_bias: bool) -> Doubles:
    """`reference.pullback`."""
    outputs = residuals.shape[1]
    kernels, tiles, part = chosen(X, outputs)

    def tile(rows: slice) -> tuple[Doubles]:
        return (kernels.pullback(part(rows), centre, residuals[rows], with_bias),)

    gradient: Doubles = sum_in_order(tile, tiles)[0]
    return gradient


def square_pullback(X: Design, centre: Doubles | None, residuals: Floats, with_bias: bool) -> Doubles:
    """`reference.square_pullback`."""
    kernels, part = arithmetic(X)

    def tile(rows: slice) -> tuple[Doubles]:
        return (kernels.square_pullback(part(rows), centre, residuals[rows], with_bias),)

    sums: Doubles = sum_in_order(tile, pass_tiles(X, residuals.shape[1]))[0]
    return sums


def rows_at(X: Design, rows: Integers) -> Design:
    """Return some rows, stored as the matrix is; NumPy's `take` would copy all of another order first."""
    in_rows = isinstance(X, np.ndarray) and X.flags.c_contiguous
    return np.take(X, rows, axis=0) if in_rows else X[rows]


def gather(X: Design, rows: Integers, columns: Integers) -> Floats:
    """Return some columns of some rows as a dense matrix."""
    if is_sparse(X):
        from dxent.kernels import sparse

        return sparse.gather(X, rows, columns)
    some: Floats = rows_at(X, rows)
    return some if len(columns) == X.shape[1] else some[:, columns]


def square_logits(X: Design, centre: Doubles | None, weights: Floats) -> Floats:
    """`reference.square_logits`."""
    if is_sparse(X):
        from dxent.kernels import sparse

        return logits(*sparse.squared(X, centre), weights)
    Z = np.empty((X.shape[0], len(weights)), weights.dtype)

    def fill(rows: slice) -> None:
        Z[rows] = reference.square_logits(X[rows], centre, weights)

    do_all(fill, pass_tiles(X, len(weights)))
    return Z


def loss_pass(
    X: Design, centre: Doubles | None, weights: Floats, labels: Integers, sample_weight: Doubles
) -> tuple[float, Doubles, Floats]:
    """`reference.loss_pass`."""
    outputs = len(weights)
    kernels, tiles, part = chosen(X, outputs)
    if kernels not in READING_ONCE:
        Z = logits(X, centre, weights)
        loss, probs, residuals = given_logits.cross_entropy(Z, labels, sample_weight)
        return loss, pullback(X, centre, residuals, weights.shape[1] > X.shape[1]), probs
    probs = empty((X.shape[0], max(outputs, 2)), weights.dtype)

    def tile(rows: slice) -> tuple[float, Doubles]:
        loss, gradient, _ = kernels.loss_pass(
            part(rows), centre, weights, labels[rows], sample_weight[rows], probs[rows]
        )
        return loss, gradient

    loss, gradient = sum_in_order(tile, tiles)
    return loss, gradient, probs


def hessian_pass(
    X: Design, centre: Doubles | None, probs: Floats, sample_weight: Doubles, direction: Floats
) -> Doubles:
    """`reference.hessian_pass`."""
    outputs = len(direction)
    kernels, tiles, part = chosen(X, outputs)

    def tile(rows: slice) -> tuple[Doubles]:
        return (kernels.hessian_pass(part(rows), centre, probs[rows], sample_weight[rows], direction),)

    product: Doubles = sum_in_order(tile, tiles)[0]
    return product


def softmax_gram(
    X: Design,
    centre: Doubles | None,
    probs: Floats,
    sample_weight: Doubles,
    with_bias: bool,
    precision: DTypeLike = np.float64,
) -> Doubles:
    """`reference.softmax_gram`, of products in a precision that `gram_precision` allows."""
    samples, features = X.shape
    free, width = probs.shape[1] - 1, features + with_bias
    s, t = reference.class_pairs(probs.shape[1])
    grams = native.pair_grams if forms_grams(X) else reference.pair_grams
    few_products, tiles, part_of = adds_products(X), gram_tiles(samples, free * width), dense(X)

    def tile(pairs: slice, rows: slice) -> tuple[Doubles]:
        part = probs[rows].astype(precision, copy=False), sample_weight[rows]
        return (grams(part_of(rows), centre, *part, s[pairs], t[pairs], with_bias),)

    def blocks(pairs: slice) -> Doubles:
        if few_products:
            entries = narrow.pair_grams(X, centre, probs, sample_weight, s[pairs], t[pairs], with_bias)
            if entries is not None:
                return entries
        total: Doubles = sum_in_order(partial(tile, pairs), tiles)[0]
        return total

    H = np.empty((free, width, free, width))
    for pairs in row_tiles(len(s), max(GRAM_ENTRIES // max(width, 1) ** 2, 1)):
        reference.place_blocks(H, blocks(pairs), s[pairs], t[pairs])
    return H.reshape(free * width, free * width)


def gram_precision(X: Design, enough: DTypeLike) -> np.dtype[Any]:
    """Return the precision of the products that `softmax_gram` sums, double where another gains nothing.

    Of a matrix that is not in double precision the centre would be rounded with the entries.
    """
    gains = forms_grams(X) and X.dtype == np.float64 and not adds_products(X)
    return np.dtype(enough if gains else np.float64)


def forms_grams(X: Design) -> bool:
    """Return whether our own kernel forms the Gram matrices of dense rows."""
    return native is not None and X.shape[1] <= MOST_GRAM_FEATURES


def prepare(X: Design) -> Design:
    """Return the matrix in the form in which many passes read it fastest.

    A CSR matrix of which a third is stored takes, with its transpose, as much memory as a dense one.
    """
    if not is_sparse(X):
        return X
    if 3 * X.nnz >= X.shape[0] * X.shape[1]:
        return X.toarray()
    return tidy(X)


def show_config() -> dict[str, str | int]:
    """Return which kernels run, on what instruction set, in how many threads, and the versions beneath."""
    return {
        "kernels": "NumPy" if native is None else "native",
        "instruction_set": "NumPy's own" if native is None else native.instruction_set(),
        "threads": thread_count(),
        "dxent": version("dxent"),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
