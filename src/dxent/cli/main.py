"""The entry point ``dxent``: from the words typed to an exit code.

0  done     1  done, but not proved     2  a mistake in the call or in the data, told in one sentence
130  interrupted     141  the reader of our output went away
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

__all__ = ["main"]


def main() -> None:
    """Run the command line and leave the process."""
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # What is left in the buffer goes nowhere, or Python would complain about it on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except KeyboardInterrupt:
        print("dxent: interrupted", file=sys.stderr)
        code = 130
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command in this process and return its exit code."""
    try:
        import click

        from dxent.cli.commands import root
        from dxent.cli.terminal import complain
    except ModuleNotFoundError as missing:
        if missing.name != "click":
            raise
        print("dxent: the command line needs its extra: pip install 'dxent[cli]'", file=sys.stderr)
        return 2
    try:
        with root.make_context("dxent", list(arguments)) as context:
            return int(root.invoke(context) or 0)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as mistake:
        complain(mistake.format_message())
        return 2
