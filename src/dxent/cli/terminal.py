"""Printing: colours on a terminal, plain text elsewhere, and never a control character from the data."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec

import click

__all__ = ["complain", "say", "telling_warnings", "waiting"]


def say(text: str) -> None:
    """Print to standard output; a terminal gets numbers and words in colour unless NO_COLOR is set."""
    from dxent.report.console import printable

    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or find_spec("rich") is None:
        click.echo(printable(text))
        return
    from rich.console import Console

    Console(soft_wrap=True).print(printable(text), markup=False, emoji=False)


def complain(sentence: str) -> None:
    """Print one sentence to standard error."""
    from dxent.report.console import printable

    click.echo(f"dxent: {printable(sentence)}", err=True)


def waiting(what: str, quiet: bool) -> AbstractContextManager[object]:
    """Show on a terminal, for as long as the context lasts, that work goes on."""
    if quiet or not sys.stderr.isatty() or find_spec("rich") is None:
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(f"{what} …")


@contextmanager
def telling_warnings(*, silent: tuple[type[Warning], ...] = ()) -> Generator[None]:
    """Print each warning of what is done in the context as one sentence, but for those that are silent."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        if not issubclass(warning.category, silent):
            complain(f"warning: {warning.message}")
