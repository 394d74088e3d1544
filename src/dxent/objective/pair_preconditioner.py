"""The preconditioner of a few thousand parameters: the Hessian of sampled rows and class pairs, factorised.

The curvature of one row is a sum over pairs of classes,

    diag p − p pᵀ = Σ_{k<l} p_k p_l (e_k − e_l)(e_k − e_l)ᵀ

so the Hessian is a sum of rank-one terms s_i p_ik p_il ((e_k − e_l) ⊗ x̃_i)(…)ᵀ. Most are next to nothing: of
ten classes a row seldom wavers between more than two. Terms drawn in proportion to their size tell the
matrix, the coupling between classes included, at a fraction of the products that whole rows would take.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dxent.kernels.threads import in_order
from dxent.kernels.tiles import row_tiles
from dxent.objective.block_cholesky import BlockColumns
from dxent.objective.hessian import raised
from dxent.objective.sampling import Curvature, weighted_gram

if TYPE_CHECKING:
    from dxent.objective.objective import Objective

__all__ = ["PairPreconditioner", "pair_work"]

Matrix = NDArray[Any]

TERMS_PER_PARAMETER = 12
WORK_TOGETHER = 1 << 24  # multiplications that are worth waking a thread for


@dataclass(frozen=True, eq=False)
class PairPreconditioner:
    """(R⁻¹ ⊗ I) H⁻¹ (R⁻ᵀ ⊗ I), where H is in reference coordinates U = R θ: the first class is left out.

    Columns whose curvature comes from the penalty alone, but for a tenth, are left out of H: their part of
    the inverse is 1/λ_j.
    """

    factor: BlockColumns
    back: Matrix  # R⁻¹
    active: Matrix
    strengths: Matrix
    cost: float

    def apply(self, vector: Matrix) -> Matrix:
        """Return M⁻¹ v."""
        theta = vector.reshape(len(self.back), -1)
        turned = (self.back.T @ theta[:, self.active]).ravel()
        solved = self.factor.solve(turned.astype(self.factor.dtype)).astype(np.float64)
        result = theta / np.where(self.strengths > 0, self.strengths, 1.0)
        result[:, self.active] = self.back @ solved.reshape(len(self.back), -1)
        return result.ravel()

    @classmethod
    def of(
        cls, objective: Objective, curvature: Curvature, active: Matrix, cost: float
    ) -> PairPreconditioner:
        """Draw terms, add them up over the ``active`` columns, and factorise.

        Where rounding makes the matrix indefinite, more and more is added to its diagonal.
        """
        basis = objective.coordinates.basis
        back = np.eye(1) if basis is None else np.linalg.inv(basis[1:] - basis[0])
        lift = 0.0
        while True:
            hessian = sampled_hessian(objective, curvature, active, back.T @ back)
            hessian.lift(lift)
            if hessian.factorise():
                return cls(hessian, back, active, objective.penalty.strengths, cost)
            lift = raised(lift, hessian.order, hessian.dtype)


def sampled_hessian(
    objective: Objective, curvature: Curvature, active: Matrix, classes: Matrix
) -> BlockColumns:
    """Return the Hessian from terms that are drawn, and the penalty, whose factor on classes is given."""
    hessian = BlockColumns.zeros(len(classes), len(active), precision(objective))
    penalty = objective.penalty.take(active)
    for s, t in combinations_with_replacement(range(len(classes)), 2):
        penalty.add_to(hessian.block(t, s), classes[t, s])
    rng = np.random.default_rng(objective.seed)
    drawn, weights = curvature.draw(TERMS_PER_PARAMETER * hessian.order, rng)
    groups = list(grouped(drawn, *draw_pairs(curvature.probs[drawn], rng)))

    def grams(some: slice) -> list[Matrix]:
        # the pairs of a row add up to Σ_{k<l} p_k p_l, which is half its curvature
        return [
            weighted_gram(objective, drawn[mine], weights[mine] * times / 2, active, hessian.dtype)
            for _, _, mine, times in groups[some]
        ]

    work = len(drawn) * len(active) ** 2
    parts = in_order(grams, row_tiles(len(groups), -(-len(groups) * WORK_TOGETHER // work)))
    for (smaller, larger, *_), gram in zip(groups, chain.from_iterable(parts), strict=True):
        add(hessian, smaller, larger, gram)
    return hessian


def pair_work(free: int, active: int) -> float:
    """Multiplications to form and factorise the matrix, in units of single precision."""
    order = free * active
    return float((TERMS_PER_PARAMETER * order * active**2 + order**3) / 3)


def precision(objective: Objective) -> type[np.floating[Any]]:
    """Return float32, unless a missing penalty or the columns' scales ask for more."""
    scales = np.log2(objective.coordinates.divisor)
    return np.float32 if objective.strength > 0 and np.ptp(scales) < 40 else np.float64


def draw_pairs(probs: Matrix, rng: np.random.Generator) -> tuple[Matrix, Matrix]:
    """Draw a pair of classes for each row, with chances proportional to p_k p_l; return the two classes."""
    first = pick(probs * (1 - probs), rng)
    others = probs.copy()
    np.put_along_axis(others, first[:, None], 0.0, axis=1)
    return first, pick(others, rng)


def pick(sizes: Matrix, rng: np.random.Generator) -> Matrix:
    """Draw a column for each row, with chances proportional to ``sizes``."""
    sums = np.cumsum(sizes, axis=1)
    points = rng.random((len(sizes), 1)) * sums[:, -1:]
    return np.asarray(np.minimum((sums <= points).sum(axis=1), sizes.shape[1] - 1))


def grouped(drawn: Matrix, first: Matrix, second: Matrix) -> Iterator[tuple[int, int, Matrix, Matrix]]:
    """Yield each pair of classes (smaller, larger) that occurs, the terms of that pair, and how often each.

    Terms that are the same row and pair are one.
    """
    smaller, larger = np.minimum(first, second), np.maximum(first, second)
    order = np.lexsort((drawn, larger, smaller))
    terms = np.column_stack([smaller, larger, drawn])[order]
    new = np.flatnonzero(np.any(np.diff(terms, axis=0, prepend=-1) != 0, axis=1))
    times = np.diff(np.append(new, len(terms)))
    bounds = np.flatnonzero(np.any(np.diff(terms[new, :2], axis=0) != 0, axis=1)) + 1
    for mine, count in zip(np.split(new, bounds), np.split(times, bounds), strict=True):
        yield int(terms[mine[0], 0]), int(terms[mine[0], 1]), order[mine], count


def add(hessian: BlockColumns, smaller: int, larger: int, gram: Matrix) -> None:
    """Add (e_k − e_l)(e_k − e_l)ᵀ ⊗ gram, class 0 left out."""
    s, t = smaller - 1, larger - 1
    if s == t:  # a row with a saturated probability, of weight zero
        return
    hessian.block(t, t)[:] += gram
    if s >= 0:
        hessian.block(s, s)[:] += gram
        hessian.block(t, s)[:] -= gram
