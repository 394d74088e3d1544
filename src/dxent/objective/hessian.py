"""The Hessian of the objective: one leaf operator, a pass over the data when applied."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from dxent.data.blocks import Block
from dxent.kernels import dispatch, given_logits
from dxent.kernels.threads import in_order, sum_in_order
from dxent.kernels.tiles import column_tiles, gram_tiles
from dxent.objective.factor import Factor
from dxent.objective.rounding import product_rounding
from dxent.operators.base import Structure, SymmetricOperator
from dxent.operators.inverse import solve

if TYPE_CHECKING:
    from dxent.objective.objective import Objective

__all__ = ["ObjectiveHessian"]

Matrix = NDArray[Any]

DOUBT_OF_STEP = 4.0
"""Rounding seldom does a tenth of what it may, and a step that is half off will do."""


@dataclass(frozen=True, eq=False)
class ObjectiveHessian(SymmetricOperator):
    """Σ_i s_i (diag p_i − p_i p_iᵀ) ⊗ x̃_i x̃_iᵀ + the penalty's curvature, as a map of flat θ.

    ``probs`` holds one (rows, classes) array a block. Applying it reads the data once; `to_dense` forms the
    Gram matrix, of which two Cholesky factors are kept.
    """

    objective: Objective
    probs: tuple[Matrix, ...]
    logits: tuple[Matrix, ...] = ()  # those that the probabilities are of, if they are kept

    @property
    def in_shape(self) -> tuple[int, ...]:
        """The flat parameters."""
        return (self.objective.size,)

    @property
    def structure(self) -> Structure:
        """Symmetric and positive semidefinite, as any Hessian of a convex function."""
        return Structure.PSD

    @property
    def is_rough(self) -> bool:
        """Whether the probabilities are those of a pass in single precision: nothing is proved with them."""
        return any(probs.dtype == np.float32 for probs in self.probs)

    def mv(self, vector: Matrix) -> Matrix:
        """Return H v: one pass, in the precision of v."""
        objective = self.objective
        coords = objective.coordinates
        direction = coords.weights(vector)
        products = (
            dispatch.hessian_pass(block.X, coords.centre, probs, block.sample_weight, direction)
            for block, probs in zip(objective.rows.blocks, self.probs, strict=True)
        )
        result = coords.pull(reduce(np.add, products), vector.dtype)
        objective.count.passes += 1
        objective.penalty.add_gradient(vector.reshape(coords.shape), result.reshape(coords.shape))
        return result

    def _dense(self) -> Matrix:
        return self.formed(np.float64)

    def formed(self, precision: DTypeLike) -> Matrix:
        """Return the matrix, in float64; the products that it sums are in some precision."""
        objective = self.objective
        coords = objective.coordinates
        gram = sum(
            dispatch.softmax_gram(
                block.X, coords.centre, probs, block.sample_weight, coords.intercept, precision
            )
            for block, probs in zip(objective.rows.blocks, self.probs, strict=True)
        )
        objective.count.passes += 1
        hessian = coords.conjugate(np.asarray(gram))
        objective.penalty.add_to(hessian.reshape(coords.shape * 2), np.eye(coords.shape[0]))
        return hessian

    @cached_property
    def factor(self) -> Factor:
        """The Cholesky factor of the matrix, formed once."""
        return Factor.of(self.formed(np.float64), product_rounding(self.objective, np.float64))

    @cached_property
    def single_factor(self) -> Factor:
        """The same of products in single precision."""
        return Factor.of(self.formed(np.float32), product_rounding(self.objective, np.float32))

    @property
    def is_factorised(self) -> bool:
        """Whether there is one or the other."""
        return not {"factor", "single_factor"}.isdisjoint(vars(self))

    @property
    def rough_factor(self) -> Factor:
        """The better one that there is, or else the one of less work that promises to be good enough."""
        objective = self.objective
        if self.is_factorised:
            return self.factor if "factor" in vars(self) else self.single_factor
        single = objective.gram_precision == np.float32 and objective.count.single_will_do
        return self.single_factor if single else self.factor

    @property
    def step_factor(self) -> Factor:
        """One that is good enough for a step."""
        if self.rough_factor.least_doubt < DOUBT_OF_STEP:
            return self.rough_factor
        self.objective.count.single_will_do = False
        return self.factor

    @cached_property
    def class_curvature(self) -> Matrix:
        """C = Σ s_i C_i with C_i = diag p_i − p_i p_iᵀ (classes, classes): that of an intercept a class."""
        pairs = zip(self.probs, self.objective.rows.blocks, strict=True)
        total = reduce(np.add, (shared(probs, block.sample_weight) for probs, block in pairs))
        curvature = -total
        np.fill_diagonal(curvature, 0.0)
        np.fill_diagonal(curvature, -curvature.sum(axis=1))  # its rows sum to zero: nothing cancels
        return curvature

    def along_intercepts(self, v: Matrix) -> Matrix:
        """Return H times a step of the classes' logits, the same for each row, as flat θ, in float64."""
        objective = self.objective
        coords, v = objective.coordinates, v if len(v) > 2 else v[1:] - v[:1]
        direction = np.zeros((coords.outputs, coords.shape[1]))
        direction[:, -1] = v

        def product(block: Block, probs: Matrix) -> Matrix:
            if objective.in_one_sweep:
                return dispatch.hessian_pass(block.X, coords.centre, probs, block.sample_weight, direction)
            U = np.broadcast_to(v, (len(probs), len(v)))  # the rows' logits need no look at the data
            residuals = given_logits.weighted_softmax_jacobian(probs, U, block.sample_weight)
            return dispatch.pullback(block.X, coords.centre, residuals, coords.intercept)

        return coords.pull(reduce(np.add, map(product, objective.rows.blocks, self.probs)))

    def reach(self, factor: Factor) -> float:
        """A bound on R = max ‖(x̃_i, 1) ⊗ (e_k − e_l)‖ in the norm of H⁻¹ over all rows and pairs of classes.

        ‖x̃ ⊗ q‖ ≤ ‖q‖ ‖L⁻¹ (x̃ ⊗ I)‖_F ≤ ‖q‖ ‖T D‖ ‖D⁻¹ x̃‖, where TᵀT is the sum of the diagonal blocks of H⁻¹,
        and D the columns' spans. A few hundred roundings, of sums of squares, are allowed for.
        """
        coords = self.objective.coordinates
        span, length = self.objective.moments.box(coords.intercept)
        span = span / coords.scale
        if coords.intercept:
            span, length = np.append(span, 1.0), math.hypot(length, 1.0)
        roots = factor.inverse.reshape(-1, coords.shape[1]) * span
        stretch = math.sqrt(np.linalg.eigvalsh(roots.T @ roots)[-1])
        return coords.pair_length * stretch * length * (1 + 1e-12)

    def kept_at(self, other: ObjectiveHessian) -> float:
        """Return a c ≤ 1 with ``other`` ⪰ c times this one: the least ratio of a probability there to here.

        uᵀ (diag p − p pᵀ) u = min_a Σ_k p_k (u_k − a)² grows with each p_k.
        """
        blocks = zip(self.objective.rows.blocks, self.probs, other.probs, strict=True)
        return min(least_ratio(there, here, block.sample_weight > 0) for block, here, there in blocks)


def shared(probs: Matrix, sample_weight: Matrix) -> Matrix:
    """Return Σ s_i p_ik p_il for each pair of classes."""

    def of_tile(rows: slice) -> tuple[Matrix]:
        p = probs[rows] * np.sqrt(sample_weight[rows])[:, None]
        return (p.T @ p,)

    total: Matrix = sum_in_order(of_tile, gram_tiles(*probs.shape))[0]
    return total


def least_ratio(p: Matrix, q: Matrix, counted: NDArray[np.bool_]) -> float:
    """Return the least p/q of the rows that count, where q is not 0, or 1 if that is less."""

    def of_tile(rows: slice) -> float:
        some = slice(None) if counted[rows].all() else counted[rows]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # fmin skips the NaN of 0/0
            return float(np.fmin.reduce(p[rows][some] / q[rows][some], axis=None, initial=1.0))

    return min(in_order(of_tile, column_tiles(*p.T.shape)))


@solve.register
def _(operator: ObjectiveHessian, vector: Matrix) -> Matrix:
    return operator.step_factor.solve(vector)
