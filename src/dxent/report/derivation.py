"""The content of an explanation: one Derivation, from the chain of functions to the gradient it collapses to.

`derive` looks at any composition with one number as its value, at one point, and records what a teacher would
write on the board: every function with its Jacobian, the product so far, the rule that fires, the closed form
beside the chain, a check by differences, what the second derivative consists of, and what each order costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from dxent.functions import Composition, Function, cost_report, simplify
from dxent.functions.rules import RULES
from dxent.operators import LinearOperator
from dxent.operators.combine import terms, written_product
from dxent.operators.drawing import formula as operator_formula
from dxent.operators.ordering import CostReport, apply_to_columns
from dxent.report.differences import by_differences
from dxent.report.formulas import CLOSED_FORMS, REASONS, ClosedForm, Formula, formula_of

__all__ = ["Derivation", "Excerpt", "Firing", "SecondOrder", "Step", "Term", "derive", "excerpt"]

Numbers = NDArray[Any]

SHOWN = (12, 16)
"""Rows and columns of a matrix that are kept to be shown."""

SMALL = 2**18
"""A matrix of so many entries is formed, to count its zeros or to compare it; a larger one is not."""


@final
@dataclass(frozen=True, eq=False)
class Excerpt:
    """A matrix as far as it is shown: its size, its corner, its share of zeros unless it is large."""

    rows: int
    columns: int
    corner: Numbers
    zeros: float | None


@final
@dataclass(frozen=True, eq=False)
class Step:
    """One function of the chain at the input it gets, and the product of the Jacobians so far."""

    name: str
    formula: Formula
    takes: Excerpt
    gives: Excerpt
    operator: str
    structure: str
    jacobian: Excerpt
    product: str
    so_far: Excerpt


@final
@dataclass(frozen=True)
class Firing:
    """A rule: two neighbours, what they are together, and why."""

    before: str
    after: str
    reason: str


@final
@dataclass(frozen=True)
class Term:
    """One term of a Hessian: the function whose curvature it is, its factors, its largest entry."""

    function: str
    factors: str
    size: float


@final
@dataclass(frozen=True)
class SecondOrder:
    """The Hessian of the raw chain and of the closed form, term by term, the outermost function's first.

    The first term of each is Gauss–Newton's.
    """

    raw: tuple[Term, ...]
    closed: tuple[Term, ...]
    difference: float


@final
@dataclass(frozen=True, eq=False)
class Derivation:
    """Everything that is shown of a chain at a point.

    `difference` is the largest between the closed form and the raw chain, `error` that between the closed
    form and differences of the value. `directions` is how many random directions stood for the coordinates,
    where those are many, in that check and in the second order; 0 where every coordinate was looked at.
    """

    chain: str
    simplified: str
    steps: tuple[Step, ...]
    firings: tuple[Firing, ...]
    closed_form: ClosedForm | None
    value: float
    raw_value: float
    gradient: Numbers
    raw_gradient: Numbers
    difference: float
    error: float
    directions: int
    second_order: SecondOrder
    costs: CostReport


@np.errstate(all="ignore")
def derive(chain: Composition, x: Numbers) -> Derivation:
    """Explain the derivative of a composition at x."""
    gradient, raw_gradient = (chain.gradient(x, simplify=rewritten) for rewritten in (True, False))
    simplified = simplify(chain)
    kinds = tuple(map(type, simplified._composition().functions))
    probe = _probe(x.size)
    return Derivation(
        chain=str(chain),
        simplified=str(simplified),
        steps=_steps(chain, x),
        firings=_firings(chain.functions),
        closed_form=CLOSED_FORMS.get(kinds),
        value=float(chain(x)),
        raw_value=float(chain.linearize(x, simplify=False)[0]),
        gradient=gradient,
        raw_gradient=raw_gradient,
        difference=_largest(gradient - raw_gradient),
        error=_largest(gradient.reshape(-1) @ probe - _slopes(chain, x, probe)),
        directions=0 if len(probe) == probe.shape[1] else probe.shape[1],
        second_order=_second_order(chain, simplified, x, probe),
        costs=cost_report(chain, x),
    )


def excerpt(values: Numbers) -> Excerpt:
    """Return what is shown of an array: of a vector a row, of one number a 1 × 1 matrix."""
    matrix = np.atleast_2d(values)
    rows, columns = matrix.shape
    return Excerpt(rows, columns, matrix[: SHOWN[0], : SHOWN[1]], float(np.mean(matrix == 0)))


def _steps(chain: Composition, x: Numbers) -> tuple[Step, ...]:
    steps: list[Step] = []
    so_far: LinearOperator | None = None
    for f in reversed(chain.functions):
        y, J = f.linearize(x)
        so_far = J if so_far is None else written_product(J, so_far)
        steps.append(
            Step(
                name=str(f),
                formula=formula_of(f, x),
                takes=excerpt(x),
                gives=excerpt(y),
                operator=f"{type(J).__name__} {operator_formula(J)}",
                structure=str(J.structure),
                jacobian=_matrix(J),
                product=operator_formula(so_far),
                so_far=_matrix(so_far),
            )
        )
        x = np.asarray(y)
    return tuple(steps)


def _matrix(A: LinearOperator) -> Excerpt:
    """Return what is shown of an operator's matrix, which is formed only if it is small."""
    rows, columns = prod(A.out_shape), prod(A.in_shape)
    if rows * columns <= SMALL:
        return excerpt(np.asarray(A.to_dense()))
    corner = apply_to_columns(A, np.eye(columns, min(columns, SHOWN[1])))
    return Excerpt(rows, columns, corner[: SHOWN[0]], None)


def _firings(functions: Sequence[Function]) -> tuple[Firing, ...]:
    """Return the rules that fit two neighbours of a chain as it is written."""
    found = []
    for outer, inner in pairwise(functions):
        pair = type(outer), type(inner)
        together = RULES[pair](outer, inner) if pair in RULES else None
        if together is not None:
            found.append(Firing(f"{outer} ∘ {inner}", str(together), REASONS.get(pair, "")))
    return tuple(found)


def _probe(size: int) -> Numbers:
    """Return the directions to check, one a column: all coordinates, or a few at random."""
    return np.eye(size) if size**2 <= SMALL else np.random.default_rng(0).standard_normal((size, 8))


def _slopes(chain: Composition, x: Numbers, probe: Numbers) -> Numbers:
    """Return the value's derivatives along the directions, by differences in float64."""
    x = x.astype(np.float64)
    innermost = chain.functions[-1].jacobian(x)
    # Everything around a linear layer is smooth on the scale of its outputs.
    reach = _largest(apply_to_columns(innermost, probe))
    directions = probe.T.reshape(-1, *x.shape)
    slopes: Numbers = by_differences(chain, x, directions, scale=1 / max(1.0, reach))[0]
    return slopes


def _second_order(chain: Composition, simplified: Function, x: Numbers, probe: Numbers) -> SecondOrder:
    raw, closed = (chain.hessian(x, simplify=rewritten) for rewritten in (False, True))
    return SecondOrder(
        raw=_terms(chain.functions, raw, probe),
        closed=_terms(simplified._composition().functions, closed, probe),
        difference=_largest(apply_to_columns(raw, probe) - apply_to_columns(closed, probe)),
    )


def _terms(functions: Sequence[Function], hessian: LinearOperator, probe: Numbers) -> tuple[Term, ...]:
    """Name the terms of a Hessian; a rule may have dropped those of linear functions, which are innermost."""
    return tuple(
        Term(str(f), operator_formula(term), _largest(apply_to_columns(term, probe)))
        for f, term in zip(functions, terms(hessian), strict=False)
    )


def _largest(values: Numbers) -> float:
    return float(np.abs(values).max(initial=0.0))
