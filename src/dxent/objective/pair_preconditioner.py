"""The preconditioner of a few thousand parameters: the Hessian of sampled rows and class pairs, factorised.

The curvature of one row is a sum over pairs of classes,

    diag p − p pᵀ = Σ_{k<l} p_k p_l (e_k − e_l)(e_k − e_l)ᵀ

so the Hessian is a sum of rank-one terms s_i p_ik p_il ((e_k − e_l) ⊗ x̃_i)(…)ᵀ. Most are next to nothing: of
ten classes a row seldom wavers between more than two. Terms drawn in proportion to their size tell the
matrix, the coupling between classes included, at a fraction of the products that whole rows would take.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from dxent.kernels import given_logits
from dxent.kernels.threads import in_order
from dxent.kernels.tiles import row_tiles
from dxent.objective.block_cholesky import BlockColumns
from dxent.objective.factor import raised
from dxent.objective.sampling import Curvature, draw, weighted_gram, weighted_rows

if TYPE_CHECKING:
    from dxent.objective.objective import Objective

__all__ = ["PairPreconditioner", "pair_work"]

Matrix = NDArray[Any]

TERMS_PER_PARAMETER = 12
A_TERM = 60_000  # multiplications, of large matrices, in the time that drawing one and gathering its row take
ENTRIES_TOGETHER = 1 << 18  # of the matrices that a thread forms before they are added up


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
        solved = self.factor.solve(turned.astype(self.factor.dtype))
        result = theta * self.inverse_strengths
        result[:, self.active] = self.back @ solved.reshape(len(self.back), -1)
        return result.ravel().astype(vector.dtype, copy=False)

    @cached_property
    def inverse_strengths(self) -> Matrix:
        """1/λ_j, where there is a penalty."""
        return np.asarray(1 / np.where(self.strengths > 0, self.strengths, 1.0))

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
    hessian = BlockColumns.zeros(len(classes), len(active), objective.precision)
    penalty = objective.penalty.take(active)
    for first, blocks in hessian.blocks():
        penalty.add_to(blocks, classes[first:, first : first + blocks.shape[2]])
    rng = np.random.default_rng(objective.seed)
    drawn, weights = draw(curvature.sizes, curvature.sizes, TERMS_PER_PARAMETER * hessian.order, rng)
    pairs = given_logits.draw_pairs(curvature.probs, drawn, rng.random((2, len(drawn))))
    terms = Terms.of(drawn, weights, *pairs)

    def grams(some: slice) -> tuple[slice, Matrix]:
        return some, pair_grams(objective, terms.take(some), active, hessian.dtype)

    # as many pairs at a time as make their matrices worth a thread's while
    together = max(ENTRIES_TOGETHER // len(active) ** 2, 1)
    tiles = row_tiles(len(terms.smaller), together) if len(terms.rows) else []
    for some, parts in in_order(grams, tiles):
        hessian.add_pairs(terms.smaller[some] - 1, terms.larger[some] - 1, parts)
    return hessian


def pair_work(free: int, active: int) -> float:
    """Multiplications to draw the terms, form the matrix and factorise it, in units of single precision."""
    order = free * active
    return float(TERMS_PER_PARAMETER * order * (active**2 / 3 + A_TERM) + order**3 / 3)


@dataclass(frozen=True, eq=False)
class Terms:
    """Terms, sorted by pairs of classes (smaller, larger), and how many terms each pair has."""

    smaller: Matrix
    larger: Matrix
    counts: Matrix
    rows: Matrix
    weights: Matrix

    @classmethod
    def of(cls, rows: Matrix, weights: Matrix, first: Matrix, second: Matrix) -> Terms:
        """Sort terms, given by their rows and two classes; those that are the same become one."""
        smaller, larger = np.minimum(first, second), np.maximum(first, second)
        classes, most = larger.max() + 1, rows.max() + 1
        keys = (smaller * classes + larger) * most + rows
        order = np.argsort(keys)
        keys = keys[order]
        new = np.flatnonzero(np.diff(keys, prepend=-1))
        weights, (pairs, rows) = np.add.reduceat(weights[order], new), np.divmod(keys[new], most)
        smaller, larger = np.divmod(pairs, classes)
        mixed = smaller != larger  # the others are of saturated rows, and weigh nothing
        smaller, larger, rows, weights = (part[mixed] for part in (smaller, larger, rows, weights))
        starts = np.flatnonzero(np.diff(smaller * classes + larger, prepend=-1))
        return cls(smaller[starts], larger[starts], np.diff(np.append(starts, len(rows))), rows, weights)

    def take(self, some: slice) -> Terms:
        """Return some of the pairs."""
        start, stop = self.counts[: some.start].sum(), self.counts[: some.stop].sum()
        return Terms(
            self.smaller[some],
            self.larger[some],
            self.counts[some],
            self.rows[start:stop],
            self.weights[start:stop],
        )


def pair_grams(objective: Objective, terms: Terms, active: Matrix, dtype: DTypeLike) -> Matrix:
    """Return Σ w_i x̃_i x̃_iᵀ / 2 for each pair; the pairs of a row add up to half its curvature."""
    if len(terms.counts) == 1:
        return weighted_gram(objective, terms.rows, terms.weights / 2, active, dtype)[None]
    order = np.argsort(terms.rows, kind="stable")
    rows = np.empty((len(order), len(active)), dtype)
    rows[order] = weighted_rows(
        objective, terms.rows[order], np.sqrt(terms.weights[order] / 2), active, dtype
    )
    rows *= (1 / objective.coordinates.divisor[active]).astype(dtype)
    grams = np.empty((len(terms.counts), len(active), len(active)), dtype)
    ends = np.cumsum(terms.counts)
    for gram, start, stop in zip(grams, (ends - terms.counts).tolist(), ends.tolist(), strict=True):
        np.matmul(rows[start:stop].T, rows[start:stop], out=gram)
    return grams
