"""Delimited text, read by Arrow at full speed; where Arrow stumbles, a slow second look names the place."""

from __future__ import annotations

import csv
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from dxent.data.table import TableError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["column_names", "read"]

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SAVE_AS_UTF8 = "save the file as UTF-8 text"


def column_names(path: Path, delimiter: str) -> list[str]:
    """Return the header, the first line."""
    with path.open("rb") as file:
        start = file.read(2)
    if not start:
        raise TableError(f"{str(path)!r} is empty: it needs a header line and rows")
    if start in _UTF16_MARKS:
        raise TableError(f"{str(path)!r} is UTF-16 text: {_SAVE_AS_UTF8}")
    with closing(_lines(path)) as lines:
        try:
            return next(csv.reader(lines, delimiter=delimiter), [])
        except csv.Error as fault:
            raise TableError(f"{str(path)!r}, line 1: {fault}") from fault


def read(path: Path, delimiter: str, names: list[str], target: str | None) -> pa.Table:
    """Read the file as an Arrow table of plain strings; the target, if any, is text or integers.

    Null are the usual spellings of a missing cell (empty, ``NA``, ``nan``, ``null``, ``?``, …) and the empty
    label. Labels are integers where every one is written as an integer, else the text as it stands.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    if not _is_plain_text(path):
        _raise_first_fault(path, delimiter, len(names))
    try:
        columns = arrow_csv.read_csv(
            path,
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid as refusal:
        _raise_first_fault(path, delimiter, len(names))
        raise TableError(f"{str(path)!r}: {refusal}") from refusal
    for place, name in enumerate(names):
        cells = _labels(columns[name]) if name == target else _filled(columns[name])
        columns = columns.set_column(place, name, cells)
    return columns


def _filled(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the cells with null for what stands for a missing one."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow.csv import ConvertOptions

    spellings = pa.array([*ConvertOptions().null_values, "?"])
    return pc.if_else(pc.is_in(pc.utf8_trim_whitespace(texts), value_set=spellings), None, texts)


def _labels(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the integers that all labels spell, else the labels; an empty one is null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.if_else(pc.equal(texts, ""), None, texts)
    try:
        integers = texts.cast(pa.int64())
    except pa.ArrowInvalid:
        return texts
    as_written = pc.equal(integers.cast(pa.string()), texts)
    return integers if pc.all(as_written).as_py() is not False else texts


def _is_plain_text(path: Path) -> bool:
    """Tell whether there is no NUL byte and every quote is closed, neither of which Arrow minds."""
    quotes = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            if b"\0" in chunk:
                return False
            quotes += chunk.count(b'"')
    return quotes % 2 == 0


def _lines(path: Path) -> Generator[str]:
    """Decode a file line by line, so that bytes which are no text are found on their line."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if b"\0" in line:
                raise TableError(f"{str(path)!r}, line {number}: a NUL byte: {_SAVE_AS_UTF8}")
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as fault:
                raise TableError(f"{str(path)!r}, line {number}: not UTF-8: {_SAVE_AS_UTF8}") from fault


def _raise_first_fault(path: Path, delimiter: str, width: int) -> None:
    """Raise TableError for the first line that is no row of the table; return if there is none."""
    with closing(_lines(path)) as lines:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            for row in reader:
                if row and len(row) != width:
                    raise TableError(
                        f"{str(path)!r}, line {reader.line_num}: {len(row)} values where the header has "
                        f"{width} columns"
                    )
        except csv.Error as error:
            fault = "a quote is never closed" if "unexpected end" in str(error) else str(error)
            raise TableError(f"{str(path)!r}, line {reader.line_num}: {fault}") from error
