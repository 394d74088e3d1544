"""Cells: how text becomes numbers, truth values and times, and what is said of a cell that does not.

A number is written as in Python (``-1.5e3``), without separators; a truth value is ``true`` or ``false``; a
time is ISO 8601 (``2024-05-31``, ``2024-05-31 23:59``, ``2024-05-31T23:59:00Z``). Blanks around any of them
do not count. Nothing else is guessed: a column whose cells are none of these is text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dxent.data.table import LARGEST_MAGNITUDE, TableError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["as_booleans", "as_numbers", "as_texts", "as_times", "typed"]

_MOSTLY = 0.9  # of which kind a column is, once so many of its cells are
_ADVICE = "correct it, or leave the column out (--drop)"
# Numbers and dates in the customs of some country: 1,5 · 1.000,00 · 1_000 · 0x10 · 31.12.2024 · 5 %
_FOREIGN = (
    r"^([-+]?\d{1,3}([.,'_ ]\d{3})+([.,]\d+)?|[-+]?\d*,\d+|0[xX][0-9a-fA-F]+|[-+]?[\d.,]+ ?%"
    r"|\d{1,2}\.\d{1,2}\.\d{2,4}|\d+/\d+/\d+)$"
)


@dataclass(frozen=True)
class _Kind:
    """What the cells of a column can be: in words, as a pattern, and how the matching text is converted."""

    words: str
    pattern: str
    convert: Callable[[pa.ChunkedArray], pa.ChunkedArray]


def _to_numbers(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    return texts.cast(pa.float64())


def _to_booleans(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    return texts.cast(pa.bool_())


def _to_times(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    zoned = pc.any(pc.match_substring_regex(texts, r"(Z|[-+]\d\d:?\d\d)$")).as_py()
    return texts.cast(pa.timestamp("us", "UTC" if zoned else None))


_NUMBER = _Kind("a number", r"^[-+]?((\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|(?i:inf|infinity|nan))$", _to_numbers)
_BOOLEAN = _Kind("true or false", r"^(?i:true|false)$", _to_booleans)
_TIME = _Kind(
    "a date, such as 2024-05-31 or 2024-05-31 23:59,",
    r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[-+]\d\d:?\d\d)?)?$",
    _to_times,
)


def typed(columns: pa.Table) -> pa.Table:
    """Return the table with each column of plain strings as what its cells are, or else as categories.

    Raises: TableError, naming row and column, for a cell unlike nine in ten others of its column, and for
    numbers that are infinite or beyond 1e100
    """
    import pyarrow as pa
    from pyarrow import types

    for place, name in enumerate(columns.column_names):
        column = columns[name]
        if types.is_string(column.type):
            column = _typed(name, column)
        if _is_number(column.type):
            column = as_numbers(name, column)
        columns = columns.set_column(place, pa.field(name, column.type), column)
    return columns


def as_numbers(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as float64, |x| ≤ 1e100; NaN counts as missing and becomes null."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    column = _decoded(column)
    if types.is_string(column.type):
        column = _parsed(name, column, _NUMBER)
    if not (_is_number(column.type) or types.is_boolean(column.type) or types.is_null(column.type)):
        raise TableError(f"column {name!r} holds {column.type} where numbers are needed")
    # Unsafe: an integer above 2⁵³ is rounded, as any number is.
    numbers = column.cast(pa.float64(), safe=False)
    numbers = pc.if_else(pc.is_nan(numbers), None, numbers)
    large = pc.greater(pc.abs(numbers), LARGEST_MAGNITUDE)
    if pc.any(large).as_py():
        raise TableError(
            f"row {_first(large) + 1}, column {name!r}: not a finite number, or one beyond "
            f"{LARGEST_MAGNITUDE:g}: correct it, drop the row, or scale the column"
        )
    return numbers


def as_booleans(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as truth values; of numbers, 0 is false and 1 is true."""
    import pyarrow.compute as pc
    from pyarrow import types

    column = _decoded(column)
    if types.is_string(column.type):
        return _parsed(name, column, _BOOLEAN)
    if types.is_boolean(column.type):
        return column
    numbers = as_numbers(name, column)
    other = pc.and_(pc.not_equal(numbers, 0.0), pc.not_equal(numbers, 1.0))
    if pc.any(other).as_py():
        raise TableError(f"row {_first(other) + 1}, column {name!r}: neither true nor false: {_ADVICE}")
    return pc.equal(numbers, 1.0)


def as_times(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as timestamps in microseconds, in UTC where a zone is known."""
    import pyarrow as pa
    from pyarrow import types

    column = _decoded(column)
    if types.is_string(column.type):
        column = _parsed(name, column, _TIME)
    if not (types.is_temporal(column.type) or types.is_null(column.type)):
        raise TableError(f"column {name!r} holds {column.type} where dates are needed")
    try:
        return column.cast(pa.timestamp("us", getattr(column.type, "tz", None)), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as refusal:
        raise TableError(f"column {name!r} holds {column.type} where dates are needed") from refusal


def as_texts(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as text: integers in digits, truth values as ``true`` and ``false``."""
    import pyarrow as pa
    from pyarrow import types

    column = _decoded(column)
    if not (
        types.is_string(column.type)
        or types.is_integer(column.type)
        or types.is_boolean(column.type)
        or types.is_null(column.type)
    ):
        raise TableError(f"column {name!r} holds {column.type} where text is needed")
    return column.cast(pa.string())


def _typed(name: str, texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return cells of a text file as what all of them are."""
    import pyarrow.compute as pc

    filled = len(texts) - texts.null_count
    if not filled:
        return texts.dictionary_encode()
    trimmed = pc.utf8_trim_whitespace(texts)
    for kind in (_NUMBER, _BOOLEAN, _TIME):
        if pc.sum(pc.match_substring_regex(trimmed, kind.pattern)).as_py() >= _MOSTLY * filled:
            return _parsed(name, texts, kind)
    foreign = pc.match_substring_regex(trimmed, _FOREIGN)
    number = pc.match_substring_regex(trimmed, _NUMBER.pattern)
    if pc.any(foreign).as_py() and pc.sum(pc.or_(foreign, number)).as_py() >= _MOSTLY * filled:
        row = _first(foreign)
        raise TableError(
            f"row {row + 1}, column {name!r}: {texts[row].as_py()!r} is neither a number such as 1234.5 nor "
            "a date such as 2024-12-31: write the column so, or leave it out (--drop)"
        )
    return texts.dictionary_encode()


def _parsed(name: str, texts: pa.ChunkedArray, kind: _Kind) -> pa.ChunkedArray:
    """Convert text cells that are all of one kind, naming the first that is not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(texts)
    other = pc.invert(pc.match_substring_regex(trimmed, kind.pattern))
    if pc.any(other).as_py():
        row = _first(other)
        cell = _short(texts[row].as_py())
        raise TableError(f"row {row + 1}, column {name!r}: {cell} where {kind.words} is needed: {_ADVICE}")
    try:
        return kind.convert(trimmed)
    except pa.ArrowInvalid as refusal:
        reason = str(refusal).partition(":")[0]
        raise TableError(f"column {name!r}: no column of {kind.words}: {reason}: {_ADVICE}") from refusal


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column without dictionary, and with the one type of text that all functions know."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if types.is_large_string(column.type) or str(column.type) == "string_view":
        column = column.cast(pa.string())
    return column


def _is_number(kind: pa.DataType) -> bool:
    from pyarrow import types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def _first(mask: pa.ChunkedArray) -> int:
    import pyarrow.compute as pc

    return int(pc.index(mask, True).as_py())


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")
