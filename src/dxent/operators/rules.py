"""The simplifications of the algebra: one table for each operation, one rule a line.

The first rule whose types match, and whose condition holds, is applied; then the result meets its new
neighbours. Where none matches, the tree keeps the product, sum or multiple as it is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import UnionType
from typing import Any, final

from dxent.operators.base import LinearOperator, Structure
from dxent.operators.combine import (
    Product,
    Scaled,
    Sum,
    Transpose,
    factors,
    terms,
    written_product,
    written_sum,
)
from dxent.operators.elementary import Diagonal, Identity, Row, Zero
from dxent.operators.softmax import SoftmaxJacobian

__all__ = [
    "PRODUCT_RULES",
    "SCALING_RULES",
    "SUM_RULES",
    "TRANSPOSE_RULES",
    "Rule",
    "add",
    "compose",
    "scale",
    "transpose",
]


@final
@dataclass(frozen=True)
class Rule:
    """What two neighbours become: a formula to read, the types it is for, the result, a further condition."""

    formula: str
    left: type | UnionType
    right: type | UnionType
    result: Callable[[Any, Any], LinearOperator]
    condition: Callable[[Any, Any], bool] = lambda A, B: True

    def matches(self, A: Any, B: Any) -> bool:
        """Tell whether the rule is about these two."""
        return isinstance(A, self.left) and isinstance(B, self.right) and self.condition(A, B)


PRODUCT_RULES = [
    Rule("0 A = 0", Zero, LinearOperator, lambda Z, A: Zero(A.in_shape, Z.target, Z.like)),
    Rule("A 0 = 0", LinearOperator, Zero, lambda A, Z: Zero(Z.source, A.out_shape, Z.like)),
    Rule("I A = A", Identity, LinearOperator, lambda _, A: A),
    Rule("A I = A", LinearOperator, Identity, lambda A, _: A),
    Rule("(c A) B = c (A B)", Scaled, LinearOperator, lambda A, B: A.factor * (A.operator @ B)),
    Rule("A (c B) = c (A B)", LinearOperator, Scaled, lambda A, B: B.factor * (A @ B.operator)),
    Rule("diag a diag b = diag ab", Diagonal, Diagonal, lambda A, B: Diagonal(A.entries * B.entries)),
    Rule("gᵀ A = (Aᵀ g)ᵀ", Row, LinearOperator, lambda g, A: Row(A.T.mv(g.gradient)),
         lambda g, _: not g.out_shape),
    Rule("gᵀ diag d = (d g)ᵀ", Row, Diagonal, lambda g, D: Row(D.entries * g.gradient, g.axes)),
    Rule("gᵀ J = (J g)ᵀ, by rows", Row, SoftmaxJacobian, lambda g, J: Row(J.mv(g.gradient), g.axes),
         lambda g, J: g.over == J.axes),
]  # fmt: skip

SUM_RULES = [
    Rule("0 + A = A", Zero, LinearOperator, lambda _, A: A),
    Rule("A + 0 = A", LinearOperator, Zero, lambda A, _: A),
    Rule("diag a + diag b = diag (a + b)", Diagonal, Diagonal, lambda A, B: Diagonal(A.entries + B.entries)),
]

SCALING_RULES = [
    Rule("c 0 = 0", object, Zero, lambda _, Z: Z),
    Rule("1 A = A", float | int, LinearOperator, lambda _, A: A, lambda c, _: c == 1),
    Rule("c (d A) = (cd) A", object, Scaled, lambda c, A: (c * A.factor) * A.operator),
    Rule("c diag d = diag cd", object, Diagonal, lambda c, D: Diagonal(c * D.entries)),
    Rule("c gᵀ = (c g)ᵀ", object, Row, lambda c, g: Row(c * g.gradient, g.axes)),
]

TRANSPOSE_RULES = [
    Rule("0ᵀ = 0", Zero, object, lambda Z, _: Zero(Z.target, Z.source, Z.like)),
    Rule("(Aᵀ)ᵀ = A", Transpose, object, lambda A, _: A.operator),
    Rule("(c A)ᵀ = c Aᵀ", Scaled, object, lambda A, _: Scaled(A.factor, A.operator.T)),
    Rule("(A + B)ᵀ = Aᵀ + Bᵀ", Sum, object, lambda A, _: Sum(tuple(B.T for B in A.terms))),
    Rule("(A B)ᵀ = Bᵀ Aᵀ", Product, object, lambda A, _: Product(tuple(B.T for B in A.factors[::-1]))),
]


def compose(A: LinearOperator, B: LinearOperator) -> LinearOperator:
    """Return A B, simplified where the last factor of A meets the first of B."""
    written = written_product(A, B)
    *head, left = factors(A)
    right, *tail = factors(B)
    middle = _apply(PRODUCT_RULES, left, right)
    if middle is None:
        return written
    if head:
        middle = compose(_product(head), middle)
    return compose(middle, _product(tail)) if tail else middle


def add(A: LinearOperator, B: LinearOperator) -> LinearOperator:
    """Return A + B, each term of B merged with a term of A where a rule allows."""
    kept = list(terms(written_sum(A, B)))[: len(terms(A))]
    for term in terms(B):
        merged = ((k, _apply(SUM_RULES, other, term)) for k, other in enumerate(kept))
        place, result = next(((k, one) for k, one in merged if one is not None), (len(kept), term))
        kept[place : place + 1] = [result]
    return kept[0] if len(kept) == 1 else Sum(tuple(kept))


def scale(factor: Any, A: LinearOperator) -> LinearOperator:
    """Return c A."""
    simpler = _apply(SCALING_RULES, factor, A)
    return Scaled(factor, A) if simpler is None else simpler


def transpose(A: LinearOperator) -> LinearOperator:
    """Return Aᵀ."""
    simpler = _apply(TRANSPOSE_RULES, A, None)
    if simpler is not None:
        return simpler
    return A if Structure.SYMMETRIC in A.structure else Transpose(A)


def _apply(rules: list[Rule], A: Any, B: Any) -> LinearOperator | None:
    return next((rule.result(A, B) for rule in rules if rule.matches(A, B)), None)


def _product(parts: list[LinearOperator]) -> LinearOperator:
    return parts[0] if len(parts) == 1 else Product(tuple(parts))
