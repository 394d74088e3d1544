"""What can be typed after ``dxent fit``, as one object."""

from __future__ import annotations

from dataclasses import dataclass

import click

__all__ = ["FitOptions", "strength"]


@dataclass(frozen=True)
class FitOptions:
    """The arguments and options of ``dxent fit``."""

    data: str
    target: str | None
    output: str | None
    page: str | None
    drop: tuple[str, ...]
    text: tuple[str, ...]
    test: str | None
    test_size: float
    weight: str | None
    C: float | str
    standardize: bool
    seed: int
    solver: str
    tol: float
    as_json: bool
    quiet: bool
    force: bool


def strength(text: str) -> float | str:
    """Read a C: a number, or "auto". As the type of an option."""
    if text == "auto":
        return text
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is neither a number nor auto") from None
