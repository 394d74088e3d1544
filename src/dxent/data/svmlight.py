"""svmlight text (``label index:value …``), whose rows name only the features that are not zero."""

from __future__ import annotations

import bz2
import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dxent.data.table import TableError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["COLUMN", "TARGET", "column_names", "read"]

TARGET, COLUMN = "label", "feature"
"""What the two columns of such a file are called."""

_NUMBER = rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_ROW = re.compile(rb"\s*(%b)((?:[ \t]+\d{1,10}:%b)*)\s*" % (_NUMBER, _NUMBER))
_LONGEST_LINE = 1 << 26
_MOST_BYTES = 1 << 33  # fewer than 2³¹ pairs, which is what Arrow's offsets can count
_PACKED = 100  # times that compression may shrink it; such text shrinks tenfold
_OPEN: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open}


def column_names(_path: Path) -> list[str]:
    """Return the names of the label's column and of the one that holds the features."""
    return [TARGET, COLUMN]


def read(path: Path, _names: list[str], _target: str | None) -> pa.Table:
    """Read the file, which may be compressed, as labels and one column of maps from index to value.

    An index is a whole number from 0, and those of a row increase; what follows a ``#`` is a comment.
    """
    import pyarrow as pa

    labels, counts, places, rows = [], [0], [], []
    for number, line in _lines(path):
        row = _ROW.fullmatch(line.partition(b"#")[0])
        if row is not None:
            labels.append(float(row[1]))
            counts.append(row[2].count(b":"))
            places.append(number)
            rows.append(row[2])
        elif line.partition(b"#")[0].strip():
            shown = line.decode(errors="replace").strip()[:40]
            raise TableError(f"{str(path)!r}, line {number}: {shown!r} where 'label index:value …' is needed")
    if not rows:
        raise TableError(f"{str(path)!r} has no rows")
    # The form is checked, so the numbers come in pairs.
    pairs = np.fromstring(b"".join(rows).replace(b":", b" "), sep=" ").reshape(-1, 2)
    ends = np.cumsum(counts, dtype=np.int32)
    indices = pairs[:, 0].astype(np.int64)
    _check_order(path, indices, ends, places)
    maps = pa.MapArray.from_arrays(pa.array(ends), pa.array(indices), pa.array(pairs[:, 1]))
    return pa.table({TARGET: pa.array(labels, pa.float64()), COLUMN: maps})


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines with their numbers, for as long as they are what an honest file may hold."""
    left = min(_MOST_BYTES, _LONGEST_LINE + _PACKED * path.stat().st_size)
    number = 0
    try:
        with _OPEN.get(path.suffix.lower(), open)(path, "rb") as file:
            while line := file.readline(_LONGEST_LINE):
                number, left = number + 1, left - len(line)
                if left < 0 or len(line) == _LONGEST_LINE:
                    raise TableError(f"{str(path)!r}, line {number}: too much text: split the file")
                yield number, line
    except (EOFError, OSError, zlib.error) as refusal:
        if isinstance(refusal, OSError) and refusal.errno is not None:
            raise
        raise TableError(f"{str(path)!r} cannot be decompressed: {refusal}") from refusal


def _check_order(path: Path, indices: NDArray[np.int64], ends: NDArray[np.int32], places: list[int]) -> None:
    """Refuse a row whose indices do not increase: one of them may be there twice."""
    falls = np.flatnonzero(indices[1:] <= indices[:-1]) + 1
    inside = falls[~np.isin(falls, ends)]
    if inside.size:
        line = places[int(np.searchsorted(ends, inside[0], side="right")) - 1]
        raise TableError(
            f"{str(path)!r}, line {line}: index {indices[inside[0]]} comes after {indices[inside[0] - 1]}: "
            "write the indices of a row in increasing order, each once"
        )
