"""The work behind ``dxent fit``: from what was typed to a model, its file, and a report."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, replace
from typing import Any

import click
import numpy as np

from dxent.cli.frames import blaming, dropped, open_frame, weighted
from dxent.cli.holdout import RowIndices, hold_out
from dxent.cli.options import FitOptions
from dxent.cli.reporting import check_page, write_page
from dxent.cli.terminal import complain, telling_warnings, waiting
from dxent.data.leaks import telling_columns
from dxent.data.table import Frame, TableError
from dxent.data.writing import check_writable
from dxent.estimators import NotCertifiedWarning, TableClassifier
from dxent.estimators.persistence import model_file
from dxent.kernels.dispatch import show_config
from dxent.modelfile import write_model
from dxent.report.console import interrupted_sentence
from dxent.report.content import DataSummary, FitReport, HeldOut, Proof
from dxent.report.metrics import chance, scores, spread

__all__ = ["train"]

_FEW_CLASSES = 20  # so many may well have a row or two each


def train(options: FitOptions) -> FitReport:
    """Fit part of the table's rows, score the rest, and write the model if it is wanted."""
    _check_output(options)
    frame = weighted(dropped(open_frame(options.data, options.target), options.drop), options.weight)
    _check_classes(frame)
    training, tested, rows = _split(frame, options)
    model = TableClassifier(
        C=options.C,
        standardize=options.standardize,
        text=options.text,
        target=frame.target,
        tol=options.tol,
        solver=options.solver,
        random_state=options.seed,
    )
    start = time.perf_counter()
    _fit(model, training, options)
    report = FitReport(
        data=_summary(frame, model),
        fitted_rows=len(training.labels),
        C=float(model.C_),
        iterations=int(np.max(model.n_iter_)),
        seconds=time.perf_counter() - start,
        kernels=str(show_config()["kernels"]),
        held_out=_score(model, training, tested, options.seed) if len(tested.labels) else None,
        proof=_proof(model),
        model=options.output,
    )
    _write(model, options, report)
    if options.page is not None:
        scored = (training, np.arange(len(training.labels))) if report.held_out is None else (tested, rows)
        write_page(options, model, report, *scored)
    return report


def _check_output(options: FitOptions) -> None:
    """Refuse places for the model and the page that cannot be written to, before any work."""
    check_page(options)
    if options.output is None:
        return
    try:
        check_writable(options.output, options.force)
    except OSError as refusal:
        raise click.UsageError(str(refusal)) from refusal


def _check_classes(frame: Frame) -> None:
    classes, rows = len(set(frame.labels.tolist())), len(frame.labels)
    if classes == 1:
        raise click.UsageError(
            f"all {rows} rows of {frame.source!r} are of class {frame.labels[0].item()!r}: a classifier "
            "needs two"
        )
    if classes > _FEW_CLASSES and 2 * classes > rows:
        raise click.UsageError(
            f"the target {frame.target!r} has {classes} different values in {rows} rows, too many to be "
            "classes: name another column, or cut its numbers into ranges first"
        )


def _split(frame: Frame, options: FitOptions) -> tuple[Frame, Frame, RowIndices]:
    """Return the rows to fit, and the rows to score with their places in this table or in another file."""
    if options.test is None:
        train_rows, test_rows = hold_out(frame.labels, options.test_size, options.seed)
        return frame.take(train_rows), frame.take(test_rows), test_rows
    other = open_frame(options.test, frame.target)
    if frame.labels.dtype.kind == "U":
        # 1, 2 are numbers in a file of their own, and text beside x
        other = replace(other, labels=other.labels.astype(str))
    unseen = sorted(set(other.labels.tolist()) - set(frame.labels.tolist()), key=str)
    if unseen:
        raise click.UsageError(
            f"{other.source!r} has labels that {frame.source!r} lacks, such as {unseen[0]!r}: drop its rows"
        )
    return frame, weighted(other, options.weight), np.arange(len(other.labels))


def _fit(model: TableClassifier, frame: Frame, options: FitOptions) -> None:
    """Fit, with refusals and warnings as sentences; that a fit is not certified, the report says itself."""
    with telling_warnings(silent=(NotCertifiedWarning,)), waiting("fitting", options.quiet):
        try:
            model.fit(frame.columns, frame.labels, frame.weight)
        except TableError as fault:
            raise click.UsageError(f"{frame.source!r}: {fault}") from fault
        except ValueError as refusal:
            raise click.UsageError(str(refusal)) from refusal
        except KeyboardInterrupt:
            if hasattr(model, "model_"):
                _write(model, options, None)
                kept = f"; it is kept in {options.output!r}" if options.output else ""
                complain(interrupted_sentence(_proof(model)) + kept)
            raise


def _proof(model: TableClassifier) -> Proof:
    reached = model.optimality_
    return Proof(model.trace_[-1].objective, reached.certified, reached.relative_gap, reached.reason)


def _summary(frame: Frame, model: TableClassifier) -> DataSummary:
    classes, counts = np.unique(frame.labels, return_counts=True)
    schema = model.schema_
    constant = [f"column {name!r} has one value only, and is left out" for name in schema.constant]
    telling = [
        f"column {name!r} alone tells {frame.target!r} of every row: is it known when you predict? If not, "
        "leave it out (--drop)"
        for name in telling_columns(frame.columns, frame.labels)
    ]
    return DataSummary(
        source=frame.source,
        target=frame.target,
        rows=len(frame.labels),
        kinds=dict(Counter(schema.kinds().values())),
        features=len(schema.features),
        class_counts=dict(zip(classes.tolist(), counts.tolist(), strict=True)),
        notes=(*constant, *telling),
    )


def _score(model: TableClassifier, training: Frame, tested: Frame, seed: int) -> HeldOut:
    classes = model.classes_.tolist()
    with telling_warnings(), blaming(tested.source):
        log_probs = model.predict_log_proba(tested.columns)
    places = np.searchsorted(model.classes_, training.labels)
    shares = np.bincount(places, training.weight, minlength=len(classes))
    return HeldOut(
        rows=len(tested.labels),
        model=scores(tested.labels, classes, log_probs, tested.weight),
        spread=spread(tested.labels, classes, log_probs, tested.weight, seed=seed),
        baseline=chance(tested.labels, classes, shares / shares.sum(), tested.weight),
    )


def _write(model: TableClassifier, options: FitOptions, report: FitReport | None) -> None:
    """Write the model with what the report says of it, if a file was named."""
    if options.output is None:
        return
    facts: dict[str, Any] = {"data": options.data}
    if report is not None:
        facts |= {"rows": report.fitted_rows}
        if report.held_out is not None:
            facts |= {"held_out_rows": report.held_out.rows, "held_out": asdict(report.held_out.model)}
    try:
        write_model(model_file(model, facts), options.output, overwrite=options.force)
    except (OSError, ValueError) as refusal:
        raise click.UsageError(str(refusal)) from refusal
