"""Write the reference of the command line, docs/cli.md, from its own help.

python tools/cli_reference.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dxent.cli.commands import root

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
INTRODUCTION = """# The command line

Written by `tools/cli_reference.py` from `dxent --help`; a test compares. The exit code is 0 if all is well,
1 if a fit is not proved optimal or a check failed, 2 if the call or the data are at fault, 130 if
interrupted, and 141 if the reader of the output went away.
"""


def reference() -> str:
    """Return the page: the help of the program, then of each command."""
    with click.Context(root, info_name="dxent", terminal_width=100, show_default=True) as program:
        parts = [_block("dxent", root.get_help(program))]
        for name in root.list_commands(program):
            command = root.get_command(program, name)
            assert command is not None
            with click.Context(command, parent=program, info_name=name) as context:
                parts.append(_block(f"dxent {name}", command.get_help(context)))
    return "\n".join([INTRODUCTION, *parts])


def _block(heading: str, shown: str) -> str:
    return f"## {heading}\n\n```text\n{shown}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
    sys.stdout.write(f"written: {PAGE.name}\n")
