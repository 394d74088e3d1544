"""``dxent inspect``: what is in a model file."""

from __future__ import annotations

import click

__all__ = ["command"]


@click.command("inspect")
@click.argument("model")
@click.option("--largest", type=click.IntRange(0), default=10, help="How many features to show.")
def command(model: str, largest: int) -> int:
    """Show what MODEL predicts, from which columns, what was proved, and its largest coefficients."""
    from dxent.cli.terminal import say
    from dxent.modelfile import ModelFileError, read_model
    from dxent.report.model_text import model_text

    try:
        say(model_text(read_model(model), largest))
    except ModelFileError as fault:
        raise click.UsageError(str(fault)) from fault
    return 0
