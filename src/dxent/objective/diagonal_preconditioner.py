"""The preconditioner of uncorrelated columns: the diagonal of the Hessian, class by class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dxent.kernels.threads import do_all
from dxent.kernels.tiles import column_tiles
from dxent.objective.sampling import Curvature
from dxent.objective.scaling import Coordinates

if TYPE_CHECKING:
    from dxent.objective.objective import Objective

__all__ = ["DiagonalPreconditioner"]

Matrix = NDArray[Any]

RIDGE = 1e-8  # of the diagonal, where nothing is penalised
TINY = 1e-100


@dataclass(frozen=True, eq=False)
class DiagonalPreconditioner:
    """Qᵀ diag(m_1, …, m_K)⁻¹ Q over classes and columns, m_k = c_k E x̃_j² + λ_j (outputs, width)."""

    inverse: Matrix
    coordinates: Coordinates
    cost: float = 0.0

    def apply(self, vector: Matrix) -> Matrix:
        """Return M⁻¹ v."""
        coords = self.coordinates
        theta = vector.reshape(coords.shape)
        result = np.empty_like(theta)

        def scale(columns: slice) -> None:
            scaled = self.inverse[:, columns] * coords.of_outputs(theta[:, columns])
            result[:, columns] = coords.of_contrasts(scaled)

        do_all(scale, column_tiles(*theta.shape))
        return result.ravel()

    @classmethod
    def of(cls, objective: Objective, curvature: Curvature) -> DiagonalPreconditioner:
        """Build it without a look at the data."""
        coords, squares = objective.coordinates, objective.column_sizes**2
        scales = curvature.of_classes[-coords.outputs :]
        ridge = RIDGE * scales.mean() * squares + TINY + objective.penalty.strengths
        return cls(1 / (scales[:, None] * squares + ridge), coords)
