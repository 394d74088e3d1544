"""How far rounding may have moved what a proof rests on: sums over the rows, logits, a factor."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dxent.evaluation import Evaluation
from dxent.objective.hessian import Factor
from dxent.objective.objective import UNIT_ROUNDOFF, Objective

__all__ = ["factor_doubt", "logit_rounding", "sum_rounding", "summing"]

Matrix = NDArray[np.float64]


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


def factor_doubt(objective: Objective, factor: Factor) -> float:
    """Return ε such that the true curvature is at least (1 − ε) times the one that was factorised.

    Rounding in a sum of m products moves H_jk by some γ √(H_jj H_kk), γ ≈ √m u, and diag H ≤ τ H with
    τ = Σ_j H_jj (H⁻¹)_jj. Where p has saturated, eigenvalues can be nothing but rounding: then ε is large.
    """
    if factor.lifted:
        return 1.0
    gamma = 4 * summing(objective)
    squares = np.einsum("jk,jk->j", factor.lower, factor.lower)
    return gamma * float(squares @ factor.inverse_diagonal)
