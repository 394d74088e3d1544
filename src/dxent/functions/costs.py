"""What the Jacobian of a composition costs, and what the closed form saves."""

from __future__ import annotations

from dataclasses import replace

from dxent._typing import Array
from dxent.functions.chain_rule import Function
from dxent.functions.rules import simplify
from dxent.operators import ordering

__all__ = ["cost_report"]


def cost_report(f: Function, x: Array) -> ordering.CostReport:
    """Return multiplications and memory to form the Jacobian of f at x, in each order of the raw chain.

    The closed form is the chain that `simplify` leaves, in its own cheapest order; there is none if no rule
    applies.
    """
    report = ordering.cost_report(f.jacobian(x, simplify=False))
    simplified = simplify(f)
    if str(simplified) == str(f):
        return report
    shorter = ordering.cost_report(simplified.jacobian(x, simplify=False))
    return replace(report, closed_form=shorter.chosen)
