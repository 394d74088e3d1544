"""What the columns are: where they lie, how wide they are, and whether all entries are numbers."""

from __future__ import annotations

from functools import partial

import numpy as np

from dxent.kernels.choice import Design, chosen
from dxent.kernels.compiled import native
from dxent.kernels.reference import Doubles, Floats
from dxent.kernels.threads import in_order, sum_in_order
from dxent.kernels.tiles import ENTRIES_A_TILE, first_row, is_sparse, row_tiles

__all__ = ["column_moments", "largest_magnitude", "tells_of_all"]

SHORTEST_SPAN = 1e-290
"""Of a column, constant ones included: its inverse is finite."""


def column_moments(X: Design, sample_weight: Doubles) -> tuple[Doubles, Doubles, Doubles, float]:
    """Return each column's weighted mean, variance and span, and the length of the longest row; Σ s_i = 1.

        μ = Σ s_i x_i        v = Σ s_i (x_i − μ)² − (Σ s_i (x_i − μ))²
        span = max |x_i − x_0|, of the first row        length = max ‖(x_i − μ) / span‖, or a bound on it

    Shapes: X (samples, features) → three arrays (features,). Rows of zero weight do not count. Accuracy: a
    column whose offset is 1e9 times its spread keeps 7 digits of its variance or more; a constant column
    has 0. Range: |x| ≤ 1e100. See: Chan, Golub and LeVeque, American Statistician 37 (1983), equation 1.7.
    """
    kernels, tiles, part = chosen(X, 1)
    largest, longest = np.zeros((len(tiles), X.shape[1])), np.zeros(len(tiles))

    def spread(about: Doubles, unit: Doubles, numbered: tuple[int, slice]) -> tuple[Doubles]:
        tile, rows = numbered
        sums, longest[tile] = kernels.column_spread(part(rows), about, sample_weight[rows], unit)
        largest[tile] = sums[2]
        return (sums[:2],)

    # Any row would do as the origin of the first sums; measured from one, a constant column's are 0.
    origin, numbered = first_row(X, sample_weight > 0), list(enumerate(tiles))
    mean = origin + sum_in_order(partial(spread, origin, np.zeros(X.shape[1])), numbered)[0][0]
    span = np.maximum(largest.max(axis=0), SHORTEST_SPAN)
    off, squares = sum_in_order(partial(spread, mean, 1 / span), numbered)[0]
    return mean, np.maximum(squares - off**2, 0.0), span, float(longest.max())


def tells_of_all(X: Design) -> bool:
    """Return whether `column_moments` tells of a NaN in rows that count, and does so without a warning."""
    return native is not None and not is_sparse(X)


def largest_magnitude(entries: Floats) -> float:
    """Return max |x| of an array, NaN if there is one in it, 0 if it is empty."""
    lines = entries.T if entries.flags.f_contiguous else entries

    def largest(tile: slice) -> float:
        part = lines[tile]
        return float(np.maximum(-float(part.min(initial=0)), float(part.max(initial=0))))

    length = max(entries.size // max(len(lines), 1), 1)
    tiles = row_tiles(len(lines), max(ENTRIES_A_TILE // length, 1))
    return float(np.max(list(in_order(largest, tiles))))
