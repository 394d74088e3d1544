"""A Cholesky factor in block columns, each from its diagonal block down: half the memory of a square.

The matrix has a block for each pair of classes. Block columns take their parts of the factor one after the
other, each from all before it; their rows are worked on by several threads, a few at a time, which are the
same for any number of threads.

See: Golub & Van Loan, Matrix Computations, algorithm 4.2.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.linalg import get_blas_funcs, get_lapack_funcs

from dxent.kernels.threads import do_all
from dxent.kernels.tiles import row_tiles

__all__ = ["BlockColumns"]

Matrix = NDArray[Any]

COLUMNS_TOGETHER = 512  # at least, unless the matrix is smaller
ROWS_TOGETHER = 256  # their sums stay in the second-level cache


@dataclass(frozen=True, eq=False)
class BlockColumns:
    """The lower triangle of a symmetric matrix (classes · width, classes · width).

    Of a column's diagonal block the part above the diagonal says nothing.
    """

    width: int
    classes_together: int
    columns: tuple[Matrix, ...]

    @classmethod
    def zeros(cls, classes: int, width: int, dtype: DTypeLike) -> BlockColumns:
        """Return a matrix of zeros."""
        together = min(-(-COLUMNS_TOGETHER // width), classes)
        firsts = range(0, classes, together)
        columns = (
            np.zeros(((classes - first) * width, min(together, classes - first) * width), dtype)
            for first in firsts
        )
        return cls(width, together, tuple(columns))

    @property
    def order(self) -> int:
        """Number of rows."""
        return len(self.columns[0])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the entries."""
        return self.columns[0].dtype

    def lift(self, share: float) -> None:
        """Add so much of the largest entry of the diagonal to all of it; of zeros, make the identity."""
        if not share:
            return
        diagonals = [np.einsum("jj->j", column[: column.shape[1]]) for column in self.columns]
        largest = max(float(diagonal.max()) for diagonal in diagonals) or 1 / share
        for diagonal in diagonals:
            diagonal += diagonal.dtype.type(share * largest)

    def blocks(self) -> Iterator[tuple[int, Matrix]]:
        """Yield each block column's first class, and its blocks (classes from that on, width, …, width)."""
        for index, column in enumerate(self.columns):
            yield (
                index * self.classes_together,
                column.reshape(-1, self.width, column.shape[1] // self.width, self.width),
            )

    def add_pairs(self, s: Matrix, t: Matrix, grams: Matrix) -> None:
        """Add (e_s − e_t)(e_s − e_t)ᵀ ⊗ G for different pairs s < t of classes; class −1 is none."""
        for first, blocks in self.blocks():
            for k in range(blocks.shape[2]):
                mine = np.flatnonzero((s == first + k) | (t == first + k))
                if len(mine):
                    blocks[k, :, k] += grams[mine[0]] if len(mine) == 1 else grams[mine].sum(axis=0)
            mine = np.flatnonzero((s >= first) & (s < first + blocks.shape[2]))
            some = mine[0] if len(mine) == 1 else mine  # of one, nothing is copied
            blocks[t[some] - first, :, s[some] - first] -= grams[some]

    def factorise(self) -> bool:
        """Put L into the place of the matrix L Lᵀ.

        Returns whether the matrix was positive definite; if not, it is lost.
        """
        return all(map(self._factorise_column, range(len(self.columns))))

    def _factorise_column(self, index: int) -> bool:
        column = self.columns[index]
        size = column.shape[1]
        before = [left[len(left) - len(column) :] for left in self.columns[:index]]

        def less_earlier(rows: slice) -> None:
            for left in before:
                column[rows] -= left[rows] @ left[:size].T

        do_all(less_earlier, row_tiles(len(column), ROWS_TOGETHER))
        # the transpose is in LAPACK's order, and its upper triangle the lower one of the block
        potrf, trtri = get_lapack_funcs(("potrf", "trtri"), (column,))
        upper, failed = potrf(column[:size].T, lower=False, clean=True)
        if failed:
            return False
        column[:size], below = upper.T, column[size:]
        trsm = get_blas_funcs("trsm", (column,))
        # an inverse takes longer than a few rows, and many rows less with it
        inverse = trtri(upper, lower=False)[0] if len(below) > size else None

        def divide(rows: slice) -> None:
            if inverse is None:
                below[rows] = trsm(1.0, upper, below[rows].T, lower=False, trans_a=True).T
            else:
                below[rows] = below[rows] @ inverse

        do_all(divide, row_tiles(len(below), ROWS_TOGETHER))
        return True

    def solve(self, vector: Matrix) -> Matrix:
        """Return the solution of L Lᵀ x = v, once the matrix is factorised."""
        x, trsv = vector.copy(), get_blas_funcs("trsv", (vector,))
        for column in self.columns:
            mine, rest = np.split(x[len(x) - len(column) :], [column.shape[1]])
            mine[:] = trsv(column[: len(mine)].T, mine, lower=False, trans=True)
            rest -= column[len(mine) :] @ mine
        for column in reversed(self.columns):
            mine, rest = np.split(x[len(x) - len(column) :], [column.shape[1]])
            mine -= rest @ column[len(mine) :]
            mine[:] = trsv(column[: len(mine)].T, mine, lower=False)
        return x
