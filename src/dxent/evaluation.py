"""The words that a solver and an objective share; a solver knows nothing else of the problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from dxent.operators.base import LinearOperator

__all__ = ["Evaluation", "Floats", "Preconditioner", "Problem", "Ray"]

Vector = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """An objective to second order at one point: value, gradient and Hessian of one linearisation.

    ``rounding`` is how far ``value`` may be off through rounding alone: differences below it say nothing.
    """

    point: Vector
    value: float
    gradient: Vector
    hessian: LinearOperator
    rounding: float


class Preconditioner(Protocol):
    """A symmetric positive definite stand-in for the inverse Hessian."""

    @property
    def cost(self) -> float:
        """What building it cost, in passes over the data: rebuild it no more often than that pays."""

    def apply(self, vector: Floats) -> Floats:
        """Return M⁻¹ v, in the precision of v."""


class Ray(Protocol):
    """A function on the ray x + t d."""

    def slope(self, step: float) -> float:
        """Return dF(x + t d)/dt, cheaply."""

    def evaluate(self, step: float) -> Evaluation:
        """Value, gradient and Hessian at x + t d."""


class Problem(Protocol):
    """A smooth convex function of a flat vector."""

    @property
    def precision(self) -> DTypeLike:
        """In which the Hessian's products are good enough for a step."""

    def evaluate(self, point: Vector) -> Evaluation:
        """Value, gradient and Hessian at ``point``."""

    def along(self, here: Evaluation, direction: Vector) -> Ray:
        """The function on a ray from ``here``."""

    def preconditioner(self, here: Evaluation) -> Preconditioner:
        """An approximate inverse of the Hessian at ``here``, the better the longer the search has taken."""
