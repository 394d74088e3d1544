"""A matrix as a picture: an SVG that takes its colours from the page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dxent.report.sentences import number

__all__ = ["heat_map", "largest"]

WIDTH, GUTTER, HEADER, LETTER = 760, 150, 92, 22


def heat_map(matrix: NDArray[Any], rows: Sequence[str], columns: Sequence[str]) -> str:
    """Draw a matrix with the names of its rows and columns: the stronger the colour, the larger the entry."""
    wide = (WIDTH - GUTTER) / len(columns)
    high = min(40.0, max(18.0, wide))
    top = HEADER if _named(columns) else 8
    scale = largest(matrix) or 1.0
    cells = [
        _cell(
            float(matrix[i, j]),
            scale,
            (GUTTER + j * wide, top + i * high, wide, high),
            f"{rows[i]}, {columns[j]}",
        )
        for i, j in np.ndindex(matrix.shape)
    ]
    frame = (
        f'<rect class="frame" x="{GUTTER}" y="{top}" width="{WIDTH - GUTTER}" height="{high * len(rows)}"/>'
    )
    labels = [
        _text(GUTTER - 8, top + (i + 0.5) * high, name, "end") for i, name in enumerate(rows)
    ] + _column_labels(columns, wide, top)
    alternative = escape(_alternative(matrix, rows, columns))
    return (
        f'<svg viewBox="0 0 {WIDTH} {top + high * len(rows) + 8:g}" role="img" aria-label="{alternative}">'
        f"{''.join(cells)}{frame}{''.join(labels)}</svg>"
    )


def _cell(value: float, scale: float, box: tuple[float, float, float, float], name: str) -> str:
    x, y, wide, high = box
    strength = 0.8 * abs(value) / scale if np.isfinite(value) else 0.0
    label = f"{escape(name)}: {number(value)}"
    rectangle = (
        f'<rect class="{"raise" if value > 0 else "lower"}" x="{x:.2f}" y="{y:.2f}" width="{wide:.2f}" '
        f'height="{high:.2f}" fill-opacity="{strength:.3f}"><title>{label}</title></rect>'
    )
    return rectangle + (_text(x + wide / 2, y + high / 2, number(value), "middle") if wide >= 70 else "")


def largest(matrix: NDArray[Any]) -> float:
    """Return the largest absolute value among the finite entries."""
    return float(np.abs(matrix[np.isfinite(matrix)]).max(initial=0.0))


def _named(columns: Sequence[str]) -> bool:
    """Tell whether there is room for the names of the columns."""
    return len(columns) <= 32


def _column_labels(columns: Sequence[str], wide: float, top: float) -> list[str]:
    if not _named(columns):
        return []
    places = [GUTTER + (j + 0.5) * wide for j in range(len(columns))]
    return [
        f'<g transform="translate({x:.2f} {top - 8}) rotate(-30)">{_text(0, 0, name, "start")}</g>'
        for x, name in zip(places, columns, strict=True)
    ]


def _text(x: float, y: float, content: str, anchor: str) -> str:
    shown = content if len(content) <= LETTER else f"{content[: LETTER - 1]}…"
    place = f'x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}" dominant-baseline="middle"'
    return f"<text {place}>{escape(shown)}</text>"


def _alternative(matrix: NDArray[Any], rows: Sequence[str], columns: Sequence[str]) -> str:
    """Say in words what the picture shows."""
    sizes = np.where(np.isfinite(matrix), np.abs(matrix), -1.0)
    i, j = divmod(int(np.argmax(sizes)), len(columns))
    return (
        f"Heat map of a matrix of {len(rows)} by {len(columns)} entries; the largest is "
        f"{number(matrix[i, j])}, in row {rows[i]}, column {columns[j]}."
    )
