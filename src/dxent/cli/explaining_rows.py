"""The work behind ``dxent explain DATA``: a row of a table, and the model whose loss there is explained."""

from __future__ import annotations

import warnings
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from dxent.cli.bundled import BUNDLED
from dxent.cli.explaining import Case
from dxent.cli.frames import blaming, dropped, open_frame
from dxent.cli.terminal import telling_warnings
from dxent.data.table import Frame, TableError
from dxent.estimators import NotCertifiedWarning, TableClassifier
from dxent.estimators.persistence import load as load_model
from dxent.functions import Affine
from dxent.modelfile import ModelFileError

__all__ = ["of_row", "of_row_and_model"]


def of_row(data: str, target: str | None, row: int, binary: bool) -> Case:
    """Explain the loss of a row of a table, at the weights that ``dxent fit`` finds for the table."""
    frame = dropped(open_frame(data, target), ())
    own = _label(frame, row)
    rest = binary and len(np.unique(frame.labels)) > 2
    model = _fit(frame, frame.labels == own if rest else frame.labels)
    two = len(model.classes_) == 2
    origin = (
        f"No model was given: {'logistic' if two else 'softmax'} regression with C = 1, on standardised "
        f"numbers, was fitted to all {len(frame.labels)} rows on the spot."
    )
    place = 1 if rest else model.classes_.tolist().index(own)
    return _case(frame, row, model, place, own if rest else model.classes_.tolist()[-1], origin)


def of_row_and_model(path: str, data: str, target: str | None, row: int, binary: bool) -> Case:
    """Explain the loss of a row of a table, at the weights of a model file."""
    model = _read(path)
    frame = open_frame(data, target or (None if data in BUNDLED else model.schema_.target))
    own, classes = _label(frame, row), model.classes_.tolist()
    if binary and len(classes) > 2:
        raise click.UsageError(f"--binary needs a model of two classes: {path!r} has {len(classes)}")
    # The type of a file's labels depends on all of them: 1, 2 are numbers, 1, 2, x are text.
    names = list(map(str, classes))
    if str(own) not in names:
        raise click.UsageError(f"row {row} has the label {own!r}, which is no class of the model {path!r}")
    return _case(frame, row, model, names.index(str(own)), classes[-1], f"The model is that of {path}.")


def _case(frame: Frame, row: int, model: TableClassifier, label: int, event: Any, origin: str) -> Case:
    """Put a row, a model and where it comes from together; the event is what t = 1 stands for."""
    two = len(model.classes_) == 2
    known = f"Its {frame.target} is {_label(frame, row)!r}"
    names = ("∂L/∂w",) if two else tuple(map(str, model.classes_.tolist()))
    weights = np.column_stack([model.model_.coef_, model.model_.intercept_])
    return Case(
        title=f"Row {row} of {frame.source}",
        remarks=(
            f"{known}; the event, t = 1, is {event!r}, here t = {label}." if two else f"{known}.",
            origin,
            str(model.optimality_),
        ),
        layers=(Affine(_features(model, frame, row)),),
        point=weights[0] if two else weights,
        label=label,
        binary=two,
        rows=names,
        columns=(*model.schema_.features, "bias"),
        logits=names,
    )


def _label(frame: Frame, row: int) -> Any:
    """Return the label of a row, which count from 1."""
    if row > len(frame.labels):
        raise click.UsageError(f"there is no row {row}: {frame.source!r} has {len(frame.labels)} rows")
    return frame.labels[row - 1].item()


def _fit(frame: Frame, labels: NDArray[Any]) -> TableClassifier:
    """Fit the whole table; whether that is proved optimal, the explanation says itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotCertifiedWarning)
        try:
            return TableClassifier().fit(frame.columns, labels, frame.weight)
        except TableError as fault:
            raise click.UsageError(f"{frame.source!r}: {fault}") from fault
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


def _features(model: TableClassifier, frame: Frame, row: int) -> NDArray[np.float64]:
    """Return a row as the model sees it."""
    with telling_warnings(), blaming(frame.source):
        features: Any = model.schema_.encode(frame.columns.slice(row - 1, 1))
    dense = features.toarray() if hasattr(features, "toarray") else features
    return np.asarray(dense[0], dtype=np.float64)
