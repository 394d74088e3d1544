"""The objective: the mean cross-entropy of a softmax layer over all rows, plus a penalty.

    F(θ) = Σ_i s_i ℓ(y_i, W x̃_i) + penalty(θ),   W = Q θ D⁻¹

It is `SoftmaxCrossEntropy ∘ Affine` (one output: `SigmoidCrossEntropy ∘ Affine`) summed over blocks, with
value, gradient and Hessian taken from the fused kernels of the same composition.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dxent.data.blocks import Rows
from dxent.evaluation import Evaluation, Preconditioner
from dxent.kernels import dispatch, given_logits
from dxent.kernels.reference import Doubles, Floats
from dxent.kernels.tiles import is_sparse
from dxent.objective.hessian import ObjectiveHessian
from dxent.objective.penalties import L2
from dxent.objective.preconditioners import precondition
from dxent.objective.ray import PassRay, Ray
from dxent.objective.rounding import SINGLE_ROUNDOFF, UNIT_ROUNDOFF
from dxent.objective.sampling import are_correlated
from dxent.objective.scaling import Coordinates, Moments

__all__ = ["Count", "Objective"]

Vector = NDArray[np.float64]

MOST_OCTAVES = 40
"""Between a column's scale and one: single precision has room for products with their squares."""

MOST_OFFSET = 1024.0
"""Of a column from zero, in its scale: three digits are lost."""

LEAST_SHARE = 1e-5
"""Of a class, that single precision tells from nothing beside the others."""


@dataclass
class Count:
    """How often the data were read, and where single precision will do.

    For Hessians, as it has so far; and, in ``rough`` passes, far from the optimum.
    """

    passes: int = 0
    single_will_do: bool = True
    rough: bool = False


@dataclass(frozen=True, eq=False)
class Objective:
    """A `Problem`: F at a flat θ, by one pass over the rows.

    ``strength`` is λ of the raw coefficients: penalty(θ) = (λ/2) ‖W‖² without the intercept.
    """

    rows: Rows
    coordinates: Coordinates
    moments: Moments
    strength: float
    penalty: L2
    seed: int = 0
    count: Count = field(default_factory=Count)

    @classmethod
    def of(
        cls,
        rows: Rows,
        coordinates: Coordinates,
        moments: Moments,
        strength: float,
        *,
        gauge: Vector | None = None,
        seed: int = 0,
    ) -> Objective:
        """Put rows, coordinates and a penalty of strength λ together."""
        strengths = strength / coordinates.scale / coordinates.scale
        if coordinates.intercept:
            strengths = np.append(strengths, 0.0)
        return cls(rows, coordinates, moments, strength, L2(strengths, gauge), seed)

    @property
    def size(self) -> int:
        """Number of parameters: (classes − 1)(features [+ 1])."""
        free, width = self.coordinates.shape
        return free * width

    def evaluate(self, point: Vector) -> Evaluation:
        """Value, gradient and Hessian at ``point``, by one pass."""
        if not self.in_one_sweep:
            return self.at_logits(point, *self.logits(point))
        coords = self.coordinates
        weights = coords.weights(point.astype(self.arithmetic, copy=False))
        losses, gradients, probs = zip(
            *(
                dispatch.loss_pass(block.X, coords.centre, weights, block.labels, block.sample_weight)
                for block in self.rows.blocks
            ),
            strict=True,
        )
        return self.evaluation(point, sum(losses), reduce(np.add, gradients), ObjectiveHessian(self, probs))

    def logits(self, *points: Vector) -> list[tuple[Floats, ...]]:
        """Return, for each point, the logits of each block's rows, which are linear in it; half a pass."""
        given = (point.astype(self.arithmetic, copy=False) for point in points)
        weights = np.concatenate([self.coordinates.weights(point) for point in given])
        of_blocks = (dispatch.logits(block.X, self.coordinates.centre, weights) for block in self.rows.blocks)
        return list(zip(*(np.split(Z, len(points), axis=1) for Z in of_blocks), strict=True))

    def at_logits(self, point: Vector, logits: tuple[Floats, ...]) -> Evaluation:
        """Value, gradient and Hessian at a point whose logits are known: the other half of a pass."""
        coords, loss, probs, gradients = self.coordinates, 0.0, [], []
        for block, Z in zip(self.rows.blocks, logits, strict=True):
            part, P, residuals = given_logits.cross_entropy(Z, block.labels, block.sample_weight)
            loss += part
            probs.append(P)
            gradients.append(dispatch.pullback(block.X, coords.centre, residuals, coords.intercept))
        hessian = ObjectiveHessian(self, tuple(probs), logits)
        return self.evaluation(point, loss, reduce(np.add, gradients), hessian)

    def evaluation(
        self, point: Vector, loss: float, gradient: Doubles, hessian: ObjectiveHessian
    ) -> Evaluation:
        """Add the penalty to what a pass has found of the loss."""
        self.count.passes += 1
        shape = self.coordinates.shape
        value = loss + self.penalty.value(point.reshape(shape))
        total = self.coordinates.pull(gradient)
        self.penalty.add_gradient(point.reshape(shape), total.reshape(shape))
        unit = SINGLE_ROUNDOFF if hessian.is_rough else UNIT_ROUNDOFF
        return Evaluation(point, value, total, hessian, 64 * unit * value)

    def preconditioner(self, here: Evaluation) -> Preconditioner:
        """The best approximate inverse Hessian that costs no more than the passes so far."""
        return precondition(self, here)

    def along(self, here: Evaluation, direction: Vector) -> Ray:
        """The objective on the ray from ``here``."""
        return PassRay(self, here, direction) if self.in_one_sweep else Ray(self, here, direction)

    @cached_property
    def in_one_sweep(self) -> bool:
        """Whether a pass reads the data once, and not for the logits and again for the gradient."""
        outputs = self.coordinates.outputs
        return all(dispatch.reads_once(block.X, outputs) for block in self.rows.blocks)

    @cached_property
    def precision(self) -> type[np.floating[Any]]:
        """Single, unless a missing penalty, a column's scale or offset, or a rare class ask for more."""
        coords, span = self.coordinates, self.moments.span
        octaves = np.abs(np.log2(np.append(coords.scale, np.maximum(span, 1.0)))).max()
        # what is subtracted from the logits of sparse rows, where dense rows are centred first
        sparse = any(is_sparse(block.X) for block in self.rows.blocks)
        offset = 0.0 if coords.centre is None or not sparse else np.abs(coords.centre / coords.scale).max()
        tame = octaves < MOST_OCTAVES and offset < MOST_OFFSET
        common = self.rows.class_shares.min() > LEAST_SHARE
        # of rows that do not count nothing is known: infinite in single precision, they would
        known = self.rows.all_count
        return np.float32 if self.strength > 0 and tame and common and known else np.float64

    @property
    def arithmetic(self) -> type[np.floating[Any]]:
        """Of a pass."""
        return self.precision if self.count.rough else np.float64

    @cached_property
    def gram_precision(self) -> np.dtype[Any]:
        """Of the products that a Hessian for a step sums."""
        return np.result_type(
            *(dispatch.gram_precision(block.X, self.precision) for block in self.rows.blocks)
        )

    @cached_property
    def column_sizes(self) -> Vector:
        """The root mean square of each column of X̃ D⁻¹, (width,)."""
        coords = self.coordinates
        sizes = np.sqrt(self.moments.square(coords.intercept)) / coords.scale
        return np.append(sizes, 1.0) if coords.intercept else sizes

    @cached_property
    def correlated(self) -> bool:
        """Whether the columns of the data are, as far as a few hundred rows tell."""
        return are_correlated(self)

    def of_rows(self, rows: Rows) -> Objective:
        """The same objective of some of the rows, with a count of its own."""
        return replace(self, rows=rows, count=Count())

    @property
    def start_value(self) -> float:
        """F at `start`: the entropy of the class shares, or of equal ones."""
        if not self.coordinates.intercept:
            return math.log(self.rows.classes)
        return float(-self.rows.class_shares @ np.log(self.rows.class_shares))

    def start(self) -> Vector:
        """The optimum of the intercept alone: zero weights, the logarithms of the class shares."""
        coords = self.coordinates
        theta = np.zeros(coords.shape)
        if coords.intercept:
            logs = np.log(self.rows.class_shares)
            theta[:, -1] = logs[1] - logs[0] if coords.basis is None else coords.basis.T @ logs
        return theta.ravel()
