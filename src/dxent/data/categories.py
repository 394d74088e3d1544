"""Columns of categories: one feature a level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, final

import numpy as np
from numpy.typing import NDArray

from dxent.data.cells import as_texts
from dxent.data.columns import Column
from dxent.data.table import TableError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Categorical"]

MOST_LEVELS = 255
_ENOUGH_ROWS = 5  # a level with fewer training rows joins the others, where there are 400 rows or more
_ROWS_A_STEP = 100  # in smaller tables the step from 1 row to 5 is gradual
_FEW = 20  # levels that no table is too small for


@final
@dataclass(frozen=True)
class Categorical(Column):
    """One of a few levels, one-hot: 1 for the row's own level, 0 for all else.

    Levels with very few training rows share the feature "other", and so does any level that the training rows
    do not have; where none was rare, an unseen level is 0 throughout. Missing values are a level of their own
    if the training rows have any, else like an unseen one.
    """

    name: str
    levels: tuple[str, ...]
    other: bool
    missing: bool

    @classmethod
    def learn(cls, name: str, column: pa.ChunkedArray) -> Self:
        """Learn from the training rows, at least one of which has a value.

        Raises: TableError if most rows are alone with their level, or there are more than 255 levels
        """
        import pyarrow.compute as pc

        texts = as_texts(name, column)
        tally = pc.value_counts(texts.drop_null())
        levels, counts = tally.field("values"), tally.field("counts").to_numpy()
        rows = int(counts.sum())
        common = counts >= min(_ENOUGH_ROWS, 1 + rows // _ROWS_A_STEP)
        scattered = 2 * counts[~common].sum() > rows or 2 * len(counts) > rows
        if common.sum() > MOST_LEVELS or (len(counts) > _FEW and scattered):
            raise TableError(
                f"column {name!r} has {len(counts)} different texts in {rows} rows, such as "
                f"{levels[0].as_py()[:40]!r}: leave it out (--drop {name!r}), or count its words "
                f"(--text {name!r})"
            )
        kept = sorted(level for level, is_common in zip(levels.to_pylist(), common, strict=True) if is_common)
        return cls(name, tuple(kept), not bool(common.all()), texts.null_count > 0)

    @property
    def features(self) -> tuple[str, ...]:
        """``name=level`` for each level, then for the others and for missing values if there are any."""
        named = tuple(f"{self.name}={level}" for level in self.levels)
        others = (f"{self.name} is another",) if self.other else ()
        return (*named, *others, *((f"{self.name} is missing",) if self.missing else ()))

    @property
    def scaled(self) -> tuple[bool, ...]:
        """Being of a level has no unit."""
        return tuple(False for _ in self.features)

    def encode(self, column: pa.ChunkedArray) -> NDArray[np.float64]:
        """Return the one-hot rows."""
        import pyarrow as pa
        import pyarrow.compute as pc

        texts = as_texts(self.name, column)
        absent = len(self.features)
        place = pc.index_in(texts, value_set=pa.array(self.levels, pa.string()))
        place = pc.fill_null(place, len(self.levels) if self.other else absent)
        lacking = len(self.levels) + self.other if self.missing else absent
        place = pc.if_else(pc.is_null(texts), lacking, place).to_numpy()
        # one column too many, where the rows that are nowhere go
        hot = np.zeros((len(place), absent + 1))
        hot[np.arange(len(place)), place] = 1.0
        return hot[:, :absent]
