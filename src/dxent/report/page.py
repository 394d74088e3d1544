"""A self-contained page and the parts that it is made of: no script, nothing from the network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files

from dxent.report.console import printable

__all__ = ["page", "section", "table", "text"]


def page(title: str, parts: Sequence[str]) -> str:
    """Return the document; the title is text, the parts are markup."""
    style = files("dxent.report").joinpath("templates/page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>\n{style}</style>\n"
        "</head>\n<body>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def text(words: str) -> str:
    """Return text that can neither mark up the page nor reorder it."""
    return escape(printable(words))


def section(heading: str, *parts: str) -> str:
    """Return a section; heading and parts are markup."""
    return f"<section>\n<h2>{heading}</h2>\n{''.join(parts)}\n</section>"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose first column names the rows; cells are markup."""
    head = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    inside = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="scroll"><table class="list">{inside}</table></div>'
