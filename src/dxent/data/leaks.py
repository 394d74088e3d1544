"""Columns that are too good to be true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["telling_columns"]

_MOST_VALUES = 255  # an identifier, too, tells all; it is refused or harmless
_FEWEST_ROWS = 100  # in fewer rows it may well be chance


def telling_columns(columns: pa.Table, labels: NDArray[Any]) -> list[str]:
    """Return the columns of few values, two or more, each of which occurs with one label only."""
    _, own = np.unique(labels, return_inverse=True)
    if len(labels) < _FEWEST_ROWS:
        return []
    return [name for name in columns.column_names if _tells(columns[name], own)]


def _tells(column: pa.ChunkedArray, labels: NDArray[np.intp]) -> bool:
    from pyarrow import types

    if types.is_nested(column.type):
        return False
    if not types.is_dictionary(column.type):
        column = column.dictionary_encode(null_encoding="encode")
    codes = column.combine_chunks().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    values = len(np.unique(codes))
    pairs = np.unique(codes * (int(labels.max()) + 1) + labels)
    return 1 < values <= _MOST_VALUES and len(pairs) == values
