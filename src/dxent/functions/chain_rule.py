"""The chain rule, which is all there is to differentiation.

A function knows its value and, at each point x, its derivative: a linear map J, the Jacobian. To compose
functions is to multiply these maps; and the Hessian of ⟨ȳ, f(g(x))⟩, with a weight ȳ for each output, is

    J = J_f J_g        H = J_gᵀ H_f J_g  +  g.weighted_hessian(x, J_fᵀ ȳ)
                           └ Gauss–Newton ┘  └ curvature of g; zero if g is linear ┘

Both are `LinearOperator`s. ``@`` never rewrites; evaluation lets `simplify` put in closed forms by rule.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import reduce
from typing import final

from dxent._typing import Array, Shape
from dxent.functions.shapes import chain_name, follow_shape, unit_cotangent
from dxent.kernels.arrays import as_real, quietly
from dxent.operators import LinearOperator, Row
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
        """Return the Jacobian at x; ``simplify=False`` keeps every factor of the raw chain."""
        return self._composition().linearize(x, simplify=simplify)[1]

    @quietly
    def gradient(self, x: Array, *, simplify: bool = True) -> Array:
        """Return ∇f(x) = Jᵀ 1, shaped as x, of a function whose value is one number."""
        y, J = self._composition().linearize(x, simplify=simplify)
        return J.gradient if isinstance(J, Row) and y.shape == () else J.T.mv(unit_cotangent(self, y))

    def hessian(self, x: Array, *, simplify: bool = True) -> LinearOperator:
        """Return the Hessian at x of a function whose value is one number."""
        return self._composition().weighted_hessian(x, unit_cotangent(self, self(x)), simplify=simplify)

    def __call__(self, x: Array) -> Array:  # noqa: D102
        return self.linearize(x)[0]

    def __matmul__(self, inner: Function) -> Composition:
        return Composition((*self._composition().functions, *inner._composition().functions))

    def _composition(self) -> Composition:
        return Composition((self,))


@final
@dataclass(frozen=True, eq=False, repr=False)
class Composition(Function):
    """f ∘ g ∘ …: a flat tuple of functions, the outermost first."""

    functions: tuple[Function, ...]

    @quietly
    def linearize(self, x: Array, *, simplify: bool = True) -> tuple[Array, LinearOperator]:
        """Return the value and the Jacobian J = J_f J_g …, multiplied from the inside out."""
        fs, (multiply, _), y = self._at(x, simplify)
        y, J = fs[-1].linearize(y)
        for f in reversed(fs[:-1]):
            y, J_f = f.linearize(y)
            J = multiply(J_f, J)
        return y, J

    @quietly
    def weighted_hessian(self, x: Array, cotangent: Array, *, simplify: bool = True) -> LinearOperator:
        """Return Σ Jᵀ H_f J over the functions f, where J is the Jacobian of all that is inside f."""
        fs, (multiply, add), y = self._at(x, simplify)
        inside, terms = [], []
        for f in reversed(fs):
            x, (y, J) = y, f.linearize(y)
            inside.append((f, x, J))
        while inside:
            f, x, J = inside.pop()
            H = f.weighted_hessian(x, cotangent)
            for _, _, J_g in reversed(inside):
                H = multiply(multiply(J_g.T, H), J_g)
            terms.append(H)
            cotangent = J.T.mv(cotangent)
        return reduce(add, terms)

    def out_shape(self, in_shape: Shape) -> Shape | None:  # noqa: D102
        return follow_shape(self.functions, in_shape)

    def __call__(self, x: Array) -> Array:  # noqa: D102
        fs, _, y = self._at(x, simplify=True)
        return reduce(lambda value, f: f(value), reversed(fs), y)

    def __str__(self) -> str:
        return chain_name(self.functions)

    def _composition(self) -> Composition:
        return self

    def _at(self, x: Array, simplify: bool) -> tuple[tuple[Function, ...], Algebra, Array]:
        """What is evaluated: the functions, the algebra of their derivatives, the input."""
        from dxent.functions import rules

        follow_shape(self.functions, as_real(x).shape)
        f = rules.simplify(self)._composition() if simplify else self
        return f.functions, BY_RULES if simplify else AS_WRITTEN, as_real(x)
