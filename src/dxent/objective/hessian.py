"""The Hessian of the objective: one leaf operator, a pass over the data when applied."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.linalg import blas, lapack

from dxent.kernels import dispatch
from dxent.operators.base import Structure, SymmetricOperator
from dxent.operators.inverse import solve

if TYPE_CHECKING:
    from dxent.objective.objective import Objective

__all__ = ["Factor", "ObjectiveHessian", "raised"]

Matrix = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Factor:
    """The Cholesky factor L of a positive definite matrix H = L Lᵀ."""

    lower: Matrix
    lifted: bool = False  # then H is not the matrix it was meant to be

    @classmethod
    def of(cls, hessian: Matrix) -> Factor:
        """Factorise in place; a multiple of its diagonal lifts a matrix that rounding made indefinite."""
        diagonal = np.diagonal(hessian).copy()
        largest = diagonal.max() or 1.0  # nothing at all is known of a Hessian of zeros: take the identity
        lift = 0.0
        while True:
            # of the transpose, which is the same matrix in LAPACK's order: nothing is copied
            lower, failed = lapack.dpotrf(hessian.T, lower=True, overwrite_a=True, clean=False)
            for column in range(1, len(lower) if not failed else 0):
                lower[:column, column] = 0.0
            if not failed:
                return cls(lower, lift > 0)
            lift = raised(lift, len(diagonal), hessian.dtype)
            restore(hessian, diagonal + lift * largest)

    def solve(self, vector: Matrix) -> Matrix:
        """Return H⁻¹ v."""
        return np.asarray(blas.dtrsv(self.lower, self.half_solve(vector), lower=1, trans=1))

    def half_solve(self, vector: Matrix) -> Matrix:
        """Return L⁻¹ v, whose Euclidean length is the length of v in the norm of H⁻¹."""
        # LAPACK's, for any number of vectors, takes several times as long for one
        return np.asarray(blas.dtrsv(self.lower, vector, lower=1))

    @cached_property
    def inverse(self) -> Matrix:
        """L⁻¹, so that H⁻¹ = L⁻ᵀ L⁻¹."""
        inverse, _ = lapack.dtrtri(self.lower, lower=1)
        return np.ascontiguousarray(inverse)

    @cached_property
    def inverse_diagonal(self) -> Matrix:
        """The diagonal of H⁻¹."""
        return np.asarray(np.einsum("ij,ij->j", self.inverse, self.inverse))


def raised(lift: float, order: int, dtype: DTypeLike) -> float:
    """Return what share of the largest entry to add to a diagonal, as with so much a factorisation failed."""
    return 100 * lift if lift else order * float(np.finfo(dtype).eps)


def restore(hessian: Matrix, diagonal: Matrix) -> None:
    """Undo an attempt to factorise, which left the part below the diagonal as it was."""
    for row in range(len(hessian)):
        hessian[row, row + 1 :] = hessian[row + 1 :, row]
    np.fill_diagonal(hessian, diagonal)


@dataclass(frozen=True, eq=False)
class ObjectiveHessian(SymmetricOperator):
    """Σ_i s_i (diag p_i − p_i p_iᵀ) ⊗ x̃_i x̃_iᵀ + the penalty's curvature, as a map of flat θ.

    ``probs`` holds one (rows, classes) array a block. Applying it reads the data once; `to_dense` forms the
    Gram matrix; `factor` keeps the
    Cholesky factor of that.
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

    def mv(self, vector: Matrix) -> Matrix:
        """Return H v: one pass, in the precision the data are stored in."""
        objective = self.objective
        coords = objective.coordinates
        direction = coords.weights(vector)
        products = []
        for block, probs in zip(objective.rows.blocks, self.probs, strict=True):
            narrow = direction.astype(np.float32) if block.X.dtype == np.float32 else direction
            products.append(dispatch.hessian_pass(block.X, coords.centre, probs, block.sample_weight, narrow))
        objective.count.passes += 1
        result = coords.pull(reduce(np.add, products))
        objective.penalty.add_gradient(vector.reshape(coords.shape), result.reshape(coords.shape))
        return result

    def _dense(self) -> Matrix:
        objective = self.objective
        coords = objective.coordinates
        gram = sum(
            dispatch.softmax_gram(block.X, coords.centre, probs, block.sample_weight, coords.intercept)
            for block, probs in zip(objective.rows.blocks, self.probs, strict=True)
        )
        objective.count.passes += 1
        hessian = coords.conjugate(np.asarray(gram))
        objective.penalty.add_to(hessian.reshape(coords.shape * 2), np.eye(coords.shape[0]))
        return hessian

    @cached_property
    def factor(self) -> Factor:
        """The Cholesky factor of the matrix, formed once."""
        return Factor.of(self._dense())

    @cached_property
    def residual_size(self) -> float:
        """The root mean square of ‖p_i − y_i‖."""
        square = 0.0
        for block, probs in zip(self.objective.rows.blocks, self.probs, strict=True):
            own = np.take_along_axis(probs, block.labels[:, None], axis=1)[:, 0]
            rest = np.einsum("ik,ik->i", probs, probs) - own**2
            square += float(block.sample_weight @ (rest + (1 - own) ** 2))
        return float(np.sqrt(square))

    @cached_property
    def column_reach(self) -> float:
        """A bound on R = max ‖(x̃_i, 1) ⊗ (e_k − e_l)‖ in the norm of H⁻¹ over all rows and pairs of classes.

        By the columns' largest entries: ‖a‖ ≤ Σ_j |a_j| ‖e_j‖.
        """
        coords, columns = self.objective.coordinates, self.objective.moments
        largest = columns.largest if coords.intercept else columns.largest + np.abs(columns.mean)
        largest = largest / coords.scale
        if coords.intercept:
            largest = np.append(largest, 1.0)
        spread = np.sqrt(self.factor.inverse_diagonal.reshape(coords.shape).sum(axis=0))
        return coords.pair_length * float(largest @ spread)

    @cached_property
    def row_reach(self) -> float:
        """A sharper bound on R, by a pass: ‖x̃ ⊗ q‖ ≤ ‖q‖ ‖L⁻¹ (x̃ ⊗ I)‖_F = ‖q‖ ‖T x̃‖, T from a QR."""
        coords = self.objective.coordinates
        triangle = np.asarray(np.linalg.qr(self.factor.inverse.reshape(-1, coords.shape[1]), mode="r"))
        largest = (
            dispatch.largest_norm(block.X, coords.centre, triangle / coords.divisor, block.sample_weight > 0)
            for block in self.objective.rows.blocks
        )
        return coords.pair_length * max(largest)


@solve.register
def _(operator: ObjectiveHessian, vector: Matrix) -> Matrix:
    return operator.factor.solve(vector)
