"""In which order to multiply a chain of operators, if it must become a matrix at all.

A factor that is still an operator is cheap to apply: to every column of the matrix on its right or,
transposed, to every row of the matrix on its left. Two matrices cost m·k·n. Dynamic programming over all
bracketings finds the cheapest; from the right (forward mode) and from the left (reverse mode) are two.

See: A. Griewank, A. Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, §10 (Jacobian chain products).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache, reduce
from math import prod
from typing import TypeAlias, final

from dxent._typing import Array
from dxent.kernels.arrays import namespace
from dxent.operators.base import LinearOperator

__all__ = ["CostReport", "Order", "apply_to_columns", "best_plan", "cost_report", "multiply_out"]

Plan: TypeAlias = "int | tuple[Plan, Plan]"
"""A factor's number, or the two halves of a product."""


@final
@dataclass(frozen=True)
class Order:
    """One bracketing of a product: how it is written, its multiplications, its largest matrix in entries."""

    bracketing: str
    multiplications: int
    entries: int

    def __str__(self) -> str:
        return f"{self.multiplications:>14,} multiplications {self.entries:>14,} entries   {self.bracketing}"


@final
@dataclass(frozen=True)
class CostReport:
    """What a product costs as a matrix: by forward, reverse and cheapest order, and by a closed form."""

    forward: Order
    reverse: Order
    chosen: Order
    closed_form: Order | None = None

    def __str__(self) -> str:
        orders = ((field.name.replace("_", " "), getattr(self, field.name)) for field in fields(self))
        return "\n".join(f"{name:11} {order}" for name, order in orders if order is not None)


def cost_report(product: LinearOperator) -> CostReport:
    """Return multiplications and memory of the ways to form a product."""
    parts = tuple(getattr(product, "factors", (product,)))
    numbers: list[Plan] = list(range(len(parts)))
    forward = reduce(lambda right, left: (left, right), reversed(numbers))
    reverse = reduce(lambda left, right: (left, right), numbers)
    return CostReport(*(_order(parts, plan) for plan in (forward, reverse, best_plan(parts))))


def best_plan(factors: Sequence[LinearOperator]) -> Plan:
    """Return the bracketing with the fewest multiplications."""

    @cache
    def best(first: int, last: int) -> tuple[int, Plan]:
        if first == last:
            return 0, first
        splits = ((best(first, middle), best(middle + 1, last)) for middle in range(first, last))
        plans = (((left, right), before + after) for (before, left), (after, right) in splits)
        priced = ((spent + _join(factors, *plan)[0], plan) for plan, spent in plans)
        return min(priced, key=lambda option: option[0])

    return best(0, len(factors) - 1)[1]


def multiply_out(factors: Sequence[LinearOperator]) -> Array:
    """Return the matrix of a product, formed in the cheapest order."""

    def form(plan: Plan) -> Array:
        if isinstance(plan, int):
            return factors[plan]._dense()
        left, right = plan
        how = _join(factors, left, right)[1]
        if how == "left" and isinstance(left, int):
            return apply_to_columns(factors[left], form(right))
        if how == "right" and isinstance(right, int):
            return apply_to_columns(factors[right].T, form(left).T).T
        return form(left) @ form(right)

    return form(best_plan(factors))


def apply_to_columns(A: LinearOperator, matrix: Array) -> Array:
    """Return A M for a matrix M with one column for each vector that A is applied to."""
    xp = namespace(matrix)
    columns = matrix.shape[1]
    stack = xp.reshape(matrix.T, (columns, *A.in_shape))
    products = A.mv(stack) if A._stacks else xp.stack([A.mv(stack[k, ...]) for k in range(columns)])
    return xp.reshape(products, (columns, prod(A.out_shape))).T


def _ends(plan: Plan) -> tuple[int, int]:
    """The numbers of the first and the last factor of a plan."""
    if isinstance(plan, int):
        return plan, plan
    return _ends(plan[0])[0], _ends(plan[1])[1]


def _join(factors: Sequence[LinearOperator], left: Plan, right: Plan) -> tuple[int, str]:
    """Multiplications in the last product of a plan, and which side is applied as an operator."""
    (first, middle), (next_, last) = _ends(left), _ends(right)
    rows, columns = prod(factors[first].out_shape), prod(factors[last].in_shape)
    options = [(rows * prod(factors[middle].in_shape) * columns, "neither")]
    if isinstance(left, int):
        options.append((columns * factors[left]._cost(), "left"))
    if isinstance(right, int):
        options.append((rows * factors[next_]._cost(), "right"))
    return min(options)


def _order(factors: Sequence[LinearOperator], plan: Plan) -> Order:
    """Price a plan; a factor that is only applied is never a matrix."""
    first, last = _ends(plan)
    entries = prod(factors[first].out_shape) * prod(factors[last].in_shape)
    if isinstance(plan, int):
        return Order(factors[plan]._symbol(), 0, entries)
    left, right = (_order(factors, part) for part in plan)
    multiplications, applied = _join(factors, *plan)
    formed = [order.entries for order, side in ((left, "left"), (right, "right")) if side != applied]
    total = left.multiplications + right.multiplications + multiplications
    return Order(f"({left.bracketing} {right.bracketing})", total, max(entries, *formed))
