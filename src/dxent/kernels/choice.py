"""Which implementation works on a design matrix, and on which of its rows at a time.

Only this file, `dispatch` for Gram matrices and `sparse` for its parts know that there is more than one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dxent.kernels import narrow, reference, wide
from dxent.kernels.compiled import native, readable
from dxent.kernels.reference import Doubles, Floats
from dxent.kernels.tiles import (
    Tiles,
    has_few_products,
    is_narrow,
    is_sparse,
    is_wide,
    narrow_tiles,
    pass_tiles,
    stored_products,
    stored_tiles,
)

__all__ = [
    "READING_ONCE",
    "Design",
    "adds_products",
    "arithmetic",
    "chosen",
    "dense",
    "gram_work",
    "logit_tiles",
    "reads_once",
]

Design = Any
"""A design matrix: an array, or a SciPy CSR matrix."""

MOST_NATIVE_OUTPUTS = 100
"""Beyond, the matrix products dominate and BLAS is the faster."""

A_STORED_PRODUCT = 100
"""Multiplications of large matrices in the time of one that is added where two stored entries say."""


READING_ONCE = (native, narrow)
"""The implementations whose passes read the matrix once."""


def chosen(X: Design, outputs: int) -> tuple[Any, Tiles, Callable[[slice], Design]]:
    """Return the implementation for this matrix, the tiles it is called with, and how it takes one."""
    tiles = pass_tiles(X, outputs)
    if native is not None and is_sparse(X) and is_narrow(X, outputs):
        return narrow, narrow_tiles(X, outputs), narrow.rows_of(X)
    if native is None or is_sparse(X) or outputs > MOST_NATIVE_OUTPUTS or X.dtype.char not in "fdB":
        kernels, part = arithmetic(X)
        return kernels, tiles, part
    if is_wide(X, outputs):
        return wide, (slice(0, len(X)),), lambda rows: X
    return native, tiles, dense(X)


def reads_once(X: Design, outputs: int) -> bool:
    """Return whether a pass over this matrix reads it once, and takes less time than the two halves of it."""
    return chosen(X, outputs)[0] in READING_ONCE


@contextmanager
def logit_tiles(
    X: Design, centre: Doubles | None, weights: Floats
) -> Iterator[tuple[Callable[[slice], Floats], Tiles]]:
    """Give the function that returns the logits of some rows, and the rows to call it with."""
    outputs = len(weights)
    if is_sparse(X):
        from dxent.kernels import sparse

        with sparse.logit_rows(X, centre, weights) as logits_of:
            yield logits_of, stored_tiles(X, outputs)
        return
    kernels, tiles, part = chosen(X, outputs)
    if kernels is wide:
        yield wide.rows_to_logits(X, centre, weights), wide.rows_swept(X)
    else:
        yield lambda rows: kernels.logits(part(rows), centre, weights), tiles


def dense(X: Design) -> Callable[[slice], Floats]:
    """Return how the matrix gives some rows, dense and as the compiled kernels read them."""
    if is_sparse(X):
        from dxent.kernels import sparse

        return lambda rows: readable(sparse.some_rows(X, rows).toarray())
    return lambda rows: readable(X[rows])


def arithmetic(X: Design) -> tuple[Any, Callable[[slice], Design]]:
    """Return the implementation in NumPy's and SciPy's products, and how it takes a slice of the rows."""
    if not is_sparse(X):
        return reference, X.__getitem__
    from dxent.kernels import sparse

    return sparse, lambda rows: X  # whole: it is one tile, see `pass_tiles`


def gram_work(X: Design, width: int) -> float:
    """Return how many multiplications of large matrices a Gram matrix of so many columns is worth."""
    if adds_products(X):
        return float(A_STORED_PRODUCT * (stored_products(X) + X.shape[0]))  # and a look at each row
    return float(X.shape[0] * width**2)


def adds_products(X: Design) -> bool:
    """Return whether Gram matrices are added up from the products of stored entries."""
    return native is not None and is_sparse(X) and has_few_products(X)
