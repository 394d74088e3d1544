"""Penalties on θ: quadratic forms that keep the optimum finite and unique."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dxent.kernels.threads import do_all, sum_in_order
from dxent.kernels.tiles import column_tiles

__all__ = ["L2"]

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class L2:
    """The ridge ½ Σ_kj λ_j θ_kj², plus ½ ‖θ N‖² on directions that no row of the data sees.

    ``strengths`` (width,) holds λ_j, 0 for the intercept. ``gauge`` N (width, r) has orthonormal columns
    with X̃ N = 0: the loss is constant along them, so this term changes no prediction; it only says which of
    the many optima is meant (θ N = 0) and makes the Hessian invertible.
    """

    strengths: Matrix
    gauge: Matrix | None = None

    def value(self, theta: Matrix) -> float:
        """Return the penalty at θ (classes − 1, width)."""
        ridge = 0.5 * float(np.einsum("kj,kj->j", theta, theta) @ self.strengths)
        return ridge if self.gauge is None else ridge + 0.5 * float(np.sum((theta @ self.gauge) ** 2))

    def add_gradient(self, theta: Matrix, gradient: Matrix) -> None:
        """Add the gradient at θ, which is also the Hessian times θ, in place."""
        strengths = self.strengths.astype(theta.dtype, copy=False)

        def add(columns: slice) -> None:
            gradient[:, columns] += strengths[columns] * theta[:, columns]

        do_all(add, column_tiles(*theta.shape))
        if self.gauge is not None:
            gradient += (theta @ self.gauge) @ self.gauge.T

    def slopes(self, theta: Matrix, direction: Matrix) -> tuple[float, float]:
        """Return the penalty's derivative at θ along D, and by how much that grows with each step."""

        def of_tile(columns: slice) -> tuple[float, float]:
            D = direction[:, columns]
            bend = self.strengths[columns] * D
            return float(np.vdot(theta[:, columns], bend)), float(np.vdot(D, bend))

        linear, quadratic = sum_in_order(of_tile, column_tiles(*theta.shape))
        if self.gauge is not None:
            along = direction @ self.gauge
            linear, quadratic = linear + np.vdot(theta @ self.gauge, along), quadratic + np.vdot(along, along)
        return float(linear), float(quadratic)

    def take(self, columns: NDArray[np.intp]) -> L2:
        """Return the penalty on some of the columns."""
        return L2(self.strengths[columns], None if self.gauge is None else self.gauge[columns])

    def add_to(self, blocks: NDArray[np.floating[Any]], classes: Matrix) -> None:
        """Add classes ⊗ (diag λ + N Nᵀ) in place to the blocks (s, width, t, width) of a Hessian."""
        np.einsum("sjtj->stj", blocks)[:] += (classes[:, :, None] * self.strengths).astype(blocks.dtype)
        if self.gauge is not None:
            ridge = self.gauge @ self.gauge.T
            blocks += (classes[:, None, :, None] * ridge[:, None, :]).astype(blocks.dtype)
