"""Sums and products of long vectors, by parts that several threads share: the same bits for any number."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import DTypeLike

from dxent.kernels.reference import Doubles, Floats
from dxent.kernels.threads import do_all, sum_in_order
from dxent.kernels.tiles import column_tiles

__all__ = ["add_combination", "add_to", "difference", "dot", "norm", "products", "sum_with"]


def add_to(y: Floats, factor: float, x: Floats) -> None:
    """Add so many times x to y, in place."""

    def add(part: slice) -> None:
        y[part] += factor * x[part]

    do_all(add, column_tiles(1, len(y)))


def dot(x: Floats, y: Floats) -> float:
    """Return ⟨x, y⟩."""
    tiles = column_tiles(1, len(x))
    (total,) = sum_in_order(lambda part: (float(np.dot(x[part], y[part])),), tiles)
    return float(total)


def norm(x: Floats) -> float:
    """Return ‖x‖."""
    return math.sqrt(dot(x, x))


def sum_with(x: Doubles, factor: float, y: Doubles) -> Doubles:
    """Return x plus so many times y."""
    result = np.empty_like(x)

    def fill(part: slice) -> None:
        np.add(x[part], factor * y[part], out=result[part])

    do_all(fill, column_tiles(1, len(x)))
    return result


def difference(x: Floats, y: Floats, dtype: DTypeLike) -> Floats:
    """Return x − y, rounded to ``dtype``."""
    result = np.empty(len(x), dtype)

    def fill(part: slice) -> None:
        result[part] = x[part] - y[part]

    do_all(fill, column_tiles(1, len(x)))
    return result


def products(A: Floats, x: Floats) -> Floats:
    """Return A x for a few long rows."""
    found: Floats = sum_in_order(lambda part: (A[:, part] @ x[part],), column_tiles(1, len(x)))[0]
    return found


def add_combination(y: Floats, factors: Floats, A: Floats) -> None:
    """Add Aᵀ c, a combination of a few long rows, to y, in place."""

    def add(part: slice) -> None:
        y[part] += factors @ A[:, part]

    do_all(add, column_tiles(1, len(y)))
