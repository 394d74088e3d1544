"""The chain rule, which is all there is to differentiation.

A function f knows its value and, at each point x, its derivative: a linear map J, the Jacobian. To compose
functions is to multiply these maps; and the Hessian of ⟨ȳ, f(g(x))⟩, with one weight ȳ for each output, is

    J = J_f J_g        H = J_gᵀ H_f J_g  +  g.weighted_hessian(x, J_fᵀ ȳ)
                           └ Gauss–Newton ┘  └ curvature of g; zero if g is linear ┘

All of them are `LinearOperator`s: products of small structured maps, formed as matrices only when somebody
asks. ``@`` composes and never rewrites; evaluation first lets `simplify` replace neighbours that have a
closed form together, such as cross-entropy after softmax; ``simplify=False`` shows the raw chain.
"""

# ruff: noqa: D102 — what Composition overrides is documented in Function.

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import final

from dxent._typing import Array, Shape
from dxent.functions.shapes import chain_name, follow_shape, unit_cotangent
from dxent.kernels.arrays import as_real
from dxent.operators.base import LinearOperator
from dxent.operators.combine import AS_WRITTEN, BY_RULES, Algebra

__all__ = ["Composition", "Function"]


class Function(ABC):
    """A differentiable function of an array: at the least, its `linearize`."""

    @abstractmethod
    def linearize(self, x: Array) -> tuple[Array, LinearOperator]:
        """Return f(x) and the Jacobian at x, a map from arrays like x to arrays like f(x)."""

    def weighted_hessian(self, x: Array, cotangent: Array) -> LinearOperator:
        """Return the Hessian at x of ⟨ȳ, f(·)⟩ for a cotangent ȳ, an array like f(x)."""
        raise TypeError(f"{self} has no second derivative: define its weighted_hessian.")

    def out_shape(self, in_shape: Shape) -> Shape | None:
        """Return the shape of f(x), None if only f itself can tell; ValueError if such an x does not fit."""
        return None

    def jacobian(self, x: Array, *, simplify: bool = True) -> LinearOperator:
        """Return the Jacobian at x."""
        return linearize_chain(*self._chain(simplify), as_real(x))[1]

    def gradient(self, x: Array, *, simplify: bool = True) -> Array:
        """Return ∇f(x) = Jᵀ 1, shaped as x, of a function whose value is one number."""
        y, J = linearize_chain(*self._chain(simplify), as_real(x))
        return J.T.mv(unit_cotangent(self, y))

    def hessian(self, x: Array, *, simplify: bool = True) -> LinearOperator:
        """Return the Hessian at x of a function whose value is one number."""
        return hessian_chain(*self._chain(simplify), as_real(x), unit_cotangent(self, self(x)))

    def __call__(self, x: Array) -> Array:
        return self.linearize(x)[0]

    def __matmul__(self, inner: Function) -> Composition:
        return Composition((*self._chain(simplify=False)[0], *inner._chain(simplify=False)[0]))

    def _chain(self, simplify: bool) -> tuple[Sequence[Function], Algebra]:
        return (self,), BY_RULES if simplify else AS_WRITTEN


@final
@dataclass(frozen=True, eq=False, repr=False)
class Composition(Function):
    """f ∘ g ∘ …: a flat tuple of functions, the outermost first."""

    functions: tuple[Function, ...]

    @cached_property
    def _simplified(self) -> Sequence[Function]:
        from dxent.functions.rules import simplify

        return simplify(self)._chain(simplify=False)[0]

    def _chain(self, simplify: bool) -> tuple[Sequence[Function], Algebra]:
        return (self._simplified, BY_RULES) if simplify else (self.functions, AS_WRITTEN)

    def __call__(self, x: Array) -> Array:
        follow_shape(self.functions, as_real(x).shape)
        return reduce(lambda value, f: f(value), reversed(self._simplified), x)

    def linearize(self, x: Array, *, simplify: bool = True) -> tuple[Array, LinearOperator]:
        return linearize_chain(*self._chain(simplify), as_real(x))

    def weighted_hessian(self, x: Array, cotangent: Array, *, simplify: bool = True) -> LinearOperator:
        return hessian_chain(*self._chain(simplify), as_real(x), cotangent)

    def out_shape(self, in_shape: Shape) -> Shape | None:
        return follow_shape(self.functions, in_shape)

    def __str__(self) -> str:
        return chain_name(self.functions)


def linearize_chain(fs: Sequence[Function], algebra: Algebra, x: Array) -> tuple[Array, LinearOperator]:
    """Return the chain's value and its Jacobian J = J_f J_g …, from the inside out."""
    follow_shape(fs, x.shape)
    y, J = fs[-1].linearize(x)
    for f in reversed(fs[:-1]):
        y, J_f = f.linearize(y)
        J = algebra.multiply(J_f, J)
    return y, J


def hessian_chain(fs: Sequence[Function], algebra: Algebra, x: Array, ȳ: Array) -> LinearOperator:
    """Return Σ Jᵀ H_f J over the chain's functions f, where J is the Jacobian of all that is inside f."""
    follow_shape(fs, x.shape)
    inside, terms = [], []
    for f in reversed(fs):
        y, J = f.linearize(x)
        inside.append((f, x, J))
        x = y
    while inside:
        f, x, J = inside.pop()
        H = f.weighted_hessian(x, ȳ)
        for _, _, J_g in reversed(inside):
            H = algebra.multiply(algebra.multiply(J_g.T, H), J_g)
        terms.append(H)
        ȳ = J.T.mv(ȳ)
    return reduce(algebra.add, terms)
