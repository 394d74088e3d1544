"""Tables from files: CSV, TSV and Parquet of numeric columns, with one column of labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dxent.data import csv_text, parquet
from dxent.data.table import LARGEST_MAGNITUDE, Table, TableError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["read_table"]


@dataclass(frozen=True)
class _Format:
    """How a kind of file tells its column names, and how it is read as an Arrow table."""

    column_names: Callable[[Path], list[str]]
    read: Callable[[Path, list[str], str], pa.Table]


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


def read_table(path: str | Path, target: str) -> Table:
    """Read a file as a design matrix and the labels in its column ``target``.

    The file is CSV or TSV (UTF-8, with a header line) or Parquet, told apart by its extension. All other
    columns must be numeric (bools count as 0 and 1), complete and finite. Labels of a text file are integers
    where every one is written as an integer, else the text as it stands; Parquet keeps its own types.

    Shapes: X (rows, columns), labels (rows,)
    Raises: TableError, one sentence naming file, line or row, and column; ModuleNotFoundError without pyarrow
    """
    path = Path(path)
    try:
        columns = _read(path, target)
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError("reading files needs pyarrow: pip install 'dxent[cli]'") from missing
    except OSError as refusal:
        raise TableError(f"{str(path)!r} cannot be read: {refusal.strerror}") from refusal
    features = tuple(name for name in columns.column_names if name != target)
    X = _matrix(path, columns, features)
    return Table(str(path), target, features, X, _labels(path, columns[target], target))


def _read(path: Path, target: str) -> pa.Table:
    """Return the file as a complete Arrow table with at least one row."""
    if path.is_dir():
        raise TableError(f"{str(path)!r} is a directory: name one file")
    if not path.exists():
        raise TableError(f"there is no file {str(path)!r}")
    if path.suffix.lower() not in _FORMATS:
        raise TableError(f"{str(path)!r} is of no known kind: the extension must be {', '.join(_FORMATS)}")
    form = _FORMATS[path.suffix.lower()]
    names = form.column_names(path)
    _check_names(path, names, target)
    columns = form.read(path, names, target)
    if columns.num_rows == 0:
        raise TableError(f"{str(path)!r} has a header but no rows")
    _check_complete(path, columns)
    return columns


def _check_names(path: Path, names: list[str], target: str) -> None:
    """Refuse a header whose names do not tell the columns apart, or that lacks the target."""
    nameless = [str(place) for place, name in enumerate(names, start=1) if not name.strip()]
    if nameless:
        raise TableError(f"{str(path)!r}: column {', '.join(nameless)} has no name: name it or drop it")
    repeated = [repr(name) for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise TableError(
            f"{str(path)!r} has more than one column named {', '.join(repeated)}: rename or drop them"
        )
    if target not in names:
        raise TableError(f"{str(path)!r} has no column {target!r}: {_suggestion(target, names)}")
    if len(names) == 1:
        raise TableError(f"{str(path)!r} has no column besides the target {target!r} to predict it from")


def _suggestion(target: str, names: list[str]) -> str:
    lowered = {name.lower(): name for name in names}
    close = [lowered[name] for name in get_close_matches(target.lower(), lowered)]
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    shown = ", ".join(map(repr, names[:8]))
    return f"its columns are {shown}{' …' if len(names) > 8 else ''}"


def _check_complete(path: Path, columns: pa.Table) -> None:
    """Refuse missing cells: null, or NaN among numbers."""
    import pyarrow.compute as pc

    total, first = 0, (columns.num_rows, "")
    for name in columns.column_names:
        missing = pc.is_null(columns[name], nan_is_null=True)
        count = pc.sum(missing).as_py() or 0
        if count:
            total += count
            first = min(first, (pc.index(missing, True).as_py(), name))
    if total:
        cells = "1 value is" if total == 1 else f"{total} values are"
        raise TableError(
            f"{str(path)!r}: {cells} missing, the first in row {first[0] + 1}, column {first[1]!r}: "
            "fill them in, or drop the rows or columns"
        )


def _matrix(path: Path, columns: pa.Table, features: tuple[str, ...]) -> NDArray[np.floating[Any]]:
    """Copy the feature columns into one C-ordered matrix, refusing what is infinite or nearly so."""
    import pyarrow as pa

    single = all(columns[name].type == pa.float32() for name in features)
    X = np.empty((columns.num_rows, len(features)), dtype=np.float32 if single else np.float64)
    arrow_type, largest = pa.from_numpy_dtype(X.dtype), min(LARGEST_MAGNITUDE, float(np.finfo(X.dtype).max))
    for place, name in enumerate(features):
        # Unsafe: an integer above 2⁵³ is rounded, as any number is.
        X[:, place] = columns[name].cast(arrow_type, safe=False).to_numpy()
        usable = np.abs(X[:, place]) <= largest
        if not usable.all():
            raise TableError(
                f"{str(path)!r}, row {int(np.argmin(usable)) + 1}, column {name!r}: not a finite number, or "
                f"one beyond {LARGEST_MAGNITUDE:g}: correct it, drop the row, or scale the column"
            )
    return X


def _labels(path: Path, column: pa.ChunkedArray, target: str) -> NDArray[Any]:
    """Return the labels as text, integers or bools."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    labels = np.asarray(column.to_pylist())
    if labels.dtype.kind == "f" and (labels == np.rint(labels)).all():
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "Uib":
        raise TableError(
            f"{str(path)!r}: the target {target!r} holds {column.type} such as {column[0].as_py()!r}: "
            "labels must be text, whole numbers or true and false"
        )
    return labels
