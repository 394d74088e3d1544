"""Print the longest files and functions of the package, and fail past the limits.

    python tools/house_numbers.py [DIRECTORY]

A file aims at 250 lines and may have 400. A function's body, without its docstring, aims at 25 lines for nine
functions in ten and may have 60. Each outlier that is printed needs a good reason.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import Path

FILE_AIM, FILE_LIMIT = 250, 400
BODY_AIM, BODY_LIMIT = 25, 60


@dataclass(frozen=True, order=True)
class Length:
    """How many lines something has, and where it is."""

    lines: int
    place: str


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function from its first statement on, the docstring left out."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return 1 + (body[-1].end_lineno or 0) - body[0].lineno if body else 0


def functions(path: Path) -> list[Length]:
    """Measure the functions of a file, nested ones too."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return [
        Length(body_lines(node), f"{path}:{node.lineno} {node.name}")
        for node in nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def report(kind: str, lengths: list[Length], aim: int, limit: int) -> bool:
    """Print the 90th percentile and what is beyond the aim; return whether all keep the limit."""
    ordered = sorted(lengths)
    at_90 = ordered[int(0.9 * (len(ordered) - 1))].lines if ordered else 0
    print(f"{len(ordered)} {kind}: 90 % have at most {at_90} lines (aim {aim}, limit {limit})")
    for length in reversed(ordered):
        if length.lines > aim:
            print(f"  {length.lines:4} {length.place}{'  TOO LONG' if length.lines > limit else ''}")
    return not ordered or ordered[-1].lines <= limit


def main(directory: str = "src") -> int:
    """Measure a directory; return the exit code."""
    paths = sorted(Path(directory).rglob("*.py"))
    files = [Length(len(path.read_text(encoding="utf-8").splitlines()), str(path)) for path in paths]
    bodies = [length for path in paths for length in functions(path)]
    files_kept = report("files", files, FILE_AIM, FILE_LIMIT)
    bodies_kept = report("functions", bodies, BODY_AIM, BODY_LIMIT)
    return 0 if files_kept and bodies_kept else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
