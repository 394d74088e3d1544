"""An explanation as one self-contained page: formulas as MathML, no script, nothing from the network."""

from __future__ import annotations

from dxent.report.console import printable
from dxent.report.derivation import Derivation, Excerpt, Step, excerpt
from dxent.report.explanation import Explanation, Naive, picture
from dxent.report.heatmap import heat_map
from dxent.report.mathml import mathml
from dxent.report.page import page, section, table, text
from dxent.report.sentences import (
    check_sentence,
    naive_sentence,
    number,
    rounding_sentence,
    second_order_sentences,
    size_of_all,
    size_sentence,
)

__all__ = ["explanation_page"]


def explanation_page(explanation: Explanation) -> str:
    """Return the page."""
    derivation = explanation.derivation
    parts = [
        f"<h1>{text(explanation.title)}</h1>",
        *(f"<p>{text(remark)}</p>" for remark in explanation.remarks),
        f"<p>The loss is <code>{text(derivation.chain)}</code>; its derivative, by the chain rule:</p>",
        *(_step(place, step) for place, step in enumerate(derivation.steps, start=1)),
        _closed(derivation),
        _gradient(explanation),
        _second_order(derivation),
        _costs(derivation),
    ]
    if explanation.rounding is not None:
        parts.append(section("Single precision", f"<p>{rounding_sentence(explanation.rounding)}.</p>"))
    if explanation.naive is not None:
        parts.append(_naive(explanation.naive))
    return page(f"{explanation.title}: the derivative of its loss", parts)


def _formulas(*formulas: str) -> str:
    return f'<div class="formula">{"".join(mathml(formula) for formula in formulas if formula)}</div>'


def _step(place: int, step: Step) -> str:
    """One function: formula, input and output side by side, Jacobian, product so far."""
    symbols = step.formula
    parts = [
        _formulas(symbols.value, symbols.derivative, symbols.matrix),
        _beside(
            _matrix(f"takes {mathml(symbols.takes)}", step.takes),
            _matrix(f"gives {mathml(symbols.gives)}", step.gives),
        ),
        _matrix(
            f"Jacobian, {size_sentence(step.jacobian)}, structure {step.structure}: "
            f"<code>{text(step.operator)}</code>",
            step.jacobian,
        ),
    ]
    if place > 1:
        heading = f"Product so far, {size_sentence(step.so_far)}: <code>{text(step.product)}</code>"
        parts.append(_matrix(heading, step.so_far))
    return section(f"{place}. <code>{text(step.name)}</code>", *parts)


def _beside(*parts: str) -> str:
    return f'<div class="beside">{"".join(f"<div>{part}</div>" for part in parts)}</div>'


def _matrix(heading: str, matrix: Excerpt) -> str:
    """A matrix between brackets, with dots where it goes on."""
    right = ["<td>…</td>"] if matrix.corner.shape[1] < matrix.columns else []
    rows = ["".join([*map(_entry, row), *right]) for row in matrix.corner]
    if matrix.corner.shape[0] < matrix.rows:
        rows.append("<td>…</td>" * (matrix.corner.shape[1] + len(right)))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<h3>{heading}</h3><div class="scroll"><table class="matrix"><tbody>{body}</tbody></table></div>'


def _entry(value: float) -> str:
    return f"<td{'' if value else ' class=zero'}>{number(value)}</td>"


def _closed(derivation: Derivation) -> str:
    """The rule, and the chain's gradient beside the closed form's."""
    rules = [
        f'<div class="rule"><code>{text(firing.before)} → {text(firing.after)}</code>'
        f"{_formulas(firing.reason)}</div>"
        for firing in derivation.firings
    ]
    form = derivation.closed_form
    return section(
        f"The closed form: <code>{text(derivation.simplified)}</code>",
        *rules,
        "" if form is None else _formulas(form.gradient, form.hessian),
        _beside(
            _matrix("by the chain", excerpt(derivation.raw_gradient)),
            _matrix("by the closed form", excerpt(derivation.gradient)),
        ),
        f"<p>Largest difference {derivation.difference:.1e}; {check_sentence(derivation)}. The loss is "
        f"{derivation.value:.8g} nats, by the chain {derivation.raw_value:.8g}.</p>",
    )


def _gradient(explanation: Explanation) -> str:
    drawn = picture(explanation)
    rows, columns = tuple(map(printable, drawn.rows)), tuple(map(printable, drawn.columns))
    return section(
        f"The gradient, {len(rows)} × {size_of_all(len(columns), len(explanation.columns))}",
        f'<figure><div class="scroll">{heat_map(drawn.entries, rows, columns)}</div><figcaption>'
        '<span class="key raise"></span> more of it raises the loss &ensp; '
        '<span class="key lower"></span> it lowers the loss</figcaption></figure>',
    )


def _second_order(derivation: Derivation) -> str:
    order = derivation.second_order
    rows = [
        (
            name if not place else "",
            f"<code>{text(term.function)}</code>",
            f"<code>{text(term.factors)}</code>",
            number(term.size),
        )
        for name, found in (("raw chain", order.raw), ("closed form", order.closed))
        for place, term in enumerate(found)
    ]
    return section(
        "The second derivative",
        table(("", "curvature of", "term", "largest entry"), rows),
        *(f"<p>{sentence}</p>" for sentence in second_order_sentences(derivation)),
    )


def _costs(derivation: Derivation) -> str:
    costs = derivation.costs
    orders = {
        "forward": costs.forward,
        "reverse": costs.reverse,
        "chosen": costs.chosen,
        "closed form": costs.closed_form,
    }
    rows = [
        (name, f"{order.multiplications:,}", f"{order.entries:,}", f"<code>{text(order.bracketing)}</code>")
        for name, order in orders.items()
        if order is not None
    ]
    return section(
        "What it costs to form the Jacobian",
        table(("order", "multiplications", "entries of the largest matrix", "bracketing"), rows),
    )


def _naive(naive: Naive) -> str:
    rows = [
        (text(name), *map(number, row))
        for name, row in zip(naive.rows, zip(*naive.columns.values(), strict=True), strict=True)
    ]
    return section(
        f"Without the shift, in {naive.precision}",
        table(("", *map(mathml, naive.columns)), rows),
        f"<p>{naive_sentence(naive)}</p>",
    )
