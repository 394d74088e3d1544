"""The work behind ``dxent fit``: from a name to a table, and from a table to a report."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from dxent.cli.bundled import BUNDLED, load_bundled
from dxent.cli.holdout import RowIndices, hold_out
from dxent.cli.terminal import complain
from dxent.data.readers import read_table
from dxent.data.table import Table, TableError
from dxent.estimators import LogisticRegression, NotCertifiedWarning
from dxent.kernels.dispatch import show_config
from dxent.report.console import interrupted_sentence
from dxent.report.content import DataSummary, FitReport, HeldOut, Proof, scores

__all__ = ["load", "train"]


def load(data: str, target: str | None) -> Table:
    """Return the table that the words on the command line name."""
    if data in BUNDLED:
        if target not in {None, BUNDLED[data]}:
            raise click.UsageError(f"the target of {data} is {BUNDLED[data]!r}: leave out --target")
        return load_bundled(data)
    if target is None and not Path(data).exists():
        raise click.UsageError(f"{data!r} is neither a file nor a bundled data set ({', '.join(BUNDLED)})")
    if target is None:
        raise click.UsageError("name the column of labels: --target COLUMN")
    try:
        return read_table(data, target)
    except (TableError, ModuleNotFoundError) as fault:
        raise click.UsageError(str(fault)) from fault


def train(table: Table, test_size: float, seed: int, C: float, solver: str, tol: float) -> FitReport:
    """Fit part of the table's rows and score the rest."""
    summary = _summary(table)
    if len(summary.class_counts) < 2:
        only = next(iter(summary.class_counts))
        raise click.UsageError(
            f"all {summary.rows} rows of {table.source!r} are of class {only!r}: a classifier needs two"
        )
    train_rows, test_rows = hold_out(table.labels, test_size, seed)
    model = LogisticRegression(C=C, solver=solver, tol=tol, random_state=seed)
    start = time.perf_counter()
    _fit(model, table.X[train_rows], table.labels[train_rows])
    return FitReport(
        data=summary,
        fitted_rows=len(train_rows),
        C=C,
        iterations=int(np.max(model.n_iter_)),
        seconds=time.perf_counter() - start,
        kernels=str(show_config()["kernels"]),
        held_out=_score(model, table, train_rows, test_rows) if len(test_rows) else None,
        proof=_proof(model),
    )


def _fit(model: LogisticRegression, X: NDArray[Any], labels: NDArray[Any]) -> None:
    """Fit, with refusals and warnings as sentences; that a fit is not certified, the report says itself."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model.fit(X, labels)
        except ValueError as refusal:
            raise click.UsageError(str(refusal)) from refusal
        except KeyboardInterrupt:
            if hasattr(model, "optimality_"):
                complain(interrupted_sentence(_proof(model)))
            raise
    for warning in caught:
        if not issubclass(warning.category, NotCertifiedWarning):
            complain(f"warning: {warning.message}")


def _proof(model: LogisticRegression) -> Proof:
    reached = model.optimality_
    return Proof(model.trace_[-1].objective, reached.certified, reached.relative_gap, reached.reason)


def _summary(table: Table) -> DataSummary:
    classes, counts = np.unique(table.labels, return_counts=True)
    rows, columns = table.X.shape
    class_counts = dict(zip(classes.tolist(), counts.tolist(), strict=True))
    return DataSummary(table.source, table.target, rows, columns, class_counts)


def _score(model: LogisticRegression, table: Table, train_rows: RowIndices, test_rows: RowIndices) -> HeldOut:
    labels, classes = table.labels[test_rows], model.classes_.tolist()
    _, counts = np.unique(table.labels[train_rows], return_counts=True)
    log_shares = np.log(counts / len(train_rows))
    return HeldOut(
        rows=len(test_rows),
        model=scores(labels, classes, model.predict_log_proba(table.X[test_rows])),
        baseline=scores(labels, classes, np.broadcast_to(log_shares, (len(test_rows), len(classes)))),
    )
