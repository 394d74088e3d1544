"""From contrasts of the classes to their outputs and back: W = Q θ D⁻¹ and Qᵀ G D⁻¹, for a diagonal D.

The columns of Q (classes, classes − 1) are orthonormal, and each sums to zero: all but the first of the
reflection that takes the first axis to the diagonal (Householder's), whose product with a vector takes two
additions an entry. Two classes have one output, which is their one contrast.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import DTypeLike

from dxent.kernels.compiled import native
from dxent.kernels.reference import Doubles, Floats
from dxent.kernels.threads import do_all
from dxent.kernels.tiles import column_tiles

__all__ = ["times_basis", "times_transposed_basis", "to_contrasts", "to_outputs"]


def to_outputs(theta: Floats, scale: Doubles) -> Floats:
    """Return Q θ D⁻¹ (outputs, columns), in the order in which the sparse kernels read it: by columns."""
    free, columns = theta.shape
    out = np.empty((columns, free + (free > 1)), theta.dtype).T

    def fill(tile: slice) -> None:
        if native is not None:
            native.to_outputs(theta[:, tile], scale[tile], out[:, tile])
        else:
            part = theta[:, tile] / scale[tile]
            out[:, tile] = times_basis(part) if free > 1 else part

    do_all(fill, column_tiles(free, columns))
    return out


def to_contrasts(gradient: Floats, scale: Doubles, dtype: DTypeLike = np.float64) -> Floats:
    """Return Qᵀ G D⁻¹ (classes − 1, columns) for G (outputs, columns), in row order."""
    outputs, columns = gradient.shape
    out = np.empty((outputs - (outputs > 1), columns), dtype)

    def fill(tile: slice) -> None:
        part = gradient[:, tile]
        if native is not None:
            native.to_contrasts(part, scale[tile], out[:, tile])
        else:
            out[:, tile] = (times_transposed_basis(part) if outputs > 1 else part) / scale[tile]

    do_all(fill, column_tiles(outputs, columns))
    return out


def times_basis(theta: Floats) -> Floats:
    """Return Q θ."""
    classes, total = len(theta) + 1, theta.sum(axis=0)
    result = np.empty((classes, *total.shape), theta.dtype)
    result[0] = total / math.sqrt(classes)
    np.subtract(theta, total / (classes - math.sqrt(classes)), out=result[1:])
    return result


def times_transposed_basis(weights: Floats) -> Floats:
    """Return Qᵀ W."""
    classes, first, others = len(weights), weights[0], weights[1:]
    return np.asarray(
        others + (first / math.sqrt(classes) - others.sum(axis=0) / (classes - math.sqrt(classes)))
    )
