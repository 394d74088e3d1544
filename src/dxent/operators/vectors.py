"""Sums of vectors, and products of two, by parts that several threads share: the same bits for any number."""

from __future__ import annotations

import numpy as np

from dxent.kernels.reference import Doubles
from dxent.kernels.threads import do_all, sum_in_order
from dxent.kernels.tiles import column_tiles

__all__ = ["add_to", "dot"]


def add_to(y: Doubles, factor: float, x: Doubles) -> None:
    """Add so many times x to y, in place."""

    def add(part: slice) -> None:
        y[part] += factor * x[part]

    do_all(add, column_tiles(1, len(y)))


def dot(x: Doubles, y: Doubles) -> float:
    """Return ⟨x, y⟩."""
    tiles = column_tiles(1, len(x))
    (total,) = sum_in_order(lambda part: (float(np.dot(x[part], y[part])),), tiles)
    return float(total)
