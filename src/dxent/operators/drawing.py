"""How an operator is printed: the formula on one line, then each part with its size, structure and cost."""

from __future__ import annotations

from math import prod

from dxent.operators.base import LinearOperator
from dxent.operators.combine import Product, Scaled, Sum, Transpose

__all__ = ["draw", "formula"]


def formula(A: LinearOperator) -> str:
    """Return the operator as an expression in its parts."""
    match A:
        case Product():
            return " ".join(f"({formula(B)})" if isinstance(B, Sum) else formula(B) for B in A.factors)
        case Sum():
            return " + ".join(map(formula, A.terms))
        case Scaled():
            inner = formula(A.operator)
            return f"{A.factor:g} ({inner})" if isinstance(A.operator, Sum) else f"{A.factor:g} {inner}"
        case Transpose():
            return f"{formula(A.operator)}ᵀ" if not _parts(A.operator) else f"({formula(A.operator)})ᵀ"
    return A._symbol()


def draw(A: LinearOperator) -> str:
    """Return the formula, the shapes, and a line for each part.

    Every line says: the map, its matrix's rows × columns, what is known of its structure, and how many
    multiplications one product with a vector takes.
    """
    title = f"{formula(A)}    {A.in_shape} → {A.out_shape}"
    return "\n".join([title, *_lines(A, "", "")])


def _lines(A: LinearOperator, first: str, rest: str) -> list[str]:
    name = type(A).__name__
    size = f"{prod(A.out_shape)} × {prod(A.in_shape)}"
    lines = [f"{first}{name:{max(1, 24 - len(first))}} {size:>15}   {A._cost():>12,} per mv   {A.structure}"]
    parts = _parts(A)
    for k, part in enumerate(parts):
        last = k == len(parts) - 1
        lines += _lines(part, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))
    return lines


def _parts(A: LinearOperator) -> tuple[LinearOperator, ...]:
    match A:
        case Product():
            return A.factors
        case Sum():
            return A.terms
        case Scaled() | Transpose():
            return (A.operator,)
    return ()
