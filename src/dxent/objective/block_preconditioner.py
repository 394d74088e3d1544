"""The preconditioner of many columns: for each class a matrix of its own few, and the diagonal of the others.

The block of class k in the Hessian is

    H_k = Σ_i v_ik x̃_i x̃_iᵀ + Λ,   v_ik = s_i p_ik (1 − p_ik)

and once the rows are fitted, the few that still bend it differ from class to class: so do the columns which
they fill. M_k has H_k for the columns that the data bend most beyond the penalty, and its diagonal elsewhere.

A small sample of rows tells the matrix if each is drawn in proportion to its share of the diagonal's bend,
v_ik Σ_j x̃_ij² / (H_k)_jj: a long text weighs as much as many short ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dxent.kernels import dispatch
from dxent.kernels.contrasts import to_contrasts, to_outputs
from dxent.kernels.threads import do_all
from dxent.kernels.tiles import row_tiles
from dxent.objective.diagonal_preconditioner import scale
from dxent.objective.sampling import Curvature, some_rows, weighted_gram
from dxent.objective.scaling import Coordinates

if TYPE_CHECKING:
    from dxent.objective.objective import Objective

__all__ = ["BlockPreconditioner", "block_work"]

Matrix = NDArray[Any]

ROWS_A_COLUMN = 4
A_ROW = 500_000  # multiplications, of large matrices, in the time that gathering a row takes
RIDGE = 1e-8  # of the diagonal, where nothing is penalised
TINY = 1e-35  # whose inverse single precision can hold


@dataclass(frozen=True, eq=False)
class BlockPreconditioner:
    """Qᵀ diag(M_1, …, M_K)⁻¹ Q over classes and columns.

    ``heads`` (outputs, head) are each class's columns, and ``roots`` (outputs, head, head) the inverse L⁻¹ of
    their Cholesky factor; ``diagonal`` (outputs, width) inverts the diagonal elsewhere. Both are in single
    precision: a product with a factor and its transpose is positive definite whatever their rounding.
    """

    heads: Matrix
    roots: Matrix
    diagonal: Matrix
    coordinates: Coordinates
    cost: float

    def apply(self, vector: Matrix) -> Matrix:
        """Return M⁻¹ v."""
        coords = self.coordinates
        ones = np.ones(coords.shape[1])
        outputs = to_outputs(vector.reshape(coords.shape), ones)

        def solve(classes: slice) -> None:
            k = classes.start
            outputs[k, self.heads[k]] = self.roots[k].T @ (self.roots[k] @ heads[k])

        heads = np.take_along_axis(outputs, self.heads, axis=1).astype(np.float32)
        scale(outputs, self.diagonal)
        do_all(solve, row_tiles(len(outputs), 1))
        return to_contrasts(outputs, ones, vector.dtype).ravel()

    @classmethod
    def of(cls, objective: Objective, curvature: Curvature, size: int, cost: float) -> BlockPreconditioner:
        """Build blocks of so many columns from the curvature of the rows at a point."""
        coords, strengths = objective.coordinates, objective.penalty.strengths
        variances = curvature.variances[:, -coords.outputs :]
        bends = column_bends(objective, variances)
        beyond = bends / np.maximum(strengths, np.finfo(float).tiny)
        heads = np.sort(np.argpartition(-beyond, size - 1, axis=1)[:, :size], axis=1)
        diagonal = 1 / (bends + strengths + TINY)
        shares = row_shares(objective, heads, np.take_along_axis(diagonal, heads, axis=1))
        roots = np.empty((len(heads), size, size), np.float32)

        def build(classes: slice) -> None:
            k, rng = classes.start, np.random.default_rng(objective.seed)
            sizes = variances[:, k]
            drawn, weights = some_rows(sizes * shares[:, k], sizes, ROWS_A_COLUMN * size, rng)
            gram = weighted_gram(objective, drawn, weights, heads[k], np.float64)
            np.einsum("jj->j", gram)[:] += RIDGE * bends[k, heads[k]] + TINY
            objective.penalty.take(heads[k]).add_to(gram[None, :, None], np.ones((1, 1)))
            # NumPy's, for SciPy's hold up the other thread
            roots[k] = np.linalg.inv(np.linalg.cholesky(gram).astype(np.float32))

        do_all(build, row_tiles(len(heads), 1))
        return cls(heads, roots, np.asfortranarray(diagonal, np.float32), coords, cost)


def block_work(outputs: int, columns: int) -> float:
    """Multiplications to form and decompose blocks of so many columns, in units of single precision."""
    return float(outputs * ROWS_A_COLUMN * columns * (3 * columns**2 + A_ROW))


def column_bends(objective: Objective, variances: Matrix) -> Matrix:
    """Return Σ_i v_ik x̃_ij² (outputs, width), the diagonal of the Hessian of the loss, by a pass."""
    coords, start = objective.coordinates, 0
    bends = np.zeros((variances.shape[1], coords.shape[1]))
    for block in objective.rows.blocks:
        mine = variances[start : start + len(block.labels)]
        bends += dispatch.square_pullback(block.X, coords.centre, mine, coords.intercept)
        start += len(block.labels)
    objective.count.passes += 1
    return np.asarray(np.maximum(bends / coords.divisor**2, 0.0))


def row_shares(objective: Objective, heads: Matrix, scales: Matrix) -> Matrix:
    """Return Σ_j x̃_ij² c_kj over the ``heads`` of each class k, (rows, outputs), by half a pass."""
    coords = objective.coordinates
    weights = np.zeros((coords.outputs, coords.shape[1]))
    np.put_along_axis(weights, heads, scales / np.square(coords.divisor)[heads], axis=1)
    blocks = objective.rows.blocks
    return np.concatenate([dispatch.square_logits(block.X, coords.centre, weights) for block in blocks])
