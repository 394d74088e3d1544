"""The preconditioner of uncorrelated columns: the diagonal of the Hessian, class by class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dxent.kernels.contrasts import to_contrasts, to_outputs
from dxent.kernels.threads import do_all
from dxent.kernels.tiles import column_tiles
from dxent.objective.sampling import Curvature
from dxent.objective.scaling import Coordinates

if TYPE_CHECKING:
    from dxent.objective.objective import Objective

__all__ = ["DiagonalPreconditioner", "scale"]

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
        ones = np.ones(coords.shape[1])
        outputs = to_outputs(vector.reshape(coords.shape), ones)
        scale(outputs, self.inverse)
        return to_contrasts(outputs, ones, vector.dtype).ravel()

    @classmethod
    def of(cls, objective: Objective, curvature: Curvature) -> DiagonalPreconditioner:
        """Build it without a look at the data."""
        coords, squares = objective.coordinates, objective.column_sizes**2
        scales = curvature.of_classes[-coords.outputs :]
        ridge = RIDGE * scales.mean() * squares + TINY + objective.penalty.strengths
        return cls(np.asfortranarray(1 / (scales[:, None] * squares + ridge)), coords)


def scale(outputs: Matrix, factors: Matrix) -> None:
    """Multiply each entry by its factor; both are best in the order of columns."""

    def scale_some(columns: slice) -> None:
        outputs[:, columns] *= factors[:, columns]

    do_all(scale_some, column_tiles(*outputs.shape))
