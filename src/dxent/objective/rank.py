"""Directions that no row of the data sees, and the shortest coefficients among those that predict alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dxent.data.blocks import Rows
from dxent.objective.scaling import Coordinates

__all__ = ["null_space", "shortest"]

Matrix = NDArray[np.float64]


def null_space(rows: Rows, coordinates: Coordinates) -> Matrix | None:
    """Return N (width, r), orthonormal with (X̃ D⁻¹) N = 0, or None where the columns are independent.

    The rows are folded tile by tile into one triangle R (a QR factorisation of the whole matrix without a
    copy of it); its singular values are those of the scaled, centred data, to the last bits.
    """
    features = rows.features
    triangle = np.zeros((0, features))
    for tile in rows.tiles(coordinates.centre):
        triangle = np.asarray(np.linalg.qr(np.vstack([triangle, tile / coordinates.scale]), mode="r"))
    _, values, vectors = np.linalg.svd(
        np.vstack([triangle, np.zeros((features, features))]), full_matrices=False
    )
    floor = max(rows.samples, features) * float(np.finfo(np.float64).eps) * values.max(initial=0.0)
    null: Matrix = vectors[values <= floor].T
    if null.shape[1] == 0:
        return None
    return np.vstack([null, np.zeros((1, null.shape[1]))]) if coordinates.intercept else null


def shortest(weights: Matrix, null: Matrix, coordinates: Coordinates) -> Matrix:
    """Return the weights of least Euclidean norm, in the columns' own units, with the same predictions."""
    features = len(coordinates.scale)
    free, _ = np.linalg.qr(null[:features] / coordinates.scale[:, None])
    result = weights.copy()
    result[:, :features] -= (result[:, :features] @ free) @ free.T
    return result
