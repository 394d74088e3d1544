"""Tables from files: CSV, TSV, Parquet and svmlight."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dxent.data import csv_text, parquet, svmlight
from dxent.data.table import Frame, TableError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["own_target", "read_columns", "read_frame", "unknown_column"]

MOST_COLUMNS = 100_000


@dataclass(frozen=True)
class _Format:
    """How a kind of file tells its column names, and how it is read as an Arrow table."""

    column_names: Callable[[Path], list[str]]
    read: Callable[[Path, list[str], str | None], pa.Table]


def _delimited(delimiter: str) -> _Format:
    return _Format(
        lambda path: csv_text.column_names(path, delimiter),
        lambda path, names, target: csv_text.read(path, delimiter, names, target),
    )


_FORMATS = {
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".parquet": _Format(parquet.column_names, parquet.read),
}
_SVMLIGHT = _Format(svmlight.column_names, svmlight.read)
_SVMLIGHT_ENDINGS = re.compile(r".*\.(svm|svmlight|libsvm)(\.gz|\.bz2)?", re.IGNORECASE | re.DOTALL)


def read_columns(path: str | Path) -> pa.Table:
    """Read a file of samples, at least one, as an Arrow table.

    The file is CSV or TSV (UTF-8, with a header line), Parquet or svmlight, told apart by its extension.
    Cells of a text file are plain strings, or null; Parquet keeps its types, and its text is
    dictionary-encoded; all features of an svmlight file are one column, of maps from index to value.

    Raises: TableError, one sentence naming file, line and column; ModuleNotFoundError without pyarrow
    """
    return _read(path, None)


def read_frame(path: str | Path, target: str) -> Frame:
    """Read a file as `read_columns` does, with the labels in its column ``target``, of which none is missing.

    Labels of a text file are integers where every one is written as an integer, else the text as it stands;
    Parquet keeps its own types.
    """
    columns = _read(path, target)
    if len(columns.column_names) == 1:
        raise TableError(f"{str(path)!r} has no column besides the target {target!r} to predict it from")
    try:
        labels = _labels(columns[target], target)
    except TableError as fault:
        raise TableError(f"{str(path)!r}: {fault}") from fault
    return Frame(str(path), target, columns.drop_columns([target]), labels)


def unknown_column(name: str, names: Collection[str]) -> str:
    """Say that there is no such column, and what might have been meant."""
    lowered = {known.lower(): known for known in names}
    close = [lowered[known] for known in get_close_matches(name.lower(), lowered)]
    if close:
        return f"no column {name!r}: did you mean {' or '.join(map(repr, close))}?"
    shown = ", ".join(map(repr, list(names)[:8]))
    return f"no column {name!r}: its columns are {shown}{' …' if len(names) > 8 else ''}"


def _read(path: str | Path, target: str | None) -> pa.Table:
    """Return the file as an Arrow table with at least one row."""
    path = Path(path)
    try:
        form = _format(path)
        names = form.column_names(path)
        _check_names(path, names, target)
        columns = form.read(path, names, target)
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError("reading files needs pyarrow: pip install 'dxent[cli]'") from missing
    except OSError as refusal:
        raise TableError(f"{str(path)!r} cannot be read: {refusal.strerror}") from refusal
    if columns.num_rows == 0:
        raise TableError(f"{str(path)!r} has a header but no rows")
    return columns


def own_target(path: str | Path) -> str | None:
    """Return the name of the labels in a file of a kind that knows which of its columns they are."""
    return svmlight.TARGET if _format(Path(path)) is _SVMLIGHT else None


def _format(path: Path) -> _Format:
    if path.is_dir():
        raise TableError(f"{str(path)!r} is a directory: name one file")
    if not path.exists():
        raise TableError(f"there is no file {str(path)!r}")
    if _SVMLIGHT_ENDINGS.fullmatch(path.name):
        return _SVMLIGHT
    if path.suffix.lower() in _FORMATS:
        return _FORMATS[path.suffix.lower()]
    raise TableError(
        f"{str(path)!r} is of no known kind: the extension must be {', '.join(_FORMATS)} or .svm"
    )


def _check_names(path: Path, names: list[str], target: str | None) -> None:
    """Refuse a header whose names do not tell the columns apart, or that lacks the target."""
    if len(names) > MOST_COLUMNS:
        raise TableError(f"{str(path)!r} has {len(names)} columns, more than {MOST_COLUMNS}: keep fewer")
    nameless = [str(place) for place, name in enumerate(names, start=1) if not name.strip()]
    if nameless:
        raise TableError(f"{str(path)!r}: column {', '.join(nameless)} has no name: name it or drop it")
    repeated = [repr(name) for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise TableError(
            f"{str(path)!r} has more than one column named {', '.join(repeated)}: rename or drop them"
        )
    if target is not None and target not in names:
        raise TableError(f"{str(path)!r} has {unknown_column(target, names)}")


def _labels(column: pa.ChunkedArray, target: str) -> NDArray[Any]:
    """Return the labels as text, integers or bools, refusing missing ones."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    missing = pc.is_null(column, nan_is_null=True)
    count = pc.sum(missing).as_py()
    if count:
        raise TableError(
            f"{'1 label is' if count == 1 else f'{count} labels are'} missing, the first in row "
            f"{pc.index(missing, True).as_py() + 1}, column {target!r}: fill them in, or drop the rows"
        )
    labels = np.asarray(column.to_pylist())
    if labels.dtype.kind == "f":
        whole = labels == np.rint(labels)
        labels = labels.astype(np.int64) if whole.all() else labels[~whole]
    if labels.dtype.kind not in "Uib":
        raise TableError(
            f"the target {target!r} holds {column.type} such as {labels[0]!s}: "
            "labels must be text, whole numbers or true and false"
        )
    return labels
