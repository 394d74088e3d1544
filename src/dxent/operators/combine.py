"""What ``@ + *`` and ``.T`` build where no rule applies: the nodes of the algebra."""

# ruff: noqa: D102 — these methods are documented where they are declared, in LinearOperator.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from math import prod
from operator import add, and_, matmul
from typing import NamedTuple, final

from dxent._typing import Array, Shape
from dxent.operators.base import LinearOperator, Structure
from dxent.operators.design import Design
from dxent.operators.elementary import Zero
from dxent.operators.gram import gram
from dxent.operators.ordering import multiply_out

__all__ = [
    "AS_WRITTEN",
    "BY_RULES",
    "Algebra",
    "Product",
    "Scaled",
    "Sum",
    "Transpose",
    "factors",
    "mirrors",
    "terms",
    "written_product",
    "written_sum",
]


@final
@dataclass(frozen=True, eq=False, repr=False)
class Product(LinearOperator):
    """A₁ A₂ ⋯ A_k: applied from the right, formed in the cheapest order."""

    factors: tuple[LinearOperator, ...]

    @property
    def in_shape(self) -> Shape:
        return self.factors[-1].in_shape

    @property
    def out_shape(self) -> Shape:
        return self.factors[0].out_shape

    @property
    def structure(self) -> Structure:
        if all(Structure.DIAGONAL in factor.structure for factor in self.factors):
            return reduce(and_, (factor.structure for factor in self.factors))
        half, odd = divmod(len(self.factors), 2)
        pairs = zip(self.factors[:half], reversed(self.factors[half + odd :]), strict=True)
        if not all(mirrors(left, right) for left, right in pairs):
            return Structure.GENERAL
        # Aᵀ S A is symmetric, or positive semidefinite, as S is; Aᵀ A is both.
        return self.factors[half].structure & Structure.PSD if odd else Structure.PSD

    @property
    def _stacks(self) -> bool:  # type: ignore[override]
        return all(factor._stacks for factor in self.factors)

    def mv(self, v: Array) -> Array:
        for factor in reversed(self.factors):
            v = factor.mv(v)
        return v

    def _dense(self) -> Array:
        match self.factors:
            case (Transpose(operator=X), H, Design() as design) if X is design:
                matrix = gram(design, H)
                return multiply_out(self.factors) if matrix is None else matrix
        return multiply_out(self.factors)

    def _cost(self) -> int:
        return sum(factor._cost() for factor in self.factors)


@final
@dataclass(frozen=True, eq=False, repr=False)
class Sum(LinearOperator):
    """A₁ + A₂ + ⋯, applied term by term."""

    terms: tuple[LinearOperator, ...]

    @property
    def in_shape(self) -> Shape:
        return self.terms[0].in_shape

    @property
    def out_shape(self) -> Shape:
        return self.terms[0].out_shape

    @property
    def structure(self) -> Structure:
        return reduce(and_, (term.structure for term in self.terms))

    @property
    def _stacks(self) -> bool:  # type: ignore[override]
        return all(term._stacks for term in self.terms)

    def mv(self, v: Array) -> Array:
        return reduce(add, (term.mv(v) for term in self.terms))

    def _dense(self) -> Array:
        return reduce(add, (term._dense() for term in self.terms))

    def _cost(self) -> int:
        return sum(term._cost() for term in self.terms)


@final
@dataclass(frozen=True, eq=False, repr=False)
class Scaled(LinearOperator):
    """c A for a number c."""

    factor: Array | float
    operator: LinearOperator

    @property
    def in_shape(self) -> Shape:
        return self.operator.in_shape

    @property
    def out_shape(self) -> Shape:
        return self.operator.out_shape

    @property
    def structure(self) -> Structure:
        kept = self.operator.structure
        return kept if self.factor >= 0 else kept & Structure.DIAGONAL

    @property
    def _stacks(self) -> bool:  # type: ignore[override]
        return self.operator._stacks

    def mv(self, v: Array) -> Array:
        return self.factor * self.operator.mv(v)

    def _dense(self) -> Array:
        return self.factor * self.operator._dense()

    def _cost(self) -> int:
        return self.operator._cost() + prod(self.out_shape)


@final
@dataclass(frozen=True, eq=False, repr=False)
class Transpose(LinearOperator):
    """Aᵀ, which runs A's own transposed product."""

    operator: LinearOperator

    @property
    def in_shape(self) -> Shape:
        return self.operator.out_shape

    @property
    def out_shape(self) -> Shape:
        return self.operator.in_shape

    @property
    def _stacks(self) -> bool:  # type: ignore[override]
        return self.operator._stacks

    def mv(self, v: Array) -> Array:
        return self.operator._rmv(v)

    def _dense(self) -> Array:
        return self.operator._dense().T

    def _cost(self) -> int:
        return self.operator._cost()


def factors(A: LinearOperator) -> tuple[LinearOperator, ...]:
    """Return the factors of a product; any other operator is its own."""
    return A.factors if isinstance(A, Product) else (A,)


def terms(A: LinearOperator) -> tuple[LinearOperator, ...]:
    """Return the terms of a sum; any other operator is its own."""
    return A.terms if isinstance(A, Sum) else (A,)


def mirrors(A: LinearOperator, B: LinearOperator) -> bool:
    """Tell whether the tree shows B to be Aᵀ."""
    if isinstance(A, Scaled) and isinstance(B, Scaled):
        return A.factor is B.factor and mirrors(A.operator, B.operator)
    if isinstance(A, Sum) and isinstance(B, Sum):
        return len(A.terms) == len(B.terms) and all(map(mirrors, A.terms, B.terms))
    if isinstance(A, Transpose):
        return A.operator is B
    if isinstance(B, Transpose):
        return B.operator is A
    if isinstance(A, Zero):
        return isinstance(B, Zero)
    return A is B and Structure.SYMMETRIC in A.structure


def written_product(A: LinearOperator, B: LinearOperator) -> LinearOperator:
    """Return A B as a flat product, with no rule applied."""
    if A.in_shape != B.out_shape:
        raise ValueError(f"{A!r} takes shape {A.in_shape}, but {B!r} gives {B.out_shape}: no product.")
    return Product((*factors(A), *factors(B)))


def written_sum(A: LinearOperator, B: LinearOperator) -> LinearOperator:
    """Return A + B as a flat sum, with no rule applied."""
    if (A.in_shape, A.out_shape) != (B.in_shape, B.out_shape):
        raise ValueError(
            f"{A!r} maps {A.in_shape} → {A.out_shape}, but {B!r} maps {B.in_shape} → {B.out_shape}: no sum."
        )
    return Sum((*terms(A), *terms(B)))


class Algebra(NamedTuple):
    """How operators are multiplied and added."""

    multiply: Callable[[LinearOperator, LinearOperator], LinearOperator]
    add: Callable[[LinearOperator, LinearOperator], LinearOperator]


BY_RULES = Algebra(matmul, add)
AS_WRITTEN = Algebra(written_product, written_sum)
