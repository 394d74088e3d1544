"""Why there is no optimum: a direction in which no row's loss rises, however far one goes.

Classes a and b are separated along D if no row of either has a negative margin (D_own − D_other) x̃, and some
row's is positive. Without a penalty the loss then falls for ever along D.

See: Albert & Anderson, Biometrika 71 (1984) 1–10.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dxent.data.blocks import TILE_ENTRIES
from dxent.evaluation import Evaluation
from dxent.objective.hessian import ObjectiveHessian
from dxent.objective.objective import Objective

__all__ = ["Separation", "find_separation", "margins"]

Matrix = NDArray[np.float64]

MOST_WORK = 1e10  # multiplications that an explanation may cost
UNDECIDED = 0.01  # the probability that a class keeps in a row that does not separate it
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Separation:
    """Pairs of classes, by their places, and how many of their rows are separated.

    ``direction`` (features,) is that of the first pair's first class over the second, in the solver's units,
    in which features are comparable.
    """

    pairs: tuple[tuple[int, int], ...]
    separated: tuple[int, ...]
    rows: tuple[int, ...]
    direction: Matrix


def margins(logits: Matrix, labels: NDArray[np.int64]) -> Matrix:
    """Return how far the true class is above each other one (rows, classes); infinite above itself."""
    above = np.take_along_axis(logits, labels[:, None], axis=1) - logits
    np.put_along_axis(above, labels[:, None], np.inf, axis=1)
    return np.asarray(above)


def find_separation(objective: Objective, here: Evaluation) -> Separation | None:
    """Return a direction that separates classes, if the way to ``here``, far along it, shows one."""
    search = _Search.of(objective, here)
    free = (search.classes - 1) * search.way.shape[1]
    if objective.rows.samples * search.classes * free**2 > MOST_WORK:
        return None
    found = search.judge(search.way)
    return found if found is not None else search.judge(search.undecided_removed())


@dataclass(frozen=True, eq=False)
class _Search:
    """The rows in the solver's coordinates, their probabilities, and the way θ that the fit has gone."""

    objective: Objective
    probs: tuple[Matrix, ...]
    classes: int
    way: Matrix  # (classes, width), the first row zero

    @classmethod
    def of(cls, objective: Objective, here: Evaluation) -> _Search:
        coords = objective.coordinates
        assert isinstance(here.hessian, ObjectiveHessian)
        way = coords.weights(here.point) * coords.divisor
        if len(way) == 1:
            way = np.vstack([np.zeros_like(way), way])
        return cls(objective, here.hessian.probs, len(way), way - way[0])

    def tiles(self) -> Iterator[tuple[Matrix, NDArray[np.int64], Matrix]]:
        """Yield rows x̃ that count, their labels and their probabilities."""
        height = max(TILE_ENTRIES // (self.classes**2 * self.way.shape[1]), 1)
        for block, probs in zip(self.objective.rows.blocks, self.probs, strict=True):
            kept = np.flatnonzero(block.sample_weight > 0)
            for start in range(0, len(kept), height):
                part = kept[start : start + height]
                rows = self.objective.coordinates.standard(block.dense(part))
                yield rows, block.labels[part], probs[part]

    def undecided_removed(self) -> Matrix:
        """Return the part of the way that does not change the margins of any undecided row and class."""
        width = self.way.shape[1]
        triangle = np.zeros((0, (self.classes - 1) * width))
        for rows, labels, probs in self.tiles():
            open_to = probs > UNDECIDED
            np.put_along_axis(open_to, labels[:, None], False, axis=1)
            row, other = np.nonzero(open_to)
            margin = np.zeros((len(row), self.classes, width))
            margin[np.arange(len(row)), labels[row]] = rows[row]
            margin[np.arange(len(row)), other] -= rows[row]
            below = margin[:, 1:].reshape(len(row), -1)
            triangle = np.asarray(np.linalg.qr(np.vstack([triangle, below]), mode="r"))
        _, values, vectors = np.linalg.svd(triangle, full_matrices=False)
        fixed = vectors[values > ROUNDING * values.max(initial=0.0)]
        left = self.way[1:].ravel()
        for _ in range(2):  # once more for what rounding left
            left = left - fixed.T @ (fixed @ left)
        return np.vstack([np.zeros(width), left.reshape(-1, width)])

    def judge(self, direction: Matrix) -> Separation | None:
        """Return which classes the direction separates; None if a row speaks against it."""
        if np.linalg.norm(direction) <= 1e3 * ROUNDING * np.linalg.norm(self.way):
            return None
        found = [(margins(rows @ direction.T, labels), labels) for rows, labels, _ in self.tiles()]
        above = np.concatenate([part for part, _ in found])
        labels = np.concatenate([part for _, part in found])
        largest = above[np.isfinite(above)].max()
        if above.min() < -ROUNDING * largest or largest <= 0:
            return None
        counts = np.zeros((self.classes, self.classes), dtype=int)
        np.add.at(counts, labels, above > ROUNDING * largest)
        return self.told(direction, counts, np.bincount(labels, minlength=self.classes))

    def told(self, direction: Matrix, counts: NDArray[np.int_], rows: NDArray[np.int_]) -> Separation:
        """Put the pairs in order, those with the largest share of separated rows first."""
        a, b = np.triu_indices(self.classes, 1)
        separated, total = counts[a, b] + counts[b, a], rows[a] + rows[b]
        order = np.argsort(-separated / total, kind="stable")
        order = order[separated[order] > 0]
        features = len(self.objective.coordinates.scale)
        return Separation(
            tuple((int(a[place]), int(b[place])) for place in order),
            tuple(separated[order].tolist()),
            tuple(total[order].tolist()),
            (direction[a[order[0]]] - direction[b[order[0]]])[:features],
        )
