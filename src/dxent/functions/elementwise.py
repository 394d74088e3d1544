"""Functions applied entry by entry. The Jacobian is diag f′(x), the Hessian of ⟨ȳ, f⟩ is diag(ȳ f″(x))."""

# ruff: noqa: D102 — these methods are documented where they are declared, in Elementwise and Function.

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import final

from dxent._typing import Array, Namespace, Shape
from dxent.functions.chain_rule import Function
from dxent.kernels import logistic
from dxent.kernels.arrays import as_real, finish, namespace, quietly, widen
from dxent.operators import elementary as operators
from dxent.operators.base import LinearOperator

__all__ = [
    "Elementwise",
    "Exp",
    "Identity",
    "Log",
    "ReLU",
    "Square",
    "Tanh",
]


class Elementwise(Function):
    """A function of one number, applied to each entry of an array: its value, slope f′ and curvature f″.

    The three get arrays of at least single precision and the functions of their library, and may meet ±∞.
    """

    @abstractmethod
    def value(self, xp: Namespace, x: Array) -> Array:
        """Return f(x)."""

    @abstractmethod
    def slope(self, xp: Namespace, x: Array) -> Array:
        """Return f′(x)."""

    @abstractmethod
    def curvature(self, xp: Namespace, x: Array) -> Array:
        """Return f″(x)."""

    @quietly
    def __call__(self, x: Array) -> Array:
        x = as_real(x)
        return finish(self.value(namespace(x), widen(x)), x.dtype)

    @quietly
    def linearize(self, x: Array) -> tuple[Array, LinearOperator]:
        x = as_real(x)
        xp, wide = namespace(x), widen(x)
        slope = operators.Diagonal(finish(self.slope(xp, wide), x.dtype))
        return finish(self.value(xp, wide), x.dtype), slope

    @quietly
    def weighted_hessian(self, x: Array, cotangent: Array) -> LinearOperator:
        x = as_real(x)
        curvature = finish(self.curvature(namespace(x), widen(x)), x.dtype)
        return operators.Diagonal(cotangent * curvature)

    def out_shape(self, in_shape: Shape) -> Shape:
        return in_shape

    def __str__(self) -> str:
        return type(self).__name__.lower()


@final
@dataclass(frozen=True, repr=False)
class Exp(Elementwise):
    """The exponential function, its own derivative. Shapes: any → the same. Derivative: `Diagonal`."""

    def value(self, xp: Namespace, x: Array) -> Array:
        return xp.exp(x)

    def slope(self, xp: Namespace, x: Array) -> Array:
        return xp.exp(x)

    def curvature(self, xp: Namespace, x: Array) -> Array:
        return xp.exp(x)


@final
@dataclass(frozen=True, repr=False)
class Log(Elementwise):
    """The natural logarithm: log x, 1/x, −1/x². Shapes: any → the same. Derivative: `Diagonal`."""

    def value(self, xp: Namespace, x: Array) -> Array:
        return xp.log(x)

    def slope(self, xp: Namespace, x: Array) -> Array:
        return 1 / x

    def curvature(self, xp: Namespace, x: Array) -> Array:
        return -1 / x / x


@final
@dataclass(frozen=True, repr=False)
class Tanh(Elementwise):
    """Hyperbolic tangent, 2σ(2x) − 1; derivative 4σ′(2x). Shapes: any → the same. Derivative: `Diagonal`."""

    def value(self, xp: Namespace, x: Array) -> Array:
        return logistic.tanh(xp, x)

    def slope(self, xp: Namespace, x: Array) -> Array:
        return 4 * logistic.sigmoid_slope(xp, 2 * x)

    def curvature(self, xp: Namespace, x: Array) -> Array:
        return 8 * logistic.sigmoid_curvature(xp, 2 * x)


@final
@dataclass(frozen=True, repr=False)
class Square(Elementwise):
    """x², 2x, 2. Shapes: any → the same. Derivative: `Diagonal`."""

    def value(self, xp: Namespace, x: Array) -> Array:
        return x * x

    def slope(self, xp: Namespace, x: Array) -> Array:
        return 2 * x

    def curvature(self, xp: Namespace, x: Array) -> Array:
        return 2 * xp.ones_like(x)


@final
@dataclass(frozen=True, repr=False)
class ReLU(Elementwise):
    """max(x, 0), with derivative 0 at the kink. Shapes: any → the same. Derivative: `Diagonal`."""

    def value(self, xp: Namespace, x: Array) -> Array:
        return xp.where(x <= 0, 0.0, x)

    def slope(self, xp: Namespace, x: Array) -> Array:
        return xp.where(x > 0, xp.ones_like(x), 0.0)

    def curvature(self, xp: Namespace, x: Array) -> Array:
        return xp.zeros_like(x)


@final
@dataclass(frozen=True, repr=False)
class Identity(Function):
    """x itself. Shapes: any → the same. Derivative: `Identity`; second order: `Zero`."""

    def linearize(self, x: Array) -> tuple[Array, LinearOperator]:
        x = as_real(x)
        return x, operators.Identity(tuple(x.shape), x)

    def weighted_hessian(self, x: Array, cotangent: Array) -> LinearOperator:
        return operators.Zero(tuple(x.shape), tuple(x.shape), as_real(x))

    def out_shape(self, in_shape: Shape) -> Shape:
        return in_shape

    def __str__(self) -> str:
        return "identity"
