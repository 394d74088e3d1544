"""Approximate inverse Hessians, from the most to the least exact that the size allows.

The Hessian of a few thousand parameters is formed from a sample of rows, drawn with probability
proportional to their curvature s_i Σ p(1 − p) and weighted by its inverse: it sees the coupling between
classes, which block-diagonal forms do not. Beyond that, one feature matrix serves all classes
(I ⊗ (p̄ X̃ᵀX̃/n + Λ)); with more features than that, the diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dxent.data.blocks import Block
from dxent.evaluation import Evaluation, Preconditioner
from dxent.kernels import dispatch
from dxent.objective.hessian import Factor, ObjectiveHessian
from dxent.objective.row_preconditioner import RowPreconditioner

if TYPE_CHECKING:
    from dxent.objective.objective import Objective

__all__ = ["precondition"]

Matrix = NDArray[Any]

DENSE_PARAMETERS = 8192  # a float32 factor of this size takes 256 MB
DENSE_FEATURES = 4096
ROWS_PER_FEATURE = 8


@dataclass(frozen=True, eq=False)
class DensePreconditioner:
    """The factor of a Hessian of all parameters, formed from some of the rows."""

    factor: Factor
    cost: float

    def apply(self, vector: Matrix) -> Matrix:
        """Return M⁻¹ v."""
        return self.factor.solve(vector.astype(self.factor.lower.dtype)).astype(np.float64)


@dataclass(frozen=True, eq=False)
class FeaturePreconditioner:
    """I ⊗ A: one factor of a matrix of the features, shared by all classes."""

    factor: Factor
    classes: int
    cost: float

    def apply(self, vector: Matrix) -> Matrix:
        """Return M⁻¹ v."""
        return self.factor.solve(vector.reshape(self.classes, -1).T).T.ravel()


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
    """Build the preconditioner that fits the size of the problem."""
    assert isinstance(here.hessian, ObjectiveHessian)
    width = objective.coordinates.shape[1]
    if objective.size <= DENSE_PARAMETERS:
        return dense(objective, here.hessian.probs)
    if width <= DENSE_FEATURES:
        return featurewise(objective, here.hessian.probs)
    return diagonal(objective, here.hessian.probs)


def dense(objective: Objective, probs: tuple[Matrix, ...]) -> DensePreconditioner:
    """Form and factorise the Hessian of a weighted sample of rows."""
    coords = objective.coordinates
    free, width = coords.shape
    block, some, wanted = sample(objective, probs, ROWS_PER_FEATURE * width)
    narrow = objective.strength > 0 and np.ptp(np.log2(coords.divisor)) < 40
    dtype = np.float32 if narrow else np.float64
    gram = dispatch.softmax_gram(
        block.X, coords.centre, some.astype(dtype), block.sample_weight, coords.intercept
    )
    hessian = coords.conjugate(gram)
    objective.penalty.add_to(hessian, free)
    work = wanted * width**2 * free * (free + 1) / 2 + objective.size**3 / 3
    return DensePreconditioner(Factor.of(hessian), work / pass_work(objective))


def featurewise(objective: Objective, probs: tuple[Matrix, ...]) -> FeaturePreconditioner:
    """Form and factorise the mean class's block."""
    coords = objective.coordinates
    free, width = coords.shape
    block, some, wanted = sample(objective, probs, ROWS_PER_FEATURE * width)
    curvature = (some * (1 - some)).mean(axis=1)
    halves = np.full((len(some), 2), 0.5)  # the two-class Gram with p(1 − p) = 1/4 is X̃ᵀX̃/4
    gram = dispatch.softmax_gram(
        block.X, coords.centre, halves, 4 * curvature * block.sample_weight, coords.intercept
    )
    hessian = gram / (coords.divisor[:, None] * coords.divisor)
    objective.penalty.add_to(hessian, 1)
    work = wanted * width**2 + width**3 / 3
    return FeaturePreconditioner(Factor.of(hessian), free, work / pass_work(objective))


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
    if len(blocks) == 1 and not isinstance(blocks[0].X, np.ndarray):
        return RowPreconditioner.of(blocks[0].X, curvature, h, strengths, coords)
    h += strengths
    return DiagonalPreconditioner(1 / np.maximum(h, 1e-14 * h.max()), coords.basis, 2.0)


def sample(objective: Objective, probs: tuple[Matrix, ...], wanted: int) -> tuple[Block, Matrix, int]:
    """Draw rows in proportion to their curvature, reweighted so that expectations are kept."""
    blocks = objective.rows.blocks
    if objective.rows.samples <= wanted and len(blocks) == 1:
        return blocks[0], probs[0], objective.rows.samples
    curvature = np.concatenate(
        [b.sample_weight * (p * (1 - p)).sum(axis=1) for b, p in zip(blocks, probs, strict=True)]
    )
    total = curvature.sum()
    chance = np.full(len(curvature), 1 / len(curvature))
    if total > 0:
        chance = 0.9 * curvature / total + 0.1 * chance
    drawn = np.random.default_rng(objective.seed).choice(len(curvature), size=wanted, p=chance)
    drawn, times = np.unique(drawn, return_counts=True)
    start, parts = 0, []
    for b, p in zip(blocks, probs, strict=True):
        inside = (drawn >= start) & (drawn < start + len(b.labels))
        local = drawn[inside] - start
        weight = b.sample_weight[local] * times[inside] / (wanted * chance[drawn[inside]])
        parts.append((b.take(local, weight), p[local]))
        start += len(b.labels)
    return (*merge(parts), wanted)


def merge(parts: list[tuple[Block, Matrix]]) -> tuple[Block, Matrix]:
    """Join sampled rows of several blocks into one."""
    if len(parts) == 1:
        return parts[0]
    stack = np.concatenate if isinstance(parts[0][0].X, np.ndarray) else sparse_rows
    return (
        Block(
            stack([b.X for b, _ in parts]),
            np.concatenate([b.labels for b, _ in parts]),
            np.concatenate([b.sample_weight for b, _ in parts]),
        ),
        np.concatenate([p for _, p in parts]),
    )


def sparse_rows(matrices: list[Any]) -> Any:
    """Stack CSR matrices."""
    import scipy.sparse

    return scipy.sparse.vstack(matrices, format="csr")


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
