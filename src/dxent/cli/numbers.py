"""Numbers typed on the command line."""

from __future__ import annotations

import math

import click

__all__ = ["numbers"]


def numbers(text: str) -> list[list[float]]:
    """Read rows of numbers, all of one length: ``1,2;3,4``. As the type of an option."""
    rows = [[_number(word) for word in row.split(",")] for row in text.split(";")]
    if len({len(row) for row in rows}) > 1:
        raise click.BadParameter(f"{text!r} has rows of different lengths: write rows as in 1,2;3,4")
    return rows


def _number(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise click.BadParameter(f"{word.strip()!r} is not a finite number: write numbers as in 1,2.5,-3")
    return number
