"""The work behind ``dxent explain``: from what is typed to a chain of functions at a point."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from dxent.cli.frames import load
from dxent.data.table import Table
from dxent.estimators import LogisticRegression, NotCertifiedWarning
from dxent.functions import Affine, BinaryCrossEntropy, Composition, CrossEntropy, Linear, sigmoid, softmax
from dxent.report.derivation import derive
from dxent.report.explanation import Explanation, naive_logistic, naive_softmax, rounding

__all__ = ["Case", "explain", "of_logits", "of_row", "of_weights", "write"]

Rows = list[list[float]]


@dataclass(frozen=True, eq=False)
class Case:
    """The loss of one label, as a function of `point`: of logits, or of the weights of a layer.

    ``layers`` is () or the layer, made of one sample. The names are those of the gradient's rows and columns,
    and of the logits. A single logit is a number: without an axis of classes it is the sigmoid's.
    """

    title: str
    remarks: tuple[str, ...]
    layers: tuple[Linear | Affine, ...]
    point: NDArray[np.float64]
    label: int
    binary: bool
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    logits: tuple[str, ...]

    def chain(self, dtype: type[np.floating[Any]]) -> Composition:
        """Return the loss, with its data in a precision."""
        layers = (type(layer)(layer.features.astype(dtype)) for layer in self.layers)
        loss = BinaryCrossEntropy(self.label) @ sigmoid if self.binary else CrossEntropy(self.label) @ softmax
        return Composition((*loss.functions, *layers))


def explain(case: Case, single: bool, naive: bool) -> Explanation:
    """Derive the case in double or single precision."""
    dtype = np.float32 if single else np.float64
    chain, point = case.chain(dtype), case.point.astype(dtype)
    logits = np.asarray(Composition(chain.functions[2:])(point) if case.layers else point)
    by_hand = (
        naive_logistic(logits, case.label) if case.binary else naive_softmax(logits, case.label, case.logits)
    )
    return Explanation(
        title=case.title,
        remarks=case.remarks,
        rows=case.rows,
        columns=case.columns,
        derivation=derive(chain, point),
        naive=by_hand if naive else None,
        rounding=rounding(chain, point, case.chain(np.float64), case.point) if single else None,
    )


def of_logits(typed: Rows, label: int, binary: bool) -> Case:
    """Explain the loss as a function of logits that were typed in."""
    logits = _one_row(typed, "--logits")
    if binary and len(logits) > 1:
        raise click.UsageError(f"--binary has one logit, but --logits has {len(logits)}")
    _check_label(label, 2 if binary else len(logits))
    point = logits[0] if binary else logits
    names = _numbered("z", len(logits))
    title = f"Logits {', '.join(f'{number:g}' for number in typed[0])} with label {label}"
    return Case(title, (), (), np.asarray(point), label, binary, ("∂L/∂z",), names, names)


def of_weights(typed: Rows, weights: Rows | None, label: int, binary: bool) -> Case:
    """Explain the loss as a function of the weights W, at x and W that were typed in."""
    if weights is None:
        raise click.UsageError("--x needs the weights, one row a class: --W")
    x, W = _one_row(typed, "--x"), np.array(weights)
    if W.shape[1] != len(x):
        raise click.UsageError(f"--W has {W.shape[1]} numbers a row, but --x has {len(x)}")
    if binary and len(W) > 1:
        raise click.UsageError(f"--binary has one row of weights, but --W has {len(W)}")
    _check_label(label, 2 if binary else len(W))
    logits = _numbered("z", len(W))
    rows, point = (("∂L/∂w",), W[0]) if binary else (_numbered("w", len(W)), W)
    title = f"x = {', '.join(f'{number:g}' for number in typed[0])} with label {label}"
    return Case(title, (), (Linear(x),), point, label, binary, rows, _numbered("x", len(x)), logits)


def of_row(data: str, target: str | None, row: int, binary: bool) -> Case:
    """Explain the loss of a row of a table, at the weights that are fitted to the table."""
    table = load(data, target)
    if row > len(table.labels):
        raise click.UsageError(f"there is no row {row}: {table.source!r} has {len(table.labels)} rows")
    own = table.labels[row - 1].item()
    rest = binary and len(np.unique(table.labels)) > 2
    labels = table.labels == own if rest else table.labels
    model = _fit(table, labels)
    classes = model.classes_.tolist()
    weights = np.column_stack([model.coef_, model.intercept_])
    label = classes.index(labels[row - 1].item())
    two = len(classes) == 2
    event = own if rest else classes[1]
    remarks = (
        f"Its {table.target} is {own!r}"
        + (f"; the event, t = 1, is {event!r}, here t = {label}." if two else "."),
        f"No model was given: {'logistic' if two else 'softmax'} regression with C = 1 was fitted to all "
        f"{len(labels)} rows on the spot.",
        str(model.optimality_),
    )
    names = ("∂L/∂w",) if two else tuple(map(str, classes))
    columns = (*table.columns, "bias")
    layer, point = Affine(_dense_row(table, row)), weights[0] if two else weights
    return Case(f"Row {row} of {table.source}", remarks, (layer,), point, label, two, names, columns, names)


def write(path: str, page: str) -> None:
    """Write a page, or say why it cannot be written."""
    try:
        Path(path).write_text(page, encoding="utf-8")
    except OSError as refusal:
        raise click.UsageError(f"{path!r} cannot be written: {refusal.strerror}") from refusal


def _fit(table: Table, labels: NDArray[Any]) -> LogisticRegression:
    """Fit the whole table; whether that is proved optimal, the explanation says itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotCertifiedWarning)
        try:
            return LogisticRegression().fit(table.X, labels)
        except ValueError as refusal:
            raise click.UsageError(f"no model can be fitted: {refusal}") from refusal


def _dense_row(table: Table, row: int) -> NDArray[np.float64]:
    """Return a row of a table, which is sparse where words are counted."""
    rows: Any = table.X[row - 1 : row]
    dense = rows.toarray() if hasattr(rows, "toarray") else rows
    return np.asarray(dense[0], dtype=np.float64)


def _one_row(typed: Rows, option: str) -> NDArray[np.float64]:
    if len(typed) > 1:
        raise click.UsageError(f"{option} takes one row of numbers, not {len(typed)}")
    return np.array(typed[0])


def _check_label(label: int, classes: int) -> None:
    if label >= classes:
        raise click.UsageError(f"--label {label} is none of the {classes} classes, which count from 0")


def _numbered(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name}{place}" for place in range(count))
