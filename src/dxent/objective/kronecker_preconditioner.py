"""The preconditioner of up to a thousand columns: one matrix of the features, and each class's own scale.

The block of class k in the Hessian is Σ_i s_i p_ik (1 − p_ik) x̃_i x̃_iᵀ + Λ. With one matrix G for all
classes, weighted by their sum, and c_k = Σ_i s_i p_ik (1 − p_ik) that is about

    M_k = c_k G + Λ        G = Σ_i w_i x̃_i x̃_iᵀ / Σ_i w_i,   w_i = s_i Σ_k p_ik (1 − p_ik)

which is exact where the probabilities are equal, as they are at the start. One decomposition Vᵀ Λ V = I,
Vᵀ G V = diag d inverts it for every class: M_k⁻¹ = V diag(1/(c_k d + 1)) Vᵀ. The c_k matter: of fifty topics
the largest has a thousand times the curvature of the smallest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from dxent.kernels.threads import sum_in_order
from dxent.kernels.tiles import row_tiles
from dxent.objective.sampling import Curvature, some_rows, weighted_gram
from dxent.objective.scaling import Coordinates

if TYPE_CHECKING:
    from dxent.objective.objective import Objective

__all__ = ["KroneckerPreconditioner", "kronecker_work"]

Matrix = NDArray[Any]

ROWS_PER_COLUMN = 8
ROWS_A_TILE = 1024  # enough to outweigh adding up what a tile comes to
RIDGE = 1e-8  # of G's diagonal, where nothing is penalised
TINY = 1e-100


@dataclass(frozen=True, eq=False)
class KroneckerPreconditioner:
    """Qᵀ diag(M_1, …, M_K)⁻¹ Q over classes and columns.

    ``vectors`` are V (width, width), ``values`` d, ``scales`` the c_k.
    """

    vectors: Matrix
    values: Matrix
    scales: Matrix
    coordinates: Coordinates
    cost: float

    def apply(self, vector: Matrix) -> Matrix:
        """Return M⁻¹ v."""
        coords = self.coordinates
        theta = vector.reshape(coords.shape)
        turned = coords.of_outputs(theta) @ self.vectors
        turned /= self.scales[:, None] * self.values + 1
        return coords.of_contrasts(turned @ self.vectors.T).ravel().astype(vector.dtype, copy=False)

    @classmethod
    def of(cls, objective: Objective, curvature: Curvature, cost: float) -> KroneckerPreconditioner:
        """Build it from the curvature of the rows at a point."""
        coords, width = objective.coordinates, objective.coordinates.shape[1]
        scales = curvature.of_classes[-coords.outputs :]
        sizes, rng = curvature.sizes, np.random.default_rng(objective.seed)
        drawn, weights = some_rows(sizes, sizes, ROWS_PER_COLUMN * width, rng)
        weights = weights / max(weights.sum(), TINY)

        def of_tile(part: slice) -> tuple[Matrix]:
            return (weighted_gram(objective, drawn[part], weights[part], np.arange(width), np.float64),)

        gram = sum_in_order(of_tile, row_tiles(len(drawn), ROWS_A_TILE))[0]
        ridge = np.diag(RIDGE * scales.mean() * np.diagonal(gram) + TINY)
        objective.penalty.add_to(ridge[None, :, None], np.ones((1, 1)))
        values, vectors = scipy.linalg.eigh(gram, ridge, overwrite_a=True, overwrite_b=True)
        return cls(vectors, np.maximum(values, 0.0), scales, coords, cost)


def kronecker_work(width: int) -> float:
    """Multiplications to form and decompose the matrix, in units of single precision."""
    return float(2 * (ROWS_PER_COLUMN + 10) * width**3)
