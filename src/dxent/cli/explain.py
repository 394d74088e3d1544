"""``dxent explain``: the derivative of one row's loss, step by step, with the numbers."""

from __future__ import annotations

from typing import Any

import click

from dxent.cli.numbers import numbers

__all__ = ["command"]

Rows = list[list[float]]


@click.command("explain")
@click.argument("data", required=False)
@click.option("--target", metavar="COLUMN", help="The column of labels of a file.")
@click.option("--model", metavar="FILE", help="A model that dxent fit wrote; without it, one is fitted.")
@click.option("--row", type=click.IntRange(1), help="Which row of DATA; the first, without it, is 1.")
@click.option("--logits", type=numbers, help="Instead of DATA: the logits, such as 1,2,5.")
@click.option("--x", type=numbers, help="Instead of DATA: the features of one sample.")
@click.option("--W", "weights", type=numbers, help="With --x: the weights, one row a class: '2,3;5,6'.")
@click.option("--label", type=click.IntRange(0), help="With --logits or --x: the class; the first is 0.")
@click.option("--binary", is_flag=True, help="The sigmoid of one logit; of many classes: this row's or not.")
@click.option("--float32", "single", is_flag=True, help="In single precision, and what that loses.")
@click.option("--naive", is_flag=True, help="Show what overflows or is lost without the shift.")
@click.option("--html", type=click.Path(dir_okay=False), help="Write one self-contained page instead.")
def command(
    data: str | None,
    target: str | None,
    model: str | None,
    row: int | None,
    logits: Rows | None,
    x: Rows | None,
    weights: Rows | None,
    label: int | None,
    binary: bool,
    single: bool,
    naive: bool,
    html: str | None,
) -> int:
    """Explain the derivative of a row's loss by the chain rule.

    DATA is a bundled data set (iris, wine, digits, breast_cancer) or a CSV, TSV, Parquet or svmlight file
    with labels. The model is that of --model, or is fitted to DATA first. Or the numbers are typed in:
    --logits 1,2,5 --label 2, or --x, --W and --label.
    """
    _check_choice({"DATA": data, "--logits": logits, "--x": x})
    if data is None:
        _forbid("goes with DATA", {"--row": row, "--target": target, "--model": model})
    else:
        _forbid("goes with --logits or --x, not with DATA", {"--label": label})
    if x is None:
        _forbid("goes with --x", {"--W": weights})

    from dxent.cli import explaining, explaining_rows
    from dxent.cli.terminal import say
    from dxent.report.derivation_console import explanation_text
    from dxent.report.derivation_html import explanation_page

    if data is not None and model is not None:
        case = explaining_rows.of_row_and_model(model, data, target, row or 1, binary)
    elif data is not None:
        case = explaining_rows.of_row(data, target, row or 1, binary)
    elif label is None:
        raise click.UsageError("name the class that happened: --label")
    elif logits is not None:
        case = explaining.of_logits(logits, label, binary)
    elif x is not None:
        case = explaining.of_weights(x, weights, label, binary)
    explanation = explaining.explain(case, single, naive)
    if html is None:
        say(explanation_text(explanation))
    else:
        explaining.write(html, explanation_page(explanation))
        say(f"{explanation.title}: explained in {html}")
    return 0


def _check_choice(sources: dict[str, Any]) -> None:
    given = [name for name, value in sources.items() if value is not None]
    if len(given) != 1:
        found = " and ".join(given) if given else "none of them"
        raise click.UsageError(f"explain one of DATA, --logits and --x: found {found}")


def _forbid(reason: str, options: dict[str, Any]) -> None:
    for name, value in options.items():
        if value is not None:
            raise click.UsageError(f"{name} {reason}")
