"""A dense matrix of little but zeros, as of one-hot columns, without them: a sixth of the memory to read."""

from __future__ import annotations

from typing import Any

import numpy as np

from dxent.kernels.compiled import native
from dxent.kernels.reference import Floats
from dxent.kernels.threads import do_all, in_order
from dxent.kernels.tidy import CSR, tidy
from dxent.kernels.tiles import ENTRIES_A_TILE, NARROW, row_tiles

__all__ = ["without_zeros"]

MOST_STORED = 1 / 9
"""Of all entries: with its index, each takes half as much memory again, or as much in single precision."""

LEAST_ENTRIES = 1 << 20
"""Less stays in cache as it is."""

LEAST_FEATURES = 64
"""Of fewer, dense rows are read as fast."""

ROWS_LOOKED_AT = 1000


def without_zeros(X: Any, outputs: int) -> Any:
    """Return the matrix as CSR if passes with so many outputs are faster then, or else as it is."""
    if not (isinstance(X, np.ndarray) and may_gain(X, outputs)):
        return X
    most = MOST_STORED * X.size
    some = X[:: len(X) // ROWS_LOOKED_AT + 1]
    if np.count_nonzero(some) * len(X) > most * len(some):
        return X
    tiles = row_tiles(len(X), ENTRIES_A_TILE // X.shape[1])
    ends = np.cumsum(list(in_order(lambda rows: np.count_nonzero(X[rows] != 0), tiles)))
    return X if ends[-1] > most else tidy(stored(X, tiles, ends))


def may_gain(X: Floats, outputs: int) -> bool:
    """Return whether the matrix is large, and such that our kernels would read it in one sweep."""
    large = X.size >= LEAST_ENTRIES and LEAST_FEATURES <= X.shape[1] <= NARROW // outputs
    return native is not None and large and X.dtype.char in "fd"


def stored(X: Floats, tiles: Any, ends: Any) -> CSR:
    """Return the entries that are not zero, whose numbers in the tiles add up to ``ends``."""
    from scipy.sparse import csr_matrix

    (samples, features), total = X.shape, int(ends[-1])
    index = np.int32 if total <= np.iinfo(np.int32).max else np.int64
    values, columns, starts = np.empty(total, X.dtype), np.empty(total, index), np.zeros(samples + 1, index)

    def fill(numbered: tuple[slice, int]) -> None:
        rows, end = numbered
        entries = X[rows].ravel()
        places = np.flatnonzero(entries != 0)  # of booleans, in a quarter of the time
        mine, row = slice(end - len(places), end), places // features
        values[mine], columns[mine] = entries[places], places - row * features
        starts[1:][rows] = mine.start + np.cumsum(np.bincount(row, minlength=len(X[rows])))

    do_all(fill, zip(tiles, ends.tolist(), strict=True))
    return csr_matrix((values, columns, starts), shape=X.shape, copy=False)
