"""Approximate inverse Hessians: the best that the size of the problem, and the passes made so far, allow.

Up to a few thousand parameters, the Hessian from sampled rows and class pairs, which sees the coupling
between classes; at first, and beyond, one feature matrix for all classes, I ⊗ (p̄ X̃ᵀX̃/n + Λ), which is exact
where the probabilities are equal, as they are at the start; with more features than that the diagonal, or of
sparse data the diagonal and the rows that bend the loss most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dxent.evaluation import Evaluation, Preconditioner
from dxent.kernels import dispatch
from dxent.objective.hessian import Factor, ObjectiveHessian
from dxent.objective.pair_preconditioner import PairPreconditioner, pair_work
from dxent.objective.row_preconditioner import ROWS_COST, RowPreconditioner
from dxent.objective.sampling import Curvature, weighted_gram

if TYPE_CHECKING:
    from dxent.objective.objective import Objective

__all__ = ["pass_work", "precondition"]

Matrix = NDArray[Any]

DENSE_PARAMETERS = 8192  # a float32 factor of this size takes 256 MB
DENSE_FEATURES = 4096
ROWS_PER_FEATURE = 8


@dataclass(frozen=True, eq=False)
class FeaturePreconditioner:
    """I ⊗ A: one factor of a matrix of the features, p̄ X̃ᵀX̃/n + Λ, shared by all classes."""

    factor: Factor
    cost: float

    def apply(self, vector: Matrix) -> Matrix:
        """Return M⁻¹ v."""
        return self.factor.solve(vector.reshape(-1, len(self.factor.lower)).T).T.ravel()

    @classmethod
    def of(cls, objective: Objective, curvature: Curvature, cost: float) -> FeaturePreconditioner:
        """Form and factorise the mean class's block."""
        width, classes = objective.coordinates.shape[1], curvature.probs.shape[1]
        drawn, weights = curvature.draw(ROWS_PER_FEATURE * width, np.random.default_rng(objective.seed))
        hessian = weighted_gram(objective, drawn, weights / classes, np.arange(width), np.float64)
        objective.penalty.add_to(hessian.reshape(1, width, 1, width), np.eye(1))
        return cls(Factor.of(hessian), cost)


@dataclass(frozen=True, eq=False)
class DiagonalPreconditioner:
    """Qᵀ diag(h)⁻¹ Q for a diagonal h over classes and features."""

    inverse: Matrix
    basis: Matrix | None
    cost: float

    def apply(self, vector: Matrix) -> Matrix:
        """Return M⁻¹ v."""
        if self.basis is None:
            return self.inverse.ravel() * vector
        theta = vector.reshape(self.basis.shape[1], -1)
        return np.asarray(self.basis.T @ (self.inverse * (self.basis @ theta))).ravel()


def precondition(objective: Objective, here: Evaluation) -> Preconditioner:
    """Build the best preconditioner that costs no more than the passes so far, or else the cheapest.

    So a dear one is built only where the search is long, and takes no more than half the time.
    """
    assert isinstance(here.hessian, ObjectiveHessian)
    width, budget = objective.coordinates.shape[1], objective.count.passes
    if width > DENSE_FEATURES:
        return diagonal(objective, here.hessian.probs)
    curvature = Curvature.of(objective.rows, here.hessian.probs)
    if objective.size <= DENSE_PARAMETERS:
        active = active_columns(objective, curvature)
        cost = pair_work(objective.coordinates.shape[0], len(active)) / pass_work(objective)
        if cost <= budget:
            return PairPreconditioner.of(objective, curvature, active, cost)
    cost = 2 * ROWS_PER_FEATURE * width**3 / pass_work(objective)
    return FeaturePreconditioner.of(objective, curvature, cost)


def active_columns(objective: Objective, curvature: Curvature) -> Matrix:
    """Return the columns that the data bend more than a tenth of what the penalty does."""
    coords, columns = objective.coordinates, objective.moments
    second = columns.variance if coords.intercept else columns.variance + columns.mean**2
    mean = curvature.sizes.sum() / curvature.probs.shape[1]
    active = mean * second >= 0.1 * objective.strength
    return np.flatnonzero(np.append(active, True) if coords.intercept else active)


def diagonal(objective: Objective, probs: tuple[Matrix, ...]) -> DiagonalPreconditioner | RowPreconditioner:
    """Take the Hessian's diagonal, before the change of class basis: Σ s_i p_ik (1 − p_ik) x̃_ij² + λ_j.

    Where the data are one sparse matrix, the rows that bend the loss most are inverted with it.
    """
    coords, blocks = objective.coordinates, objective.rows.blocks
    outputs = 1 if coords.basis is None else objective.rows.classes
    h = np.zeros((outputs, coords.shape[1]))
    for block, p in zip(blocks, probs, strict=True):
        curvature = block.sample_weight[:, None] * (p * (1 - p))[:, :outputs]
        h += dispatch.square_pullback(block.X, coords.centre, curvature, coords.intercept)
    h = np.maximum(h / coords.divisor**2, 0.0)
    objective.count.passes += 1
    strengths = objective.penalty.strengths
    if len(blocks) == 1 and not isinstance(blocks[0].X, np.ndarray) and objective.count.passes > ROWS_COST:
        return RowPreconditioner.of(blocks[0].X, curvature, h, strengths, coords)
    h += strengths
    return DiagonalPreconditioner(1 / np.maximum(h, 1e-14 * h.max()), coords.basis, 2.0)


def pass_work(objective: Objective) -> float:
    """Multiplications that BLAS does in the time of one pass over the data.

    A pass reads each number for a few multiplications; products of large matrices run some eight times as
    fast. A stored entry of a sparse matrix costs as much as eight of a dense one.
    """
    outputs = objective.coordinates.shape[0] + (objective.coordinates.basis is not None)
    entries = sum(
        block.X.size if isinstance(block.X, np.ndarray) else 8 * block.X.nnz
        for block in objective.rows.blocks
    )
    return 8.0 * 2 * outputs * max(entries, 1)
