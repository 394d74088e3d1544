"""How far rounding may have moved what a proof rests on: sums over the rows, logits, a factor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import DTypeLike, NDArray

from dxent.evaluation import Evaluation

if TYPE_CHECKING:
    from dxent.objective.objective import Objective

__all__ = [
    "SINGLE_ROUNDOFF",
    "UNIT_ROUNDOFF",
    "logit_rounding",
    "product_rounding",
    "sum_rounding",
    "summing",
]

Matrix = NDArray[np.float64]

UNIT_ROUNDOFF = float(np.finfo(np.float64).eps) / 2
SINGLE_ROUNDOFF = float(np.finfo(np.float32).eps) / 2


def sum_rounding(objective: Objective, here: Evaluation) -> Matrix:
    """Estimate how far rounding in its sums may have moved each entry of the gradient, (classes − 1, width).

    An entry sums n terms s_i x̃_ij (p − y). A row's loss ℓ bounds its residuals: ‖p − y‖² ≤ 2 (1 − e^−ℓ)² ≤ ℓ.
    """
    theta = here.point.reshape(objective.coordinates.shape)
    sums = summing(objective) * math.sqrt(here.value) * objective.column_sizes
    return np.asarray(sums + UNIT_ROUNDOFF * 4 * objective.penalty.strengths * np.abs(theta))


def summing(objective: Objective) -> float:
    """Estimate how far rounding may have moved a sum over the rows, over Σ |terms|.

    About √m u, m being how many additions a term passes through, here a tile's rows and the tiles.

    See: Higham & Mary, SIAM J. Sci. Comput. 41 (2019).
    """
    return 4 * UNIT_ROUNDOFF * math.sqrt(64 + objective.rows.samples / 16)


def logit_rounding(objective: Objective, here: Evaluation) -> float:
    """Estimate how far rounding may have moved a logit: a few u, and u times the terms it sums."""
    theta = here.point.reshape(objective.coordinates.shape)
    return UNIT_ROUNDOFF * (8 + 2 * float(np.linalg.norm(theta * objective.column_sizes)))


def product_rounding(objective: Objective, precision: DTypeLike) -> float:
    """Estimate how far rounding may have moved a sum of products Σ w x_j x_k over √(Σ w x_j² Σ w x_k²).

    In single precision the entries and probabilities, and their products, may be rounded alike in every row,
    seven times, and some fifty sums of equal numbers, too, before they are added up in double precision.
    """
    single = 64 * SINGLE_ROUNDOFF if np.dtype(precision) == np.float32 else 0.0
    return single + 4 * summing(objective)
