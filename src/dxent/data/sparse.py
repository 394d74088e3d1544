"""Columns of features that are mostly zero: maps from index to value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, final

import numpy as np
from numpy.typing import NDArray

from dxent.data.columns import Column
from dxent.data.table import LARGEST_MAGNITUDE, TableError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Sparse"]


@final
@dataclass(frozen=True)
class Sparse(Column):
    """The features that an svmlight file numbers; one that no training row has is not used."""

    name: str
    indices: tuple[int, ...]

    @classmethod
    def learn(cls, name: str, column: pa.ChunkedArray) -> Self:
        """Learn which features the training rows have."""
        indices = np.unique(_entries(name, column)[1])
        return cls(name, tuple(indices.tolist()))

    @property
    def features(self) -> tuple[str, ...]:
        """``name index`` for each index."""
        return tuple(f"{self.name} {index}" for index in self.indices)

    @property
    def scaled(self) -> tuple[bool, ...]:
        """Whoever makes such a file has scaled what needed it; a rare feature's deviation is tiny."""
        return (False,) * len(self.indices)

    def encode(self, column: pa.ChunkedArray) -> Any:
        """Return the values as a SciPy CSR matrix."""
        from scipy.sparse import csr_matrix

        ends, indices, values = _entries(self.name, column)
        known = np.array(self.indices, dtype=np.int64)
        places = np.searchsorted(known, indices)
        kept = np.append(known, -1)[places] == indices
        ends = np.concatenate([[0], np.cumsum(kept)])[ends]
        return csr_matrix((values[kept], places[kept].astype(np.int32), ends), (len(ends) - 1, len(known)))


def _entries(
    name: str, column: pa.ChunkedArray
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return where each row's entries end, their indices and their values."""
    import pyarrow as pa

    if column.type != pa.map_(pa.int64(), pa.float64()):
        raise TableError(f"column {name!r} holds {column.type} where an svmlight file's features are needed")
    maps = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    ends = maps.offsets.to_numpy().astype(np.int64)
    indices, values = maps.keys.to_numpy(), maps.items.to_numpy(zero_copy_only=False)
    bad = ~(np.abs(values) <= LARGEST_MAGNITUDE)
    if bad.any():
        row = int(np.searchsorted(ends, np.argmax(bad), side="right"))
        raise TableError(
            f"row {row}, column {name!r}: feature {indices[np.argmax(bad)]} is not a finite number, or one "
            f"beyond {LARGEST_MAGNITUDE:g}: correct it, or drop the row"
        )
    return ends, indices, values
