"""The logistic function and its relatives, with the derivatives that keep their digits in both tails."""

# ruff: noqa: D102 — these methods are documented where they are declared, in Elementwise.

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from dxent._typing import Array, Namespace
from dxent.functions.elementwise import Elementwise
from dxent.kernels import logistic

__all__ = ["LogSigmoid", "Logit", "Sigmoid", "Softplus"]


@final
@dataclass(frozen=True, repr=False)
class Sigmoid(Elementwise):
    """The logistic function, the probability whose log-odds are z.

        σ(z) = 1 / (1 + e^−z),    σ′ = σ(z) σ(−z),    σ″ = σ′ (1 − 2σ)

    Shapes: any → the same. Derivative: `Diagonal`.
    Range: every z; σ(±∞) = 1, 0. Accuracy: 3 ulp, second derivative 4, in both tails.
    See: D. R. Cox, J. R. Stat. Soc. B 20 (1958).
    """

    def value(self, xp: Namespace, x: Array) -> Array:
        return logistic.sigmoid(xp, x)

    def slope(self, xp: Namespace, x: Array) -> Array:
        return logistic.sigmoid_slope(xp, x)

    def curvature(self, xp: Namespace, x: Array) -> Array:
        return logistic.sigmoid_curvature(xp, x)


@final
@dataclass(frozen=True, repr=False)
class LogSigmoid(Elementwise):
    """The logarithm of the logistic function.

        log σ(z) = −log(1 + e^−z),    derivative σ(−z),    second −σ′(z)

    Shapes: any → the same. Derivative: `Diagonal`. Units: nats.
    Range: every z; −∞ at −∞. Accuracy: 3 ulp, value and both derivatives, in both tails.
    """

    def value(self, xp: Namespace, x: Array) -> Array:
        return -logistic.softplus(xp, -x)

    def slope(self, xp: Namespace, x: Array) -> Array:
        return logistic.sigmoid(xp, -x)

    def curvature(self, xp: Namespace, x: Array) -> Array:
        return -logistic.sigmoid_slope(xp, x)

    def __str__(self) -> str:
        return "log_sigmoid"


@final
@dataclass(frozen=True, repr=False)
class Softplus(Elementwise):
    """The smooth maximum of z and 0: the loss of a logistic model at a negative example.

        softplus z = log(1 + e^z) = −log σ(−z),    derivative σ(z),    second σ′(z)

    Shapes: any → the same. Derivative: `Diagonal`. Units: nats.
    Range: every z; 0 at −∞. Accuracy: 3 ulp, value and both derivatives, in both tails.
    """

    def value(self, xp: Namespace, x: Array) -> Array:
        return logistic.softplus(xp, x)

    def slope(self, xp: Namespace, x: Array) -> Array:
        return logistic.sigmoid(xp, x)

    def curvature(self, xp: Namespace, x: Array) -> Array:
        return logistic.sigmoid_slope(xp, x)


@final
@dataclass(frozen=True, repr=False)
class Logit(Elementwise):
    """The log-odds of a probability, inverse of `Sigmoid`.

        logit p = log(p / (1 − p)),    derivative 1/(p (1 − p)),    second (2p − 1)/(p (1 − p))²

    Shapes: any → the same. Derivative: `Diagonal`. Units: nats.
    Range: 0 ≤ p ≤ 1, ∓∞ at the ends; NaN elsewhere. Accuracy: 3 ulp, also around one half.
    """

    def value(self, xp: Namespace, x: Array) -> Array:
        return logistic.logit(xp, x)

    def slope(self, xp: Namespace, x: Array) -> Array:
        return 1 / x / (1 - x)

    def curvature(self, xp: Namespace, x: Array) -> Array:
        return (2 * x - 1) / x / x / (1 - x) / (1 - x)
