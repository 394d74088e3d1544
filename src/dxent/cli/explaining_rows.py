"""The work behind ``dxent explain DATA``: a row of a table, and the model whose loss there is explained."""

from __future__ import annotations

import warnings
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from dxent.cli.bundled import BUNDLED
from dxent.cli.explaining import Case
from dxent.cli.frames import load, open_frame
from dxent.cli.terminal import complain
from dxent.data.table import Table, TableError
from dxent.estimators import LogisticRegression, NotCertifiedWarning, TableClassifier
from dxent.estimators.persistence import load as load_model
from dxent.functions import Affine
from dxent.modelfile import ModelFileError

__all__ = ["of_row", "of_row_and_model"]


def of_row(data: str, target: str | None, row: int, binary: bool) -> Case:
    """Explain the loss of a row of a table, at the weights that are fitted to the table."""
    table = load(data, target)
    own = _label(table, row)
    rest = binary and len(np.unique(table.labels)) > 2
    model = _fit(table, table.labels == own if rest else table.labels)
    two = len(model.classes_) == 2
    origin = (
        f"No model was given: {'logistic' if two else 'softmax'} regression with C = 1 was fitted to all "
        f"{len(table.labels)} rows on the spot."
    )
    place = 1 if rest else model.classes_.tolist().index(own)
    return _case(table, row, model, place, own if rest else model.classes_.tolist()[-1], origin)


def of_row_and_model(path: str, data: str, target: str | None, row: int, binary: bool) -> Case:
    """Explain the loss of a row of a table, at the weights of a model file."""
    trained = _read(path)
    table = _table(trained, data, target)
    own, classes = _label(table, row), trained.classes_.tolist()
    if binary and len(classes) > 2:
        raise click.UsageError(f"--binary needs a model of two classes: {path!r} has {len(classes)}")
    # The type of a file's labels depends on all of them: 1, 2 are numbers, 1, 2, x are text.
    names = list(map(str, classes))
    if str(own) not in names:
        raise click.UsageError(f"row {row} has the label {own!r}, which is no class of the model {path!r}")
    origin = f"The model is that of {path}."
    return _case(table, row, trained.model_, names.index(str(own)), classes[-1], origin)


def _case(table: Table, row: int, model: LogisticRegression, label: int, event: Any, origin: str) -> Case:
    """Put a row, a model and where it comes from together; the event is what t = 1 stands for."""
    two = len(model.classes_) == 2
    known = f"Its {table.target} is {_label(table, row)!r}"
    names = ("∂L/∂w",) if two else tuple(map(str, model.classes_.tolist()))
    weights = np.column_stack([model.coef_, model.intercept_])
    return Case(
        title=f"Row {row} of {table.source}",
        remarks=(
            f"{known}; the event, t = 1, is {event!r}, here t = {label}." if two else f"{known}.",
            origin,
            str(model.optimality_),
        ),
        layers=(Affine(_dense_row(table, row)),),
        point=weights[0] if two else weights,
        label=label,
        binary=two,
        rows=names,
        columns=(*table.columns, "bias"),
        logits=names,
    )


def _label(table: Table, row: int) -> Any:
    """Return the label of a row, which count from 1."""
    if row > len(table.labels):
        raise click.UsageError(f"there is no row {row}: {table.source!r} has {len(table.labels)} rows")
    return table.labels[row - 1].item()


def _fit(table: Table, labels: NDArray[Any]) -> LogisticRegression:
    """Fit the whole table; whether that is proved optimal, the explanation says itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotCertifiedWarning)
        try:
            return LogisticRegression().fit(table.X, labels)
        except ValueError as refusal:
            raise click.UsageError(f"no model can be fitted: {refusal}") from refusal


def _read(path: str) -> TableClassifier:
    try:
        trained = load_model(path)
    except (ModelFileError, OSError) as fault:
        raise click.UsageError(str(fault)) from fault
    if not isinstance(trained, TableClassifier):
        raise click.UsageError(f"{path!r} was fitted to arrays: --model needs one that was fitted to a table")
    return trained


def _table(trained: TableClassifier, data: str, target: str | None) -> Table:
    """Return a table as a model sees it."""
    schema = trained.schema_
    frame = open_frame(data, target or (None if data in BUNDLED else schema.target))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            X = schema.encode(frame.columns)
        except TableError as fault:
            raise click.UsageError(f"{frame.source!r}: {fault}") from fault
    for warning in caught:
        complain(f"warning: {warning.message}")
    return Table(frame.source, frame.target, schema.features, X, frame.labels)


def _dense_row(table: Table, row: int) -> NDArray[np.float64]:
    """Return a row of a table, which is sparse where words are counted."""
    rows: Any = table.X[row - 1 : row]
    dense = rows.toarray() if hasattr(rows, "toarray") else rows
    return np.asarray(dense[0], dtype=np.float64)
