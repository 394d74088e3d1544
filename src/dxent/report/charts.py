"""Points joined by lines, on two axes, as an SVG that takes its colours from the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Axis", "Line", "chart", "decades", "steps"]

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 400, 280, 72, 16, 12, 46

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axis:
    """An axis from its first tick to its last; points are in the unit of the ticks' positions."""

    name: str
    ticks: tuple[tuple[float, str], ...]

    def share(self, position: float) -> float:
        """Return how far along the axis a position is, from 0 to 1."""
        low, high = self.ticks[0][0], self.ticks[-1][0]
        return (position - low) / (high - low)


@dataclass(frozen=True, eq=False)
class Line:
    """Points, the name that the legend has for them, and how far each may be off upwards and downwards."""

    name: str
    points: Points
    errors: Sequence[float] = ()


def steps(name: str, high: float) -> Axis:
    """Return an axis from 0 to at least ``high`` in three to six round steps."""
    unit = 10.0 ** math.floor(math.log10(high))
    step = next(unit * factor for factor in (0.2, 0.5, 1, 2) if high <= 6 * unit * factor)
    return Axis(name, tuple((k * step, f"{k * step:g}") for k in range(math.ceil(high / step) + 1)))


def decades(name: str, values: Sequence[float]) -> Axis:
    """Return an axis of powers of ten that holds positive values; positions on it are log₁₀."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)
    stride = math.ceil((high - low) / 6)
    powers = range(low, high + stride, stride)
    return Axis(name, tuple((float(power), f"1e{power}") for power in powers))


def chart(lines: Sequence[Line], x: Axis, y: Axis, alternative: str) -> str:
    """Draw lines, each with a mark at its points; ``alternative`` says in words what there is to see."""
    drawn = [_ticks_x(x), _ticks_y(y)]
    # The first line lies above the others.
    drawn += [_line(line, place, x, y) for place, line in reversed(list(enumerate(lines, start=1)))]
    drawn += [
        _text(LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 8, x.name, "middle"),
        f'<g transform="translate(14 {TOP + (HEIGHT - TOP - BOTTOM) / 2:g}) rotate(-90)">'
        f"{_text(0, 0, y.name, 'middle')}</g>",
    ]
    keys = " &ensp; ".join(
        f'<span class="key line-{place}"></span> {escape(line.name)}'
        for place, line in enumerate(lines, start=1)
    )
    return (
        f'<figure><svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(alternative)}">{"".join(drawn)}</svg><figcaption>{keys}</figcaption></figure>'
    )


def _line(line: Line, place: int, x: Axis, y: Axis) -> str:
    spots = [(_across(x, a), _up(y, b)) for a, b in line.points]
    bars = [
        f'<path class="line-{place}" d="M{_across(x, a):.2f} {_up(y, b - off):.2f}V{_up(y, b + off):.2f}"/>'
        for (a, b), off in zip(line.points, line.errors, strict=False)
    ]
    path = "L".join(f"{a:.2f} {b:.2f}" for a, b in spots)
    marks = [f'<circle class="line-{place}" cx="{a:.2f}" cy="{b:.2f}" r="3.5"/>' for a, b in spots]
    return f'<path class="line-{place}" d="M{path}"/>{"".join(bars)}{"".join(marks)}'


def _ticks_x(axis: Axis) -> str:
    bottom = HEIGHT - BOTTOM
    return "".join(
        f'<path class="grid" d="M{_across(axis, position):.2f} {TOP}V{bottom}"/>'
        + _text(_across(axis, position), bottom + 14, label, "middle")
        for position, label in axis.ticks
    )


def _ticks_y(axis: Axis) -> str:
    return "".join(
        f'<path class="grid" d="M{LEFT} {_up(axis, position):.2f}H{WIDTH - RIGHT}"/>'
        + _text(LEFT - 8, _up(axis, position), label, "end")
        for position, label in axis.ticks
    )


def _across(axis: Axis, position: float) -> float:
    return LEFT + axis.share(position) * (WIDTH - LEFT - RIGHT)


def _up(axis: Axis, position: float) -> float:
    """Return the height in the picture, which grows downwards; what is off the axis stays at its end."""
    share = min(1.0, max(0.0, axis.share(position)))
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _text(x: float, y: float, words: str, anchor: str) -> str:
    place = f'x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}" dominant-baseline="middle"'
    return f"<text {place}>{escape(words)}</text>"
