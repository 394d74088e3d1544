"""Columns of quantities: numbers, truth values and times, and how each becomes features.

A column learns from its training rows what it needs, and then turns the rows of any table into numbers. Where
a training row lacks a value, the column has one feature more, 1 where the value is missing and 0 elsewhere,
and the value itself is filled in; the fit decides what being missing means.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, final

import numpy as np
from numpy.typing import NDArray

from dxent.data.cells import as_booleans, as_numbers, as_times
from dxent.errors import DxentWarning

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Boolean", "Column", "DateTime", "Numeric"]

Features = NDArray[np.float64]

_DAY = 86_400_000_000  # microseconds
_YEAR = 365.2425  # days
_WEEK = 7.0
_MONDAY = 4  # 1970-01-05 was a Monday


class Column(ABC):
    """A column of a table, and how it becomes features.

    Subclasses are frozen dataclasses whose fields are ``name`` and what was learned, of types that JSON has.
    """

    name: str

    @property
    @abstractmethod
    def features(self) -> tuple[str, ...]:
        """The name of each feature."""

    @property
    @abstractmethod
    def scaled(self) -> tuple[bool, ...]:
        """Which features have a unit, so that a penalty has to know their scale."""

    @abstractmethod
    def encode(self, column: pa.ChunkedArray) -> Any:
        """Return the features (rows, features) of the column's cells, as an array or a SciPy CSR matrix."""


@final
@dataclass(frozen=True)
class Numeric(Column):
    """Numbers; a missing one is replaced by the median of the training rows."""

    name: str
    median: float
    missing: bool

    @classmethod
    def learn(cls, name: str, column: pa.ChunkedArray) -> Self:
        """Learn from the training rows, at least one of which has a value."""
        values = _floats(as_numbers(name, column))
        return cls(name, float(np.nanmedian(values)), bool(np.isnan(values).any()))

    @property
    def features(self) -> tuple[str, ...]:
        """The column's name, and where values were missing, one feature more."""
        return (self.name, *_missing_name(self))

    @property
    def scaled(self) -> tuple[bool, ...]:
        """The number has a unit."""
        return (True, *(False for _ in _missing_name(self)))

    def encode(self, column: pa.ChunkedArray) -> Features:
        """Return the numbers."""
        values = _floats(as_numbers(self.name, column))
        return _filled(self, values[:, None], np.array([self.median]))


@final
@dataclass(frozen=True)
class Boolean(Column):
    """Truth values, 0 and 1; a missing one is 0."""

    name: str
    missing: bool

    @classmethod
    def learn(cls, name: str, column: pa.ChunkedArray) -> Self:
        """Learn from the training rows."""
        return cls(name, as_booleans(name, column).null_count > 0)

    @property
    def features(self) -> tuple[str, ...]:
        """The column's name, and where values were missing, one feature more."""
        return (self.name, *_missing_name(self))

    @property
    def scaled(self) -> tuple[bool, ...]:
        """Truth has no unit."""
        return tuple(False for _ in self.features)

    def encode(self, column: pa.ChunkedArray) -> Features:
        """Return the truth values."""
        import pyarrow as pa

        values = _floats(as_booleans(self.name, column).cast(pa.float64()))
        return _filled(self, values[:, None], np.zeros(1))


@final
@dataclass(frozen=True)
class DateTime(Column):
    """Times as a trend and two or three cycles; a missing one is replaced by the median training time.

    The features are t, the days since 1970-01-01 00:00 (UTC where a zone is known); sin and cos of
    2π t / 365.2425, of 2π (t − 4) / 7, which starts on a Monday, and of 2π t where any training time is not
    midnight.
    """

    name: str
    median: float
    clock: bool
    missing: bool

    @classmethod
    def learn(cls, name: str, column: pa.ChunkedArray) -> Self:
        """Learn from the training rows, at least one of which has a value."""
        days = _days(name, column)
        known = days[~np.isnan(days)]
        return cls(name, float(np.median(known)), bool((known % 1 != 0).any()), len(known) < len(days))

    @property
    def features(self) -> tuple[str, ...]:
        """The trend, then the cycles, and where values were missing, one feature more."""
        cycles = ("year", "week", "day") if self.clock else ("year", "week")
        waves = (f"{wave} of {self.name} in the {cycle}" for cycle in cycles for wave in ("sin", "cos"))
        return (f"{self.name} in days", *waves, *_missing_name(self))

    @property
    def scaled(self) -> tuple[bool, ...]:
        """Days are a unit; sine and cosine have none."""
        return (True, *(False for _ in self.features[1:]))

    def encode(self, column: pa.ChunkedArray) -> Features:
        """Return trend and cycles."""
        days = _days(self.name, column)[:, None]
        return _filled(self, self._parts(days), self._parts(np.array([[self.median]]))[0])

    def _parts(self, days: Features) -> Features:
        turns = [days / _YEAR, (days - _MONDAY) / _WEEK, *([days] if self.clock else [])]
        waves = [wave(2 * np.pi * turn) for turn in turns for wave in (np.sin, np.cos)]
        return np.hstack([days, *waves])


def _missing_name(column: Numeric | Boolean | DateTime) -> tuple[str, ...]:
    return (f"{column.name} is missing",) if column.missing else ()


def _filled(column: Numeric | Boolean | DateTime, values: Features, fill: Features) -> Features:
    """Fill in missing values, which are NaN, and append where they were if training rows lacked any."""
    missing = np.isnan(values[:, :1])
    count = int(missing.sum())
    if count and not column.missing:
        warnings.warn(
            f"column {column.name!r} was complete in the training rows: {count} missing "
            f"{'value is' if count == 1 else 'values are'} filled in",
            DxentWarning,
            stacklevel=4,
        )
    whole = np.where(missing, fill, values)
    return np.hstack([whole, missing]) if column.missing else whole


def _floats(column: pa.ChunkedArray) -> Features:
    """Return numbers as an array, null as NaN."""
    return np.asarray(column.to_numpy(), dtype=np.float64)


def _days(name: str, column: pa.ChunkedArray) -> Features:
    """Return times as days since 1970-01-01, null as NaN."""
    import pyarrow as pa

    times = as_times(name, column)
    micros = times.cast(pa.int64())
    return _floats(micros.cast(pa.float64(), safe=False)) / _DAY
