"""``dxent fit``: a table in, held-out scores and a proof out."""

from __future__ import annotations

import click

__all__ = ["command"]


@click.command("fit")
@click.argument("data")
@click.option("--target", metavar="COLUMN", help="The column of labels; every other column is a feature.")
@click.option(
    "--test-size",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.25,
    help="Share of the rows, of each class, held out to be scored; 0 fits all rows.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    help="Choose other rows to hold out.",
)
@click.option(
    "--C",
    "c",
    type=float,
    default=1.0,
    help="Inverse of the penalty's strength, as in scikit-learn; inf: no penalty.",
)
@click.option(
    "--solver", default="auto", help="auto, newton, newton-cg or lbfgs; all end at the same optimum."
)
@click.option(
    "--tol",
    type=float,
    default=1e-8,
    help="The relative distance to the optimal objective that is to be proved.",
)
@click.option("--quiet", is_flag=True, help="Print the proof only.")
def command(
    data: str, target: str | None, test_size: float, seed: int, c: float, solver: str, tol: float, quiet: bool
) -> int:
    """Fit softmax regression to DATA and prove it optimal.

    DATA is a bundled data set (iris, wine, digits, breast_cancer) or a CSV, TSV or Parquet file of numeric
    columns. The exit code is 0 if the optimum is proved, 1 if it is not, and 2 if the call or the data are
    at fault.
    """
    from dxent.cli.fitting import load, train
    from dxent.cli.terminal import say
    from dxent.report.console import fit_text, proof_sentence

    report = train(load(data, target), test_size, seed, c, solver, tol)
    say(proof_sentence(report.proof) if quiet else fit_text(report))
    return 0 if report.proof.certified else 1
