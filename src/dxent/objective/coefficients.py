"""Between the solver's θ and the coefficients in the units of the data, without losing a digit on the way."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dxent.kernels.threads import do_all
from dxent.kernels.tiles import column_tiles
from dxent.objective.objective import Objective
from dxent.objective.rank import shortest

__all__ = ["effective", "raw"]

Matrix = NDArray[np.float64]


def raw(objective: Objective, point: Matrix) -> tuple[Matrix, Matrix]:
    """Return coefficients and intercepts in the units of the data: b = b′ − W μ."""
    coords = objective.coordinates
    weights = coords.weights(point)
    if objective.penalty.gauge is not None:
        weights = shortest(weights, objective.penalty.gauge, coords)
    coef = np.ascontiguousarray(weights[:, : len(coords.scale)])
    if coords.centre is None:
        return coef, np.zeros(len(coef))
    return coef, plus_product(weights[:, -1], -coef, coords.centre)


def effective(objective: Objective, coef: Matrix, intercept: Matrix) -> Matrix:
    """Return the θ of raw coefficients: b′ = b + W μ."""
    coords = objective.coordinates
    weights = coef
    if coords.centre is not None:
        weights = np.column_stack([coef, plus_product(intercept, coef, coords.centre)])
    point = coords.point(weights)
    gauge = objective.penalty.gauge
    if gauge is not None:
        theta = point.reshape(coords.shape)
        point = (theta - (theta @ gauge) @ gauge.T).ravel()
    return point


def plus_product(bias: Matrix, coef: Matrix, centre: Matrix) -> Matrix:
    """Return b + W μ, rounded once: at offsets of 1e9 all but the last digits cancel.

    Each product is split exactly into two floats (Dekker, Numer. Math. 18 (1971)), and their sum is exact but
    for the rounding errors of rounding errors.
    """
    sums, (m_high, m_low) = np.empty(len(coef)), halves(centre)

    def fill(outputs: slice) -> None:
        W = coef[outputs]
        product, (w_high, w_low) = W * centre, halves(W)
        error = ((w_high * m_high - product) + w_high * m_low + w_low * m_high) + w_low * m_low
        total, lost = sum_of_rows(np.column_stack([product, bias[outputs]]))
        second, rest = sum_of_rows(np.column_stack([error, lost]))
        sums[outputs] = [math.fsum(parts) for parts in zip(total, second, rest.sum(axis=1), strict=True)]

    do_all(fill, column_tiles(*coef.T.shape))
    return sums


def sum_of_rows(terms: Matrix) -> tuple[Matrix, Matrix]:
    """Return each row's sum, by pairs and pairs of sums, and the rounding error of every addition.

    See: Ogita, Rump & Oishi, SIAM J. Sci. Comput. 26 (2005), §3 (Knuth's TwoSum).
    """
    errors = [np.empty((len(terms), 0))]
    while terms.shape[1] > 1:
        half = terms.shape[1] // 2
        a, b, odd = terms[:, :half], terms[:, half : 2 * half], terms[:, 2 * half :]
        sums = a + b
        moved = sums - a
        errors.append((a - (sums - moved)) + (b - moved))
        terms = np.column_stack([sums, odd])
    return terms[:, 0], np.concatenate(errors, axis=1)


def halves(x: Matrix) -> tuple[Matrix, Matrix]:
    """Split floats into two of 26 bits each, whose products are exact (Veltkamp)."""
    scaled = 134217729.0 * x  # 2²⁷ + 1
    high = scaled - (scaled - x)
    return high, x - high
