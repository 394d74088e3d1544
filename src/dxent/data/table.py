"""A table as it is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["LARGEST_MAGNITUDE", "Frame", "TableError"]

LARGEST_MAGNITUDE = 1e100
"""Beyond, the product of two columns leaves the range of float64."""


class TableError(ValueError):
    """The data cannot be used; the message is one sentence that names the place and what to do."""


@dataclass(frozen=True, eq=False)
class Frame:
    """Columns of any type, as they are read, and the label of each row.

    A plain string in ``columns`` is a cell of a text file, which may turn out to be a number or a date
    (`dxent.data.cells.typed`); text that is known to be text is dictionary-encoded. ``labels`` (rows,) holds
    text, integers or bools; ``weight`` (rows,), how much each row counts, or None where all count alike.
    ``source`` and ``target`` are the names to show: of the data set and of its label column.
    """

    source: str
    target: str
    columns: pa.Table
    labels: NDArray[Any]
    weight: NDArray[np.float64] | None = None

    def take(self, rows: NDArray[np.intp]) -> Frame:
        """Return some of the rows."""
        return replace(
            self,
            columns=self.columns.take(rows),
            labels=self.labels[rows],
            weight=None if self.weight is None else self.weight[rows],
        )
