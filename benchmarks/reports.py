"""How the smaller benchmarks keep what they find: tables of numbers, and where they were made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from machine import about

__all__ = ["RESULTS", "Table", "cell", "keep", "markdown"]

RESULTS = Path(__file__).parent / "results"
Table = dict[str, Any]  # title, note, header, rows of text and numbers


def keep(name: str, tables: list[Table], directory: Path = RESULTS) -> None:
    """Write the tables to a file, and print them."""
    directory.mkdir(exist_ok=True)
    text = json.dumps({"about": about(), "tables": tables}, ensure_ascii=False, indent=1)
    (directory / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print("\n".join(line for table in tables for line in markdown(table)))


def markdown(table: Table) -> list[str]:
    """Return the lines of a table with its title and note."""
    columns = table["header"]
    return [
        f"\n## {table['title']}\n",
        f"{table['note']}\n",
        f"| {' | '.join(columns)} |",
        f"|---|{'---:|' * (len(columns) - 1)}",
        *(f"| {' | '.join(map(cell, row))} |" for row in table["rows"]),
    ]


def cell(entry: Any) -> str:
    """Return a number to three digits, or to the unit; a text as it is."""
    return entry if isinstance(entry, str) else f"{entry:,.0f}" if entry >= 1000 else f"{entry:.3g}"
