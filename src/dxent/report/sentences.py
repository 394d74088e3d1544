"""What an explanation says in words, the same in the terminal and on a page."""

from __future__ import annotations

import math

from dxent.report.derivation import Derivation, Excerpt
from dxent.report.explanation import Naive, Rounding

__all__ = [
    "check_sentence",
    "naive_sentence",
    "number",
    "rounding_sentence",
    "second_order_sentences",
    "size_of_all",
    "size_sentence",
]


def number(value: float) -> str:
    """Write a number with four digits, and zero without a sign."""
    return f"{value + 0.0:.4g}"


def size_sentence(matrix: Excerpt) -> str:
    """Say how large a matrix is and how much of it is zero."""
    size = f"{matrix.rows} × {matrix.columns}"
    return size if matrix.zeros is None else f"{size}, {matrix.zeros:.0%} zeros"


def size_of_all(shown: int, there: int) -> str:
    """Say how many there are, and that not all of them are shown."""
    return str(there) if shown == there else f"{there}, the largest {shown} columns"


def check_sentence(derivation: Derivation) -> str:
    """Say how far differences of the loss are from the gradient."""
    where = f"along {derivation.directions} random directions" if derivation.directions else "in each entry"
    return f"differences of the loss agree {where} to {derivation.error:.1e}"


def second_order_sentences(derivation: Derivation) -> list[str]:
    """Tell Gauss–Newton from the rest, for the chain as it is bracketed and for its closed form."""
    order = derivation.second_order
    rest = max((term.size for term in order.closed[1:]), default=0.0)
    if math.isnan(order.difference):
        sentences = ["The raw chain cannot be evaluated here, because a probability is rounded to 0 or 1."]
    else:
        sentences = [f"Both are the same matrix: the largest difference is {order.difference:.1e}."]
    if derivation.firings:
        sentences.append(
            f"In the raw chain the first term is Gauss–Newton's for {order.raw[0].function} alone, the "
            "empirical Fisher matrix, and the second term is needed."
        )
    if rest:
        sentences.append(
            f"What is inside of {order.closed[0].function} is curved: Gauss–Newton, the first term, is not "
            f"the whole Hessian; the rest has entries up to {number(rest)}."
        )
    elif derivation.closed_form is not None and len(derivation.steps) > 2:
        sentences.append(
            f"What is inside of {order.closed[0].function} is linear: Gauss–Newton is the whole Hessian, and "
            "the Fisher information."
        )
    return sentences


def naive_sentence(naive: Naive) -> str:
    """Say where the exponential overflows and what becomes of the loss."""
    limit = f"e^x overflows above {naive.limit:.2f} in {naive.precision}."
    losses = f"the loss is {number(naive.naive_loss)} without the shift and {number(naive.loss)} with it"
    if math.isclose(naive.naive_loss, naive.loss, rel_tol=1e-3):
        apart = abs(naive.naive_loss - naive.loss)
        return f"{limit} Here nothing does: {losses}, {apart:.1e} apart."
    return f"{limit} Here {losses}."


def rounding_sentence(rounding: Rounding) -> str:
    """Say what single precision costs."""
    return (
        f"loss {rounding.value:.9g}, in float64 {rounding.double_value:.16g}; the gradient is within "
        f"{rounding.gradient_error:.1e} of float64's, relative to its largest entry"
    )
