"""The preconditioner of any size: one matrix of the features, and each class's own scale.

The block of class k in the Hessian is Σ_i s_i p_ik (1 − p_ik) x̃_i x̃_iᵀ + Λ. With one matrix G for all
classes, weighted by their sum, and c_k = Σ_i s_i p_ik (1 − p_ik) that is about

    M_k = c_k G + Λ        G = Σ_i w_i x̃_i x̃_iᵀ / Σ_i w_i,   w_i = s_i Σ_k p_ik (1 − p_ik)

which is exact where the probabilities are equal, as they are at the start. One decomposition Vᵀ Λ V = I,
Vᵀ G V = diag d inverts it for every class: M_k⁻¹ = V diag(1/(c_k d + 1)) Vᵀ. The c_k matter: of fifty topics
the largest has a thousand times the curvature of the smallest.

Where the features are many, the matrix is that of the thousand which the data bend most beyond the penalty,
and the others have the diagonal. Where the columns are uncorrelated, all have c_k E x̃_j² + λ_j.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from dxent.kernels import dispatch
from dxent.kernels.threads import do_all
from dxent.kernels.tiles import column_tiles
from dxent.objective.sampling import Curvature, weighted_gram
from dxent.objective.scaling import Coordinates

if TYPE_CHECKING:
    from dxent.objective.objective import Objective

__all__ = ["KroneckerPreconditioner", "kronecker_work"]

Matrix = NDArray[Any]

MOST_COLUMNS = 1024
ROWS_PER_COLUMN = 8
RIDGE = 1e-8  # of G's diagonal, where nothing is penalised
TINY = 1e-100


@dataclass(frozen=True, eq=False)
class KroneckerPreconditioner:
    """Qᵀ diag(M_1, …, M_K)⁻¹ Q over classes and columns.

    ``vectors`` V (head, head) and ``values`` d belong to the columns ``head``; ``scales`` are the c_k;
    ``inverse`` (outputs, width) is the inverse diagonal, of which the other columns are used.
    """

    head: Matrix
    vectors: Matrix
    values: Matrix
    scales: Matrix
    inverse: Matrix
    coordinates: Coordinates
    cost: float

    def apply(self, vector: Matrix) -> Matrix:
        """Return M⁻¹ v."""
        coords = self.coordinates
        theta = vector.reshape(coords.shape)
        result = np.empty_like(theta)

        def scale(columns: slice) -> None:
            scaled = self.inverse[:, columns] * coords.of_outputs(theta[:, columns])
            result[:, columns] = coords.of_contrasts(scaled)

        do_all(scale, column_tiles(*theta.shape))
        turned = coords.of_outputs(theta[:, self.head]) @ self.vectors
        turned /= self.scales[:, None] * self.values + 1
        result[:, self.head] = coords.of_contrasts(turned @ self.vectors.T)
        return result.ravel()

    @classmethod
    def diagonal(cls, objective: Objective, curvature: Curvature) -> KroneckerPreconditioner:
        """Return that of uncorrelated columns."""
        coords, squares = objective.coordinates, objective.column_sizes**2
        scales = curvature.of_classes[-coords.outputs :]
        ridge = RIDGE * scales.mean() * squares + TINY + objective.penalty.strengths
        inverse = 1 / (scales[:, None] * squares + ridge)
        return cls(np.arange(0), np.empty((0, 0)), np.empty(0), scales, inverse, coords, cost=0.0)

    @classmethod
    def of(cls, objective: Objective, curvature: Curvature, cost: float) -> KroneckerPreconditioner:
        """Build it from the curvature of the rows at a point."""
        coords, penalty = objective.coordinates, objective.penalty
        outputs = coords.outputs
        scales = curvature.of_classes[-outputs:]
        head, diagonal = np.arange(coords.shape[1]), np.ones((outputs, coords.shape[1]))
        if len(head) > MOST_COLUMNS:
            diagonal = data_diagonal(objective, curvature.variances[:, -outputs:])
            beyond = diagonal.mean(axis=0) / np.maximum(penalty.strengths, np.finfo(float).tiny)
            head = np.sort(np.argpartition(-beyond, MOST_COLUMNS - 1)[:MOST_COLUMNS])
            diagonal += penalty.strengths
        drawn, weights = curvature.rows(ROWS_PER_COLUMN * len(head), np.random.default_rng(objective.seed))
        gram = weighted_gram(objective, drawn, weights / max(weights.sum(), TINY), head, np.float64)
        ridge = np.diag(RIDGE * scales.mean() * np.diagonal(gram) + TINY)
        penalty.take(head).add_to(ridge[None, :, None], np.ones((1, 1)))
        values, vectors = scipy.linalg.eigh(gram, ridge, overwrite_a=True, overwrite_b=True)
        return cls(head, vectors, np.maximum(values, 0.0), scales, 1 / diagonal, coords, cost)


def kronecker_work(width: int) -> float:
    """Multiplications to form and decompose the matrix, in units of single precision."""
    return float(2 * (ROWS_PER_COLUMN + 10) * min(width, MOST_COLUMNS) ** 3)


def data_diagonal(objective: Objective, variances: Matrix) -> Matrix:
    """Return Σ_i s_i p_ik (1 − p_ik) x̃_ij² (outputs, width), by a pass over the data."""
    coords, start = objective.coordinates, 0
    diagonal = np.zeros((variances.shape[1], coords.shape[1]))
    for block in objective.rows.blocks:
        mine = variances[start : start + len(block.labels)]
        diagonal += dispatch.square_pullback(block.X, coords.centre, mine, coords.intercept)
        start += len(block.labels)
    objective.count.passes += 1
    return np.asarray(np.maximum(diagonal / coords.divisor**2, 0.0))
