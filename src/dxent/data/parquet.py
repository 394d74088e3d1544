"""Parquet, whose columns bring their types."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dxent.data.table import TableError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["column_names", "read"]


def column_names(path: Path) -> list[str]:
    """Return the names in the schema."""
    return list(_schema(path).names)


def read(path: Path, names: list[str], target: str) -> pa.Table:
    """Read the file as an Arrow table; every column but the target must be of a numeric type."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = _schema(path)
    for name in names:
        kind = schema.field(name).type
        if name != target and not _is_numeric(kind):
            raise TableError(
                f"{str(path)!r}: column {name!r} holds {_in_words(kind)}: only numeric columns can be used "
                "for now, so drop the column or encode it as numbers"
            )
    try:
        return parquet.read_table(path)
    except (pa.ArrowException, OSError) as refusal:
        raise _unreadable(path, refusal) from refusal


def _schema(path: Path) -> pa.Schema:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.read_schema(path)
    except (pa.ArrowException, OSError) as refusal:
        raise _unreadable(path, refusal) from refusal


def _unreadable(path: Path, refusal: Exception) -> TableError:
    return TableError(f"{str(path)!r} cannot be read as Parquet: {' '.join(str(refusal).split())}")


def _is_numeric(kind: pa.DataType) -> bool:
    from pyarrow import types

    return bool(
        types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_decimal(kind)
    )


def _in_words(kind: pa.DataType) -> str:
    from pyarrow import types

    if types.is_dictionary(kind):
        return "categories"
    return "text" if types.is_string(kind) or types.is_large_string(kind) else str(kind)
