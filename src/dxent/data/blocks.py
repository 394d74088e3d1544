"""Blocks of rows: the pieces in which every pass visits the data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from dxent.kernels import dispatch

__all__ = ["Block", "Rows", "stored_types"]

TILE_ENTRIES = 1 << 20
ROWS_OF_A_CLASS = 30
"""So many are drawn at least: that none is has a chance of e⁻³⁰."""


def stored_types(X: Any) -> list[type[np.generic]]:
    """Return the types of numbers that are read as they are stored; others become the first."""
    return [np.float64, np.float32] if scipy.sparse.issparse(X) else [np.float64, np.float32, np.uint8]


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows of a data set.

    ``X`` is (rows, features), a dense array or a SciPy CSR matrix; ``labels`` holds class indices;
    ``sample_weight`` is each row's share of the whole data set, so over all blocks it sums to one.
    """

    X: Any
    labels: NDArray[np.int64]
    sample_weight: NDArray[np.float64]

    def dense(self, rows: Any) -> NDArray[Any]:
        """Return some rows of X as a dense array."""
        X = self.X[rows]
        return X if isinstance(X, np.ndarray) else np.asarray(X.toarray())


@dataclass(frozen=True, eq=False)
class Rows:
    """A data set as a fixed sequence of blocks, with as many visits to it as one likes.

    ``classes`` is the number of classes K, ``total_weight`` the weight Σ s of all rows before they were
    normalised.
    """

    blocks: Sequence[Block]
    classes: int
    total_weight: float

    @classmethod
    def of(cls, X: Any, labels: NDArray[np.int64], sample_weight: NDArray[np.float64], classes: int) -> Rows:
        """One block from arrays; ``sample_weight`` need not be normalised."""
        # dividing by the largest weight first keeps the sum finite for weights up to 1e308
        largest = sample_weight.max()
        shares = sample_weight / largest
        total = shares.sum()
        return cls(
            (Block(dispatch.prepare(X), labels, shares / total),), classes, float(total) * float(largest)
        )

    @property
    def features(self) -> int:
        """Number of columns."""
        return int(self.blocks[0].X.shape[1])

    @property
    def samples(self) -> int:
        """Number of rows."""
        return sum(len(block.labels) for block in self.blocks)

    @property
    def all_count(self) -> bool:
        """Whether no row's weight is zero."""
        return all(bool(block.sample_weight.min(initial=1.0) > 0) for block in self.blocks)

    @cached_property
    def class_shares(self) -> NDArray[np.float64]:
        """Each class's share of the weight, shape (classes,)."""
        shares = np.zeros(self.classes)
        for block in self.blocks:
            shares += np.bincount(block.labels, weights=block.sample_weight, minlength=self.classes)
        return shares

    @property
    def variance_of_shares(self) -> float:
        """p̄, the mean of p(1 − p) over the classes at their shares."""
        return float(np.mean(self.class_shares * (1 - self.class_shares)))

    def sample(self, share: int, seed: int) -> Rows:
        """Draw one of every ``share`` rows that counts, or thirty of a rare class; no class loses weight."""
        rng, parts = np.random.default_rng(seed), []
        for block in self.blocks:
            drawn = draw(block, share, self.classes, rng)
            X = dispatch.prepare(dispatch.rows_at(block.X, drawn))
            parts.append(Block(X, block.labels[drawn], block.sample_weight[drawn]))
        factors = self.class_shares / Rows(parts, self.classes, self.total_weight).class_shares
        blocks = [replace(part, sample_weight=part.sample_weight * factors[part.labels]) for part in parts]
        return Rows(blocks, self.classes, self.total_weight)

    def without_zeros(self) -> Rows:
        """Return the same rows, of which only what is not zero is stored where passes are faster then."""
        outputs = 1 if self.classes == 2 else self.classes
        blocks = [replace(block, X=dispatch.without_zeros(block.X, outputs)) for block in self.blocks]
        return Rows(blocks, self.classes, self.total_weight)

    def tiles(self, centre: NDArray[np.float64] | None) -> Iterator[NDArray[np.float64]]:
        """Yield the rows of positive weight, dense and centred, about a million entries at a time."""
        height = max(TILE_ENTRIES // max(self.features, 1), 1)
        for block in self.blocks:
            for start in range(0, len(block.labels), height):
                tile = slice(start, start + height)
                rows = block.dense(tile)[block.sample_weight[tile] > 0].astype(np.float64)
                yield rows if centre is None else rows - centre


def draw(block: Block, share: int, classes: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return one row of every ``share``, in order; of a rare class, each row by a chance of the class's."""
    counted = block.sample_weight > 0
    counts = np.bincount(block.labels, weights=counted, minlength=classes)
    chance = ROWS_OF_A_CLASS / np.maximum(counts, 1)
    rare = chance > 1 / share
    firsts = np.arange(0, len(block.labels), share)
    drawn: NDArray[np.intp] = firsts + rng.integers(0, share, len(firsts))
    drawn = drawn[drawn < len(block.labels)]  # the last few rows are fewer
    drawn = drawn[counted[drawn] & ~rare[block.labels[drawn]]]
    if rare.any():
        others = np.flatnonzero(counted & rare[block.labels])
        others = others[rng.random(len(others)) < chance[block.labels[others]]]
        drawn = np.sort(np.concatenate([drawn, others]))
    return drawn
