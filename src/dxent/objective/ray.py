"""The objective along a ray θ + t d, where the logits of all rows move along straight lines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dxent.evaluation import Evaluation
from dxent.kernels import given_logits
from dxent.kernels.reference import Floats
from dxent.objective.hessian import ObjectiveHessian
from dxent.operators.vectors import sum_with

if TYPE_CHECKING:
    from dxent.objective.objective import Objective

__all__ = ["PassRay", "Ray"]

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ray:
    """The ray from the evaluation ``here`` along ``direction``, by the logits of both.

    A slope costs no look at the data, an evaluation half a pass: from the logits back to the gradient.
    """

    objective: Objective
    here: Evaluation
    direction: Vector

    @cached_property
    def lines(self) -> list[tuple[Floats, Floats]]:
        """The lines z + t u along which the logits move: (z, u) for each block, both (rows, outputs)."""
        assert isinstance(self.here.hessian, ObjectiveHessian)
        starts = self.here.hessian.logits
        if starts and starts[0].dtype == self.objective.arithmetic:
            return list(zip(starts, *self.objective.logits(self.direction), strict=True))
        return list(zip(*self.objective.logits(self.here.point, self.direction), strict=True))

    @cached_property
    def penalty_slopes(self) -> tuple[float, float]:
        """The derivative of the penalty at t = 0, and by how much it grows with t."""
        theta, along = (
            v.reshape(self.objective.coordinates.shape) for v in (self.here.point, self.direction)
        )
        return self.objective.penalty.slopes(theta, along)

    def slope(self, step: float) -> float:
        """Return dF(θ + t d)/dt at t = ``step``."""
        linear, quadratic = self.penalty_slopes
        losses = (
            given_logits.loss_slope(*line, step, block.labels, block.sample_weight)
            for block, line in zip(self.objective.rows.blocks, self.lines, strict=True)
        )
        return linear + step * quadratic + sum(losses)

    def evaluate(self, step: float) -> Evaluation:
        """Value, gradient and Hessian at θ + t d, t = ``step``."""
        logits = tuple(given_logits.along(*line, step) for line in self.lines)
        return self.objective.at_logits(sum_with(self.here.point, step, self.direction), logits)


@dataclass(frozen=True, eq=False)
class PassRay(Ray):
    """The same where one pass is cheaper than its two halves: the full step is tried by a pass."""

    @cached_property
    def full(self) -> Evaluation:
        """At t = 1."""
        return self.objective.evaluate(sum_with(self.here.point, 1.0, self.direction))

    def slope(self, step: float) -> float:
        """Return dF(θ + t d)/dt at t = ``step``."""
        if step == 1 and np.isfinite(slope := float(self.full.gradient @ self.direction)):
            return slope
        return super().slope(step)

    def evaluate(self, step: float) -> Evaluation:
        """Value, gradient and Hessian at θ + t d, t = ``step``."""
        if step == 1:
            return self.full
        return self.objective.evaluate(sum_with(self.here.point, step, self.direction))
