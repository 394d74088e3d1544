"""An explanation as plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dxent.report.derivation import Derivation, Excerpt, Step
from dxent.report.explanation import Explanation, Naive, picture
from dxent.report.heatmap import largest
from dxent.report.mathml import plain
from dxent.report.sentences import (
    check_sentence,
    naive_sentence,
    number,
    rounding_sentence,
    second_order_sentences,
    size_of_all,
    size_sentence,
)

__all__ = ["explanation_text"]

Numbers = NDArray[Any]

SHOWN_ROWS, SHOWN_COLUMNS = 10, 8
POSITIVE, NEGATIVE = "░▒▓█", "·∘○●"


def explanation_text(explanation: Explanation) -> str:
    """Return the explanation, its parts one below the other."""
    derivation = explanation.derivation
    parts = [
        "\n".join([explanation.title, *(f"  {remark}" for remark in explanation.remarks)]),
        f"The loss   {derivation.chain}",
        *(_step_text(place, step) for place, step in enumerate(derivation.steps, start=1)),
        _closed_text(explanation),
        _heat_text(explanation),
        _second_order_text(derivation),
        _costs_text(derivation),
    ]
    if explanation.rounding is not None:
        parts.append(f"Single precision\n{_wrapped(rounding_sentence(explanation.rounding))}")
    if explanation.naive is not None:
        parts.append(_naive_text(explanation.naive))
    return "\n\n".join(parts)


def _step_text(place: int, step: Step) -> str:
    """Return one function: its formula, input, output, Jacobian and the product so far."""
    symbols = step.formula
    derivatives = "    ".join(plain(line) for line in (symbols.derivative, symbols.matrix) if line)
    lines = [f"{place}. {step.name}    {plain(symbols.value)}"]
    if derivatives:
        lines.append(f"   {derivatives}")
    lines += _labelled(f"{symbols.takes} =", step.takes)
    lines += _labelled(f"{symbols.gives} =", step.gives)
    heading = f"   Jacobian, {size_sentence(step.jacobian)}, structure {step.structure}: {step.operator}"
    lines += _matrix_text(heading, step.jacobian)
    if place > 1:
        lines += _matrix_text(f"   Product so far, {size_sentence(step.so_far)}: {step.product}", step.so_far)
    return "\n".join(lines)


def _wrapped(sentence: str) -> str:
    return fill(sentence, width=100, initial_indent="   ", subsequent_indent="   ")


def _labelled(label: str, values: Excerpt) -> Iterator[str]:
    """Yield the rows of an array beside its name."""
    for row in _grid(values):
        yield f"   {label} {row}"
        label = " " * len(label)


def _matrix_text(heading: str, matrix: Excerpt) -> list[str]:
    return [heading, *(f"     {row}" for row in _grid(matrix))]


def _grid(matrix: Excerpt) -> list[str]:
    """Return the rows of the corner that fits, with dots where the matrix goes on."""
    corner = matrix.corner[:SHOWN_ROWS, :SHOWN_COLUMNS]
    rows = _aligned([[number(value) for value in row] for row in corner])
    if corner.shape[1] < matrix.columns:
        rows = [f"{row}  …" for row in rows]
    return [*rows, "…"] if corner.shape[0] < matrix.rows else rows


def _aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]


def _closed_text(explanation: Explanation) -> str:
    """Return the rule that fires, the closed form beside the chain, and the check by differences."""
    derivation = explanation.derivation
    lines = [f"The rule   {firing.before}  →  {firing.after}" for firing in derivation.firings]
    lines += [f"   because {plain(firing.reason)}" for firing in derivation.firings if firing.reason]
    lines.append(f"The closed form   {derivation.simplified}")
    if derivation.closed_form is not None:
        lines.append(f"   {plain(derivation.closed_form.gradient)}")
    lines += [
        f"   loss       {derivation.value:.8g} nats, by the chain {derivation.raw_value:.8g}",
        f"   gradient   largest difference between closed form and chain: {derivation.difference:.1e}",
        f"   check      {check_sentence(derivation)}",
    ]
    return "\n".join(lines)


def _heat_text(explanation: Explanation) -> str:
    """Return the gradient with the names of its rows and columns, and its picture."""
    drawn = picture(explanation)
    gradient, names = drawn.entries, drawn.columns
    rows, columns = gradient.shape
    shown = min(columns, SHOWN_COLUMNS)
    header = ["", *(name if len(name) <= 18 else f"{name[:17]}…" for name in names[:shown])]
    body = [[name, *map(number, row[:shown])] for name, row in zip(explanation.rows, gradient, strict=True)]
    table = _aligned([header, *body][: SHOWN_ROWS + 1])
    scale = largest(gradient)
    shades = [
        f"{name.rjust(max(map(len, explanation.rows)))}  {''.join(_cell(value, scale) for value in row)}"
        for name, row in zip(explanation.rows, gradient, strict=True)
    ]
    more = "  …" if shown < columns or len(body) > SHOWN_ROWS else ""
    return "\n".join(
        [
            f"The gradient   {rows} × {size_of_all(columns, len(explanation.columns))}{more}",
            *(f"   {line}" for line in table),
            f"   as a picture: {POSITIVE} raise the loss, {NEGATIVE} lower it; largest {number(scale)}",
            *(f"   {line}" for line in shades),
        ]
    )


def _cell(value: float, scale: float) -> str:
    """Return two characters for one entry: the darker the larger."""
    if not np.isfinite(value):
        return "??"
    shade = int(np.ceil(4 * abs(value) / scale)) if scale else 0
    return 2 * ((POSITIVE if value > 0 else NEGATIVE)[shade - 1] if shade else " ")


def _second_order_text(derivation: Derivation) -> str:
    """Return the terms of the Hessian, of the raw chain and of the closed form."""
    order = derivation.second_order
    lines = ["The second derivative"]
    for heading, found in (("raw chain", order.raw), ("closed form", order.closed)):
        lines.append(f"   {heading}")
        sizes = [number(term.size) for term in found]
        lines += [
            f"     {'+' if place else 'H ='} {term.function}: {term.factors}    largest entry {size}"
            for place, (term, size) in enumerate(zip(found, sizes, strict=True))
        ]
    return "\n".join([*lines, *map(_wrapped, second_order_sentences(derivation))])


def _costs_text(derivation: Derivation) -> str:
    return "\n".join(["What it costs", *(f"   {line}" for line in str(derivation.costs).splitlines())])


def _naive_text(naive: Naive) -> str:
    headings = ["", *(plain(heading) for heading in naive.columns)]
    cells = zip(*naive.columns.values(), strict=True)
    body = [[name, *map(number, row)] for name, row in zip(naive.rows, cells, strict=True)]
    table = [f"   {line}" for line in _aligned([headings, *body])]
    return "\n".join([f"Without the shift, in {naive.precision}", *table, _wrapped(naive_sentence(naive))])
