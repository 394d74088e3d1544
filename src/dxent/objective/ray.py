"""The objective along a ray θ + t d: after a pass, any step length costs no look at the data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from dxent.data.blocks import Block
from dxent.kernels import dispatch
from dxent.kernels.reference import Floats
from dxent.kernels.threads import sum_in_order
from dxent.kernels.tiles import column_tiles

__all__ = ["Line", "Ray"]


@dataclass(frozen=True, eq=False)
class Line:
    """The straight lines z + t u along which the logits of a block's rows move; both (rows, outputs)."""

    block: Block
    start: Floats
    direction: Floats

    def slope(self, step: float) -> float:
        """Return Σ s_i ⟨p_i − y_i, u_i⟩, the derivative of the weighted loss, at t = ``step``."""
        tiles = column_tiles(*self.start.T.shape)
        return float(sum_in_order(partial(self._slope_of, step), tiles)[0])

    def _slope_of(self, step: float, rows: slice) -> tuple[float]:
        u, labels, weights = self.direction[rows], self.block.labels[rows], self.block.sample_weight[rows]
        residuals = dispatch.weighted_cross_entropy(self.start[rows] + step * u, labels, weights)[2]
        return (float(np.vdot(residuals, u)),)


@dataclass(frozen=True, eq=False)
class Ray:
    """The derivative of t ↦ F(θ + t d): of lines, one a block, and of the penalty, linear + t quadratic."""

    lines: tuple[Line, ...]
    linear: float
    quadratic: float

    def slope(self, step: float) -> float:
        """Return dF(θ + t d)/dt at t = ``step``."""
        return self.linear + step * self.quadratic + sum(line.slope(step) for line in self.lines)
