"""The work behind ``dxent explain``: from what is typed to a chain of functions at a point."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from dxent.functions import Affine, BinaryCrossEntropy, Composition, CrossEntropy, Linear, sigmoid, softmax
from dxent.report.derivation import derive
from dxent.report.explanation import Explanation, naive_logistic, naive_softmax, rounding

__all__ = ["Case", "explain", "of_logits", "of_weights", "write"]

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


def write(path: str, page: str) -> None:
    """Write a page, or say why it cannot be written."""
    try:
        Path(path).write_text(page, encoding="utf-8")
    except OSError as refusal:
        raise click.UsageError(f"{path!r} cannot be written: {refusal.strerror}") from refusal


def _one_row(typed: Rows, option: str) -> NDArray[np.float64]:
    if len(typed) > 1:
        raise click.UsageError(f"{option} takes one row of numbers, not {len(typed)}")
    return np.array(typed[0])


def _check_label(label: int, classes: int) -> None:
    if label >= classes:
        raise click.UsageError(f"--label {label} is none of the {classes} classes, which count from 0")


def _numbered(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name}{place}" for place in range(count))
