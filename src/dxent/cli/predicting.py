"""The work behind ``dxent predict``."""

from __future__ import annotations

import os
import sys
from typing import Any, BinaryIO

import click
import numpy as np

from dxent.cli.terminal import telling_warnings
from dxent.data.readers import read_columns
from dxent.data.table import TableError
from dxent.data.writing import check_writable, write_atomically
from dxent.modelfile import ModelFile, ModelFileError, read_model

__all__ = ["predict"]

# What makes a spreadsheet take a cell for a formula (OWASP, CSV injection), in full width too.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def predict(model_path: str, data: str, output: str | None, *, guard: bool, force: bool) -> None:
    """Write the predictions for a file of samples to another file, or to standard output."""
    try:
        _check_output(model_path, data, output, force)
        model = read_model(model_path)
        table = _predictions(model, _features(model, data), guard)
        if output is None:
            _write_csv(table, sys.stdout.buffer)
        else:
            write_atomically(output, lambda file: _write_csv(table, file), overwrite=force)
    except BrokenPipeError:
        raise
    except (TableError, ModelFileError, OSError, ModuleNotFoundError) as fault:
        raise click.UsageError(str(fault)) from fault


def _check_output(model: str, data: str, output: str | None, force: bool) -> None:
    if output is None:
        return
    for source in (model, data):
        if os.path.exists(output) and os.path.exists(source) and os.path.samefile(output, source):
            raise click.UsageError(f"{output!r} is what is read: name another file for -o")
    check_writable(output, force)


def _features(model: ModelFile, data: str) -> Any:
    """Return the features of each sample, as the model was fitted to them."""
    if model.schema is None:
        raise click.UsageError(
            "the model was fitted to arrays, not to a table: predict with it in Python (dxent.load)"
        )
    columns = read_columns(data)
    with telling_warnings():
        try:
            return model.schema.encode(columns)
        except TableError as fault:
            raise TableError(f"{data!r}: {fault}") from fault


def _predictions(model: ModelFile, X: Any, guard: bool) -> Any:
    """Return label and probabilities as an Arrow table."""
    import pyarrow as pa

    assert model.schema is not None
    places, probs = model.predict(X)
    labels = model.classes.tolist()
    shown = [_guarded(label) if guard and isinstance(label, str) else label for label in labels]
    likeliest = pa.array(shown).take(pa.array(places))
    names = [f"probability of {label}" for label in labels]
    heading = f"predicted {model.schema.target}"
    return pa.table([likeliest, *map(pa.array, np.ascontiguousarray(probs.T))], names=[heading, *names])


def _guarded(label: str) -> str:
    return f"'{label}" if label.startswith(_FORMULA_STARTS) else label


def _write_csv(table: Any, file: BinaryIO) -> None:
    """Write the table; the shortest digits that read back as the same float64."""
    from pyarrow.csv import write_csv

    write_csv(table, file)
