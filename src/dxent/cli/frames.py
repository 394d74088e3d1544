"""From a name on the command line to a frame of typed columns."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from dxent.cli.bundled import BUNDLED, load_bundled
from dxent.data.cells import as_numbers, typed
from dxent.data.readers import own_target, read_frame, unknown_column
from dxent.data.table import Frame, TableError

__all__ = ["blaming", "dropped", "open_frame", "weighted"]


def open_frame(data: str, target: str | None) -> Frame:
    """Return the columns, as they stand, that the words on the command line name."""
    if data in BUNDLED:
        if target not in {None, BUNDLED[data]}:
            raise click.UsageError(f"the target of {data} is {BUNDLED[data]!r}: leave out --target")
        return load_bundled(data)
    if target is None and not Path(data).exists():
        raise click.UsageError(f"{data!r} is neither a file nor a bundled data set ({', '.join(BUNDLED)})")
    try:
        target = target or own_target(data)
        if target is None:
            raise click.UsageError("name the column of labels: --target COLUMN")
        return read_frame(data, target)
    except (TableError, ModuleNotFoundError) as fault:
        raise click.UsageError(str(fault)) from fault


@contextmanager
def blaming(source: str) -> Generator[None]:
    """Turn a fault of the table into a refusal of the call that names the table."""
    try:
        yield
    except TableError as fault:
        raise click.UsageError(f"{source!r}: {fault}") from fault


def dropped(frame: Frame, drop: tuple[str, ...]) -> Frame:
    """Return the frame without some columns, the others as what their cells are."""
    names = frame.columns.column_names
    for name in drop:
        if name not in names:
            raise click.UsageError(f"--drop: {frame.source!r} has {unknown_column(name, names)}")
    with blaming(frame.source):
        return replace(frame, columns=typed(frame.columns.drop_columns(list(drop))))


def weighted(frame: Frame, name: str | None) -> Frame:
    """Return the frame with one of its columns as the rows' weights; as it is if none is named."""
    if name is None:
        return frame
    names = frame.columns.column_names
    if name not in names:
        raise click.UsageError(f"--weight: {frame.source!r} has {unknown_column(name, names)}")
    with blaming(frame.source):
        weight = np.asarray(as_numbers(name, frame.columns[name]).to_numpy(), dtype=np.float64)
    bad = ~(weight >= 0)
    if bad.any():
        row = int(np.argmax(bad))
        found = "missing" if np.isnan(weight[row]) else f"{weight[row]:g}"
        raise click.UsageError(f"--weight: row {row + 1} of {name!r} is {found}: weights are 0 or more")
    return replace(frame, columns=frame.columns.drop_columns([name]), weight=weight)
