"""Which rows are worked on together: a function of the matrix's shape alone, whatever the machine."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dxent.kernels.tidy import kept

__all__ = [
    "Tiles",
    "column_tiles",
    "even_tiles",
    "first_row",
    "gram_tiles",
    "has_few_products",
    "is_narrow",
    "is_sparse",
    "is_wide",
    "narrow_tiles",
    "pass_tiles",
    "product_tiles",
    "row_tiles",
    "stored_tiles",
]

ENTRIES_A_TILE = 1 << 19
"""About a millisecond's work: enough to hide that a thread wakes up, small enough to stay in cache."""

WORK_A_TILE = 1 << 23
"""Multiplications of a dense pass in about two thirds of that."""

WORK_OF_TWO = 3 << 20
"""Enough for two threads."""

EXPONENTIAL = 40
"""An exponential, and what goes with it, takes as long as so many of them; to read a number, as four."""

COLUMN_ENTRIES_A_TILE = 1 << 16
"""Half a megabyte: what is computed from a tile, and back, stays in the second-level cache."""

WIDE = 150_000_000
"""Outputs times squared features: the length of a gradient, over how many rows have room in cache."""

FEW_OUTPUTS = 4
"""Up to so many, a pass takes little longer than to read its matrix: once is better than twice."""

NARROW = 1 << 14
"""Numbers in a gradient that is added up for every few hundred rows at little cost."""

FEW_PRODUCTS = 32
"""Products of a Gram matrix in the time of one that is added where two stored entries say."""

GRAM_ROWS_A_TILE = 1024
"""So many at least, that forming a Gram matrix outweighs adding it to the others."""


Tiles = tuple[slice, ...]


@lru_cache
def row_tiles(samples: int, rows: int) -> Tiles:
    """Return slices of ``rows`` rows that cover ``samples``; one empty slice if there are none."""
    return tuple(slice(start, min(start + rows, samples)) for start in range(0, max(samples, 1), rows))


def even_tiles(samples: int, tiles: int) -> Tiles:
    """Return so many slices of equal length, or one or two more: an even number, unless it is to be 0."""
    return row_tiles(samples, max(-(-samples // (tiles // 2 * 2 + 2)) if tiles else samples, 1))


def pass_tiles(X: Any, outputs: int) -> Tiles:
    """Return the tiles of a pass whose result has ``outputs`` numbers for each row and each column.

    Sparse kernels tile their own products, along rows and along columns.
    """
    samples, features = X.shape
    if is_sparse(X):
        return (slice(0, samples),)
    work = samples * (outputs * (features + EXPONENTIAL) + 4 * features)
    tiles = max(work // WORK_A_TILE, int(work >= WORK_OF_TWO))
    # reading a tile should outweigh adding up what it returns
    return even_tiles(samples, min(tiles, samples // (4 * outputs)))


def column_tiles(rows: int, columns: int) -> Tiles:
    """Return tiles of the columns of a matrix that is worked on by columns, in cache."""
    return row_tiles(columns, max(COLUMN_ENTRIES_A_TILE // max(rows, 1), 1))


def stored_tiles(X: Any, outputs: int) -> Tiles:
    """Return tiles of the rows of a CSR matrix with about as many stored entries in each."""
    work = X.indptr + np.arange(len(X.indptr))  # a row of few entries costs something, too
    tiles = -(-int(work[-1]) * (outputs + 4) // (4 * ENTRIES_A_TILE))
    bounds = np.searchsorted(work, np.linspace(0, work[-1], max(tiles, 1) + 1))
    bounds[0], bounds[-1] = 0, X.shape[0]
    return tuple(slice(start, stop) for start, stop in pairwise(bounds.tolist()))


def narrow_tiles(X: Any, outputs: int) -> Tiles:
    """Return the tiles of a pass over a CSR matrix each of which has a gradient of its own."""
    samples = X.shape[0]
    return even_tiles(samples, (len(X.indices) + samples) * (outputs + 4) // (4 * ENTRIES_A_TILE))


def gram_tiles(samples: int, order: int) -> Tiles:
    """Return the tiles of a sum of matrices of this order."""
    return even_tiles(samples, samples // max(GRAM_ROWS_A_TILE, ENTRIES_A_TILE // max(order, 1)))


def product_tiles(X: Any, numbers: int) -> Tiles:
    """Return the tiles of a sum, of so many numbers, of the products of each row's stored entries."""
    work = int(stored_products(X))
    return even_tiles(X.shape[0], min(work // (2 * ENTRIES_A_TILE), work // (8 * numbers)))


def stored_products(X: Any) -> float:
    """Return the sum over the rows of a CSR matrix of the square of how many entries are stored."""

    def make() -> float:
        counts = np.diff(X.indptr).astype(np.float64)
        return float(counts @ counts)

    return float(kept(X, "stored products", make))


def has_few_products(X: Any) -> bool:
    """Return whether a CSR matrix's Gram matrix is formed sooner from its entries than from its rows."""
    samples, features = X.shape
    few = FEW_PRODUCTS * stored_products(X) <= samples * features**2
    return few and bool(X.has_canonical_format)


def is_narrow(X: Any, outputs: int) -> bool:
    """Return whether a CSR matrix's gradient is small, and no entry is stored in parts."""
    return outputs * X.shape[1] <= NARROW and bool(X.has_canonical_format)


def is_sparse(X: Any) -> bool:
    """Return whether X is a SciPy CSR matrix, without importing SciPy."""
    return hasattr(X, "indptr")


def is_wide(X: Any, outputs: int) -> bool:
    """Return whether to read X twice costs less than to read and write a gradient for every few rows."""
    return outputs > FEW_OUTPUTS and outputs * X.shape[1] ** 2 >= WIDE


def first_row(X: Any, counted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the first row that counts, or zeros if none does."""
    row = int(np.argmax(counted)) if counted.any() else len(counted)
    line = X[row : row + 1]
    total: NDArray[np.float64] = np.sum(line.toarray() if is_sparse(X) else line, axis=0, dtype=np.float64)
    return total
