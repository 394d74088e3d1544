"""The page that ``dxent fit --report`` writes."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import numpy as np
from click.core import ParameterSource

from dxent.cli.holdout import RowIndices
from dxent.cli.options import FitOptions
from dxent.data.table import Frame
from dxent.data.writing import check_writable, write_atomically
from dxent.estimators import TableClassifier
from dxent.report.assessment import assess
from dxent.report.content import FitReport
from dxent.report.fit_html import fit_page
from dxent.report.fitted import read_rows, score

__all__ = ["check_page", "write_page"]


def check_page(options: FitOptions) -> None:
    """Refuse, before any work, a place for the page that cannot be written to or is another file's."""
    if options.page is None:
        return
    try:
        check_writable(options.page, options.force)
    except OSError as refusal:
        raise click.UsageError(str(refusal)) from refusal
    taken = [name for name in (options.data, options.test, options.output) if name is not None]
    if Path(options.page).resolve() in {Path(name).resolve() for name in taken}:
        raise click.UsageError(f"--report: {options.page!r} is the data or the model: name another file")


def write_page(
    options: FitOptions, model: TableClassifier, report: FitReport, scored: Frame, rows: RowIndices
) -> None:
    """Write the page; ``rows`` are the places of the scored rows in their file."""
    assert options.page is not None
    weight = np.ones(len(scored.labels)) if scored.weight is None else scored.weight
    assessment = assess(model, scored.columns, scored.labels, weight, (rows + 1).tolist())
    told, scored_on = [], f"held out of {report.data.source}, not used by the fit"
    if options.test is not None:
        scored_on = f"all of {scored.source}, not used by the fit"
    if report.held_out is None:
        scored_on = "those of the fit"
        told.append("No rows were held out: the scores are of the rows of the fit, and flatter.")
    held_out = report.held_out or score(assessment, scored.labels, weight)
    page = fit_page(read_rows(model, assessment, report.data, held_out, scored_on, _typed(), told))
    try:
        write_atomically(options.page, lambda file: file.write(page.encode()), overwrite=options.force)
    except OSError as refusal:
        raise click.UsageError(str(refusal)) from refusal


def _typed() -> str:
    """Return the command that runs, with all that was typed and nothing that was not."""
    context = click.get_current_context()
    words = ["dxent", "fit"]
    for parameter in context.command.params:
        name = str(parameter.name)
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        if isinstance(parameter, click.Argument):
            words.append(value)
        elif isinstance(value, bool):
            words.append(parameter.opts[0] if value else (parameter.secondary_opts or parameter.opts)[0])
        else:
            for item in value if isinstance(value, tuple) else (value,):
                words += [max(parameter.opts, key=len), str(item)]
    return shlex.join(words)
