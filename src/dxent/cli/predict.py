"""``dxent predict``: a model and a table in; labels and probabilities out."""

from __future__ import annotations

import click

__all__ = ["command"]


@click.command("predict")
@click.argument("model")
@click.argument("data")
@click.option("-o", "--output", metavar="FILE", help="Write CSV here instead of to standard output.")
@click.option("--raw-csv", is_flag=True, help="Write labels as they are, even those like formulas.")
@click.option("--force", is_flag=True, help="Overwrite the file of -o.")
def command(model: str, data: str, output: str | None, raw_csv: bool, force: bool) -> int:
    """Predict the rows of DATA with MODEL, a file that dxent fit wrote.

    DATA is a CSV, TSV, Parquet or svmlight file that has the columns the model was fitted to, in any order;
    others are ignored. The CSV has a header and, for each row, the likeliest label and the probability of
    each class. A label that begins like a formula (=, +, -, @, a tab) gets an apostrophe in front.
    """
    from dxent.cli.predicting import predict

    predict(model, data, output, guard=not raw_csv, force=force)
    return 0
