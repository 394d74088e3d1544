"""Sums and products of long vectors, by parts that several threads share: the same bits for any number."""

from __future__ import annotations

import numpy as np

from dxent.kernels.reference import Doubles, Floats
from dxent.kernels.threads import do_all, sum_in_order
from dxent.kernels.tiles import column_tiles

__all__ = ["add_combination", "add_to", "dot", "products"]


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


def products(A: Floats, x: Floats) -> Floats:
    """Return A x for a few long rows."""
    found: Floats = sum_in_order(lambda part: (A[:, part] @ x[part],), column_tiles(*A.shape))[0]
    return found


def add_combination(y: Doubles, factors: Floats, A: Floats) -> None:
    """Add Aᵀ c, a combination of a few long rows, to y, in place."""

    def add(part: slice) -> None:
        y[part] += factors @ A[:, part]

    do_all(add, column_tiles(*A.shape))
