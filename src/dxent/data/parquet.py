"""Parquet, whose columns bring their types."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dxent.data.table import TableError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["column_names", "read"]

# What a footer may claim before anything is allocated for it: 16 GiB of float64.
MOST_CELLS = 2**31


def column_names(path: Path) -> list[str]:
    """Return the names in the schema."""
    return list(_footer(path).schema.to_arrow_schema().names)


def read(path: Path, _names: list[str], target: str | None) -> pa.Table:
    """Read the file as an Arrow table; text becomes categories, but for the target.

    A value of an extension type is read as what it is stored as: nothing in a file is run.
    """
    import pyarrow as pa
    from pyarrow import parquet

    footer = _footer(path)
    if footer.num_rows * footer.num_columns > MOST_CELLS:
        raise TableError(
            f"{str(path)!r} claims {footer.num_rows} rows of {footer.num_columns} columns, more than the "
            f"{MOST_CELLS} cells that are read at once: write a sample of its rows to a file, and use that"
        )
    try:
        columns = parquet.read_table(path)
    except (pa.ArrowException, OSError) as refusal:
        raise _unreadable(path, refusal) from refusal
    return categorical(columns, target)


def categorical(columns: pa.Table, target: str | None) -> pa.Table:
    """Return the table with text that is declared as text dictionary-encoded, but for the target."""
    from pyarrow import types

    for place, name in enumerate(columns.column_names):
        kind = columns[name].type
        if name != target and (types.is_string(kind) or types.is_large_string(kind)):
            columns = columns.set_column(place, name, columns[name].dictionary_encode())
    return columns


def _footer(path: Path) -> pa.parquet.FileMetaData:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.read_metadata(path)
    except (pa.ArrowException, OSError) as refusal:
        raise _unreadable(path, refusal) from refusal


def _unreadable(path: Path, refusal: Exception) -> TableError:
    return TableError(f"{str(path)!r} cannot be read as Parquet: {' '.join(str(refusal).split())}")
