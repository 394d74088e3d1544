"""The Cholesky factor of a Hessian, and how far it may be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.linalg import blas, lapack

__all__ = ["Factor", "raised"]

Matrix = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Factor:
    """The Cholesky factor L of a positive definite matrix H = L Lᵀ.

    ``rounding`` is how far rounding may have moved an entry H_jk, over √(H_jj H_kk).
    """

    lower: Matrix
    rounding: float
    lifted: bool = False  # then H is not the matrix it was meant to be

    @classmethod
    def of(cls, hessian: Matrix, rounding: float) -> Factor:
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
                return cls(lower, rounding, lift > 0)
            lift = max(raised(lift, len(diagonal), hessian.dtype), rounding)
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

    @property
    def doubt(self) -> float:
        """An ε such that the true curvature is at least (1 − ε) times the one that was factorised.

        diag H ≤ τ H with τ = Σ_j H_jj (H⁻¹)_jj. Where p has saturated, eigenvalues can be nothing but
        rounding: then ε is large.
        """
        return math.inf if self.lifted else self.rounding * float(self.diagonal @ self.inverse_diagonal)

    @cached_property
    def least_doubt(self) -> float:
        """No more than that, and much less work: (H⁻¹)_jj ≥ 1/L_jj²."""
        shares = self.diagonal / np.diagonal(self.lower) ** 2
        return math.inf if self.lifted else self.rounding * float(shares.sum())

    @cached_property
    def diagonal(self) -> Matrix:
        """That of H."""
        return np.asarray(np.einsum("jk,jk->j", self.lower, self.lower))


def raised(lift: float, order: int, dtype: DTypeLike) -> float:
    """Return what share of the largest entry to add to a diagonal, as with so much a factorisation failed."""
    return 100 * lift if lift else order * float(np.finfo(dtype).eps)


def restore(hessian: Matrix, diagonal: Matrix) -> None:
    """Undo an attempt to factorise, which left the part below the diagonal as it was."""
    for row in range(len(hessian)):
        hessian[row, row + 1 :] = hessian[row + 1 :, row]
    np.fill_diagonal(hessian, diagonal)
