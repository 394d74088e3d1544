"""Rows drawn in proportion to how much they bend the loss: enough of them tell the Hessian."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from dxent.kernels import dispatch
from dxent.kernels.tiles import row_tiles

if TYPE_CHECKING:
    from dxent.data.blocks import Rows
    from dxent.objective.objective import Objective

__all__ = ["Curvature", "are_correlated", "draw", "some_rows", "weighted_gram", "weighted_rows"]

Matrix = NDArray[Any]

UNIFORM = 0.1  # the share of rows drawn from all alike, so that no direction is left to chance
CHUNK_ENTRIES = 1 << 19
DENSE_ROWS, SPARSE_ROWS = 128, 1024  # taken at a time, at least: they outweigh the call,
DENSE_ENTRIES = 1 << 15  # and stay in cache
FEW_COLUMNS = 256  # a decomposition of their Gram matrix costs next to nothing
ROWS_COMPARED = 128
CORRELATED = 1.1


@dataclass(frozen=True, eq=False)
class Curvature:
    """How much each row bends the loss, from its probabilities (samples, classes) and weight s_i."""

    probs: Matrix
    weights: Matrix

    @classmethod
    def of(cls, rows: Rows, probs: tuple[Matrix, ...]) -> Curvature:
        """Join the blocks' probabilities."""
        p = probs[0] if len(probs) == 1 else np.concatenate(probs)
        return cls(p, np.concatenate([block.sample_weight for block in rows.blocks]))

    @cached_property
    def variances(self) -> Matrix:
        """s_i p_ik (1 − p_ik)."""
        return np.asarray(self.weights[:, None] * self.probs * (1 - self.probs))

    @cached_property
    def of_classes(self) -> Matrix:
        """The sum Σ_i s_i p_ik (1 − p_ik) of each class."""
        return np.asarray(np.einsum("i,ik,ik->k", self.weights, self.probs, 1 - self.probs))

    @cached_property
    def sizes(self) -> Matrix:
        """The trace Σ_k s_i p_ik (1 − p_ik) of each row's curvature."""
        return np.asarray(self.weights * np.einsum("ik,ik->i", self.probs, 1 - self.probs))


def some_rows(odds: Matrix, sizes: Matrix, wanted: int, rng: np.random.Generator) -> tuple[Matrix, Matrix]:
    """Draw so many rows, as `draw` does, or return all rows if there are no more."""
    return (np.arange(len(sizes)), sizes) if wanted >= len(sizes) else draw(odds, sizes, wanted, rng)


def draw(odds: Matrix, sizes: Matrix, wanted: int, rng: np.random.Generator) -> tuple[Matrix, Matrix]:
    """Draw rows in order, with chances in proportion to their odds; return their indices and weights.

    They are drawn systematically, at even steps along the sum of the odds. The weights make expectations
    right: Σ over the drawn of weight · f_i is, on average, Σ_i c_i f_i for the sizes c_i.
    """
    total, rows = float(odds.sum()), len(odds)
    chance = np.full(rows, 1 / rows)
    if total > 0:
        chance = (1 - UNIFORM) * odds / total + UNIFORM * chance
    points = (np.arange(wanted) + rng.random()) / wanted
    drawn = np.minimum(np.searchsorted(np.cumsum(chance), points), rows - 1)
    return drawn, sizes[drawn] / chance[drawn] / wanted


def weighted_gram(
    objective: Objective, drawn: Matrix, weights: Matrix, columns: Matrix, dtype: DTypeLike
) -> Matrix:
    """Return Σ w_i x̃_i x̃_iᵀ over the drawn rows, in order, and the given columns of x̃ = ((x − μ)/s, 1)."""
    gram = np.zeros((len(columns), len(columns)), dtype)
    height = max(CHUNK_ENTRIES // len(columns), 1)
    for start in range(0, len(drawn), height):
        part = slice(start, start + height)
        rows = weighted_rows(objective, drawn[part], np.sqrt(weights[part]), columns, dtype)
        gram += rows.T @ rows
    inverse = (1 / objective.coordinates.divisor[columns]).astype(dtype)
    gram *= inverse
    gram *= inverse[:, None]
    return gram


def weighted_rows(
    objective: Objective, drawn: Matrix, roots: Matrix, columns: Matrix, dtype: DTypeLike
) -> Matrix:
    """Return √w (x − μ, 1) of the drawn rows and given columns, dense; few at a time stay in the cache."""
    coords = objective.coordinates
    result = np.empty((len(drawn), len(columns)), dtype)
    result[:, -1] = roots  # overwritten where that column is no intercept
    mine = columns[columns < len(coords.scale)]
    for where, X in pick(objective.rows, drawn, mine):
        rows = X if coords.centre is None else X - coords.centre[mine]
        np.multiply(rows, roots[where, None], out=result[where, : len(mine)], casting="same_kind")
    return result


def are_correlated(objective: Objective) -> bool:
    """Return whether the columns' covariances matter beside their variances: ‖R‖² ≥ 1.1 Σ_j R_jj².

    R is the Gram matrix of the columns x̂_j = x̃_j / √(E x̃_j² + λ/p̄), with p̄ as in `coordinates`: the square of
    ⟨x̂_i, x̂_l⟩, for two rows drawn at random, is ‖R‖² on average. Of a few columns it is not asked.
    """
    columns = objective.moments.square(objective.coordinates.intercept)
    if len(columns) <= FEW_COLUMNS or objective.rows.samples < 2:
        return True
    units = columns + objective.strength / objective.rows.variance_of_shares
    units[units == 0] = 1.0
    drawn = np.unique(np.linspace(0, objective.rows.samples - 1, ROWS_COMPARED).astype(int))
    products = np.zeros((len(drawn), len(drawn)))
    for part in row_tiles(len(columns), CHUNK_ENTRIES // len(drawn)):
        some = np.arange(part.start, part.stop)
        rows = weighted_rows(objective, drawn, np.ones(len(drawn)), some, np.float64) / np.sqrt(units[part])
        products += rows @ rows.T
    pairs = products[np.triu_indices(len(drawn), 1)]
    return bool(np.mean(pairs**2) >= CORRELATED * np.sum((columns / units) ** 2))


def pick(rows: Rows, drawn: Matrix, columns: Matrix) -> Iterator[tuple[slice, Matrix]]:
    """Yield the rows ``drawn``, which are in order, a few at a time, and where they belong."""
    start = 0
    for block in rows.blocks:
        first, last = np.searchsorted(drawn, [start, start + len(block.labels)])
        dense = isinstance(block.X, np.ndarray)
        height = max(DENSE_ROWS, DENSE_ENTRIES // max(len(columns), 1)) if dense else SPARSE_ROWS
        for low in range(first, last, height):
            where = slice(low, min(low + height, last))
            yield where, dispatch.gather(block.X, drawn[where] - start, columns)
        start += len(block.labels)
