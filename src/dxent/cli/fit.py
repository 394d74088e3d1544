"""``dxent fit``: a table in; a model, held-out scores and a proof out."""

from __future__ import annotations

from typing import Any

import click

from dxent.cli.options import FitOptions, strength

__all__ = ["command"]


@click.command("fit")
@click.argument("data")
@click.option("--target", metavar="COLUMN", help="The column of labels; every other column is used.")
@click.option("-o", "--output", metavar="FILE", help="Write the model here, for dxent predict.")
@click.option("--report", "page", metavar="FILE", help="Write a page on the fit here, as HTML.")
@click.option("--drop", metavar="COLUMN", multiple=True, help="Do not use a column; may be repeated.")
@click.option("--text", metavar="COLUMN", multiple=True, help="Count the words of a column; may be repeated.")
@click.option("--test", metavar="FILE", help="Score on the rows of this file, and fit all rows of DATA.")
@click.option(
    "--test-size",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.25,
    help="Share of the rows, of each class, held out to be scored; 0 fits all rows.",
)
@click.option("--weight", metavar="COLUMN", help="How much each row counts: a column of numbers from 0.")
@click.option(
    "--C",
    "C",
    type=strength,
    default="1.0",
    metavar="NUMBER|auto",
    help="Inverse of the penalty's strength, as in scikit-learn; inf: no penalty; auto: cross-validated.",
)
@click.option(
    "--standardize/--no-standardize",
    default=True,
    help="Penalise numbers as if their standard deviation were 1, or as they stand.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, help="Choose other rows to hold out.")
@click.option("--solver", default="auto", help="auto, newton, newton-cg or lbfgs; all end at one optimum.")
@click.option(
    "--tol",
    type=float,
    default=1e-8,
    help="The relative distance to the optimal objective that is to be proved.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--quiet", is_flag=True, help="Print the proof only.")
@click.option("--force", is_flag=True, help="Overwrite the files of -o and --report.")
def command(**typed: Any) -> int:
    """Fit softmax regression to DATA and prove it optimal.

    DATA is a bundled data set (iris, wine, digits, breast_cancer) or a CSV, TSV, Parquet or svmlight file.
    Columns may be numbers, truth values, dates or categories, with missing values. An svmlight file needs no
    --target. The exit code is 0 if the optimum is proved, 1 if it is not, and 2 if the call or the data are
    at fault.
    """
    from dxent.cli.fitting import train
    from dxent.cli.terminal import say
    from dxent.report.as_json import fit_json
    from dxent.report.console import fit_text, proof_sentence

    options = FitOptions(**typed)
    report = train(options)
    if options.as_json:
        click.echo(fit_json(report))
    else:
        say(proof_sentence(report.proof) if options.quiet else fit_text(report))
    return 0 if report.proof.certified else 1
