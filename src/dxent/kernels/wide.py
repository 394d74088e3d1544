"""The compiled kernels for many columns and some outputs: those of `reference`, in two sweeps over X.

Where weights and gradient leave the cache, a pass that reads X once reads and writes them for every few rows,
and each tile of rows has a whole gradient to add to the others. Here the first sweep, to the residuals,
takes tiles of rows, and the second, to the gradient, tiles of columns, whose gradients stand side by side.
Both take few columns at a time, whose weights, or gradient, stay in cache.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dxent.kernels.compiled import native, readable
from dxent.kernels.reference import Doubles, Floats
from dxent.kernels.threads import do_all
from dxent.kernels.tiles import Tiles, even_tiles, row_tiles
from dxent.kernels.workspace import empty

__all__ = ["hessian_pass", "pullback", "rows_swept", "rows_to_logits"]

COLUMNS_A_TILE = 768

ROWS_A_TILE = 512
"""Enough, at least, to outweigh that the weights are copied for each tile."""


def rows_to_logits(X: Floats, centre: Doubles | None, weights: Floats) -> Callable[[slice], Floats]:
    """Return what computes the logits of some rows, a sum over tiles of columns."""
    features = X.shape[1]
    bias = weights[:, features:].sum(axis=1, dtype=np.float64)

    def rows_of(rows: slice) -> Floats:
        Z = np.tile(bias, (rows.stop - rows.start, 1))
        for columns in row_tiles(features, COLUMNS_A_TILE):
            part = None if centre is None else centre[columns]
            Z += native.logits(readable(X[rows, columns]), part, weights[:, columns])
        return Z.astype(weights.dtype, copy=False)

    return rows_of


def rows_swept(X: Floats) -> Tiles:
    """Return the tiles of rows of the first sweep."""
    return even_tiles(len(X), len(X) // ROWS_A_TILE)


def pullback(X: Floats, centre: Doubles | None, residuals: Floats, with_bias: bool) -> Doubles:
    """`reference.pullback`."""
    features = X.shape[1]
    gradient = np.empty((residuals.shape[1], features + with_bias))
    gradient[:, features:] = residuals.sum(axis=0, dtype=np.float64)[:, None]

    def fill(columns: slice) -> None:
        part = None if centre is None else centre[columns]
        gradient[:, columns] = native.pullback(readable(X[:, columns]), part, residuals, False)

    do_all(fill, row_tiles(features, COLUMNS_A_TILE))
    return gradient


def hessian_pass(
    X: Floats, centre: Doubles | None, probs: Floats, sample_weight: Doubles, direction: Floats
) -> Doubles:
    """`reference.hessian_pass`."""
    residuals: Floats = empty((len(X), len(direction)), direction.dtype)
    logits_of = rows_to_logits(X, centre, direction)

    def fill(rows: slice) -> None:
        parts = probs[rows], logits_of(rows), sample_weight[rows]
        native.weighted_softmax_jacobian(*parts, residuals[rows])

    do_all(fill, rows_swept(X))
    return pullback(X, centre, residuals, direction.shape[1] > X.shape[1])
