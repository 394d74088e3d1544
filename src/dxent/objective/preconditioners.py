"""Approximate inverse Hessians: the best that the size of the problem, and the passes made so far, allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dxent.evaluation import Evaluation, Preconditioner
from dxent.kernels.choice import gram_work
from dxent.kernels.tiles import EXPONENTIAL
from dxent.objective.block_preconditioner import BlockPreconditioner, block_work
from dxent.objective.diagonal_preconditioner import DiagonalPreconditioner
from dxent.objective.hessian import ObjectiveHessian
from dxent.objective.kronecker_preconditioner import KroneckerPreconditioner, kronecker_work
from dxent.objective.pair_preconditioner import PairPreconditioner, pair_work
from dxent.objective.sampling import Curvature

if TYPE_CHECKING:
    from dxent.objective.objective import Objective

__all__ = ["hessian_work", "pass_work", "precondition", "sampled_passes"]

Matrix = NDArray[Any]

BLOCK_COLUMNS = 256, 512, 1024
BLOCK_ENTRIES = 1 << 25  # of all blocks: 128 MB
LOOKS = 3.0  # at the data, in passes, which blocks take
MANY_COLUMNS = 1024  # beyond, one matrix of them takes too long to decompose
DENSE_PARAMETERS = 8192  # a float32 factor of this size takes 256 MB


def precondition(objective: Objective, here: Evaluation) -> Preconditioner:
    """Build the best preconditioner that costs no more than the passes so far, or else the cheapest.

    So a dear one is built only where the search is long, and takes no more than half the time.
    """
    assert isinstance(here.hessian, ObjectiveHessian)
    curvature = Curvature.of(objective.rows, here.hessian.probs)
    if objective.size <= DENSE_PARAMETERS:
        active = active_columns(objective, curvature)
        cost = sampled_passes(objective, len(active))
        if len(active) and cost <= objective.count.passes:
            return PairPreconditioner.of(objective, curvature, active, cost)
    if not objective.correlated:
        return DiagonalPreconditioner.of(objective, curvature)
    width = objective.coordinates.shape[1]
    if width <= MANY_COLUMNS:
        return KroneckerPreconditioner.of(objective, curvature, kronecker_work(width) / pass_work(objective))
    return BlockPreconditioner.of(objective, curvature, *block_size(objective))


def block_size(objective: Objective) -> tuple[int, float]:
    """Return how many columns a class's block has, and what all blocks cost, in passes over the data.

    Of texts few columns matter, which larger blocks do not repay.
    """
    outputs, width = objective.coordinates.outputs, objective.coordinates.shape[1]
    most = min(width, int((BLOCK_ENTRIES / outputs) ** 0.5))
    dense = all(isinstance(block.X, np.ndarray) for block in objective.rows.blocks)

    def cost(columns: int) -> float:
        return LOOKS + block_work(outputs, columns) / pass_work(objective)

    least, *larger = (min(columns, most) for columns in BLOCK_COLUMNS)
    affordable = (columns for columns in larger if dense and cost(columns) <= objective.count.passes)
    size = max(affordable, default=least)
    return size, cost(size)


def active_columns(objective: Objective, curvature: Curvature) -> Matrix:
    """Return the columns that the data bend more than a tenth of what the penalty does."""
    intercept = objective.coordinates.intercept
    mean = curvature.sizes.sum() / curvature.probs.shape[1]
    active = mean * objective.moments.square(intercept) >= 0.1 * objective.strength
    return np.flatnonzero(np.append(active, True) if intercept else active)


def sampled_passes(objective: Objective, columns: int) -> float:
    """Return what the sampled Hessian of so many columns costs, in passes over the data."""
    return pair_work(objective.coordinates.shape[0], columns) / pass_work(objective)


def pass_work(objective: Objective) -> float:
    """Multiplications that BLAS does in the time of one pass over the data.

    A pass reads each number for a few multiplications; products of large matrices run some eight times as
    fast. A stored entry of a sparse matrix costs as much as eight of a dense one, and a row as forty more.
    """
    outputs = objective.coordinates.outputs
    entries = sum(
        block.X.size if isinstance(block.X, np.ndarray) else 8 * block.X.nnz + EXPONENTIAL * block.X.shape[0]
        for block in objective.rows.blocks
    )
    return 8.0 * 2 * outputs * max(entries, 1)


def hessian_work(objective: Objective) -> float:
    """Multiplications, of large matrices, in the time that the exact Hessian takes."""
    free, width = objective.coordinates.shape
    return free**2 * sum(gram_work(block.X, width) for block in objective.rows.blocks)
