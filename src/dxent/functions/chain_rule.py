"""The chain rule, which is all there is to differentiation.

A function f knows its value and, at each point x, its derivative: a linear map J, the Jacobian. To compose
functions is to multiply these maps,

    (f ∘ g)(x) = f(g(x))                 J = J_f J_g

and for the second derivative of ⟨ȳ, f(g(x))⟩, with one weight ȳ for each output,

    H = J_gᵀ H_f J_g  +  g.weighted_hessian(x, J_fᵀ ȳ)
        └ Gauss–Newton ┘  └ curvature of g; zero if g is linear ┘

Jacobians and Hessians are `LinearOperator`s: products of small structured maps, formed as matrices only when
somebody asks. ``@`` composes and never rewrites; evaluation first lets `simplify` replace neighbours that
have a closed form together, such as cross-entropy after softmax; ``simplify=False`` shows the raw chain.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

from dxent._typing import Array, Shape
from dxent.functions.shapes import chain_name, follow_shape
from dxent.kernels.arrays import as_real, namespace
from dxent.operators.base import LinearOperator
from dxent.operators.combine import AS_WRITTEN, BY_RULES, Algebra

__all__ = ["Composition", "Function"]


class Function(ABC):
    """A differentiable function of an array. To write one, define `linearize`; the rest as far as it is known."""

    @abstractmethod
    def linearize(self, x: Array) -> tuple[Array, LinearOperator]:
        """Return f(x) and the Jacobian at x, a map from arrays like x to arrays like f(x)."""

    def weighted_hessian(self, x: Array, cotangent: Array) -> LinearOperator:
        """Return the Hessian at x of ⟨ȳ, f(·)⟩ for a cotangent ȳ, an array like f(x)."""
        raise TypeError(f"{self} has no second derivative: define its weighted_hessian.")

    def out_shape(self, in_shape: Shape) -> Shape | None:
        """Return the shape of f(x), or None if only f itself can tell; ValueError if such an x does not fit."""
        return None

    def jacobian(self, x: Array, *, simplify: bool = True) -> LinearOperator:
        """Return the Jacobian at x."""
        return linearize_chain(*self._chain(simplify), as_real(x))[1]

    def gradient(self, x: Array, *, simplify: bool = True) -> Array:
        """Return ∇f(x) = Jᵀ 1, shaped as x, of a function whose value is one number."""
        y, J = linearize_chain(*self._chain(simplify), as_real(x))
        return J.T.mv(self._one(y))

    def hessian(self, x: Array, *, simplify: bool = True) -> LinearOperator:
        """Return the Hessian at x of a function whose value is one number."""
        return hessian_chain(*self._chain(simplify), as_real(x), self._one(self(x)))[1]

    def __call__(self, x: Array) -> Array:
        return self.linearize(x)[0]

    def __matmul__(self, inner: Function) -> Composition:
        return Composition((*self._chain(simplify=False)[0], *inner._chain(simplify=False)[0]))

    def _chain(self, simplify: bool) -> tuple[Sequence[Function], Algebra]:
        return (self,), BY_RULES if simplify else AS_WRITTEN

    def _one(self, y: Array) -> Array:
        if y.shape != ():
            raise ValueError(f"{self} has values of shape {tuple(y.shape)}: use jacobian and weighted_hessian.")
        return namespace(y).ones_like(y)


@final
@dataclass(frozen=True, eq=False, repr=False)
class Composition(Function):
    """f ∘ g ∘ …: a flat tuple of functions, the outermost first."""

    functions: tuple[Function, ...]

    @cached_property
    def _simplified(self) -> tuple[Function, ...]:
        from dxent.functions.rules import simplify

        return tuple(simplify(self)._chain(simplify=False)[0])

    def _chain(self, simplify: bool) -> tuple[Sequence[Function], Algebra]:
        return (self._simplified, BY_RULES) if simplify else (self.functions, AS_WRITTEN)

    def __call__(self, x: Array) -> Array:
        x = as_real(x)
        follow_shape(self.functions, x.shape)
        for f in reversed(self._simplified):
            x = f(x)
        return x

    def linearize(self, x: Array, *, simplify: bool = True) -> tuple[Array, LinearOperator]:
        """Return f(x) and the product of the Jacobians, J = J_f J_g …"""
        return linearize_chain(*self._chain(simplify), as_real(x))

    def weighted_hessian(self, x: Array, cotangent: Array, *, simplify: bool = True) -> LinearOperator:
        """Return the Hessian at x of ⟨ȳ, f(g(…))⟩."""
        return hessian_chain(*self._chain(simplify), as_real(x), cotangent)[1]

    def out_shape(self, in_shape: Shape) -> Shape | None:
        """Follow the shape from function to function."""
        return follow_shape(self.functions, in_shape)

    def __str__(self) -> str:
        return chain_name(self.functions)


def linearize_chain(functions: Sequence[Function], algebra: Algebra, x: Array) -> tuple[Array, LinearOperator]:
    """Return the chain's value and Jacobian: J = J_f J_g, from the inside out."""
    follow_shape(functions, x.shape)
    y, J = functions[-1].linearize(x)
    for f in reversed(functions[:-1]):
        y, J_f = f.linearize(y)
        J = algebra.multiply(J_f, J)
    return y, J


def hessian_chain(
    functions: Sequence[Function], algebra: Algebra, x: Array, cotangent: Array
) -> tuple[Array, LinearOperator]:
    """Return the gradient Jᵀ ȳ and the Hessian of ⟨ȳ, f(g(x))⟩; g is the innermost function."""
    follow_shape(functions, x.shape)
    *outer, g = functions
    y, J_g = g.linearize(x)
    if not outer:
        return J_g.T.mv(cotangent), g.weighted_hessian(x, cotangent)
    weights, H_f = hessian_chain(outer, algebra, y, cotangent)
    gauss_newton = algebra.multiply(algebra.multiply(J_g.T, H_f), J_g)
    return J_g.T.mv(weights), algebra.add(gauss_newton, g.weighted_hessian(x, weights))
