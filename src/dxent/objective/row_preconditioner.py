"""The preconditioner of sparse, wide problems: the rows that bend the loss most, and a diagonal for the rest.

With many more features than rows, the Hessian of class k is a diagonal and a few hundred rows that matter,
Λ + Σ_i w_ik x̃_i x̃_iᵀ with w_ik = s_i p_ik (1 − p_ik): as the fit proceeds most p saturate. Woodbury's
identity inverts it exactly for the chosen rows:

    (B + X̃ᵀ S X̃)⁻¹ = B⁻¹ − B⁻¹ X̃ᵀ (S⁻¹ + X̃ B⁻¹ X̃ᵀ)⁻¹ X̃ B⁻¹

The coupling between classes is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from dxent.objective.scaling import Coordinates

__all__ = ["ROWS_COST", "RowPreconditioner", "rows_to_keep"]

Matrix = NDArray[np.float64]

ROWS_COST = 20.0  # passes over the data to build it, about
LARGEST_CORES = 1 << 23  # numbers in the inverses of all classes together: 64 MB


@dataclass(frozen=True, eq=False)
class RowPreconditioner:
    """Qᵀ diag(M_1, …, M_K)⁻¹ Q with M_k = B_k + X̃_kᵀ S_k X̃_k.

    ``inverse_base`` is 1/B (classes, width); ``rows`` the chosen rows x/s of all classes (classes · m,
    classes · width), block by block; ``shift`` μ/s, which each of them lacks; ``cores`` the inverses
    (S⁻¹ + X̃ B⁻¹ X̃ᵀ)⁻¹ (classes, m, m).
    """

    inverse_base: Matrix
    rows: Any
    shift: Matrix
    cores: Matrix
    basis: Matrix | None
    cost: float

    def apply(self, vector: Matrix) -> Matrix:
        """Return M⁻¹ v."""
        classes, width = self.inverse_base.shape
        theta = vector.reshape(-1, width)
        flat = (theta if self.basis is None else self.basis @ theta) * self.inverse_base
        seen = (self.rows @ flat.ravel()).reshape(classes, -1) - (flat @ self.shift)[:, None]
        inner = np.matmul(self.cores, seen[:, :, None])[:, :, 0]
        back = (self.rows.T @ inner.ravel()).reshape(classes, width)
        flat -= (back - np.outer(inner.sum(axis=1), self.shift)) * self.inverse_base
        return np.asarray(flat if self.basis is None else self.basis.T @ flat).ravel()

    @classmethod
    def of(
        cls, X: Any, curvature: Matrix, diagonal: Matrix, strengths: Matrix, coords: Coordinates
    ) -> RowPreconditioner:
        """Choose each class's rows by their share of the trace.

        ``curvature`` is w (rows, classes), ``diagonal`` the exact diagonal of the data's Hessian (classes,
        width), ``strengths`` the penalty's λ_j.
        """
        scaled = scipy.sparse.csr_array(X).multiply(1 / coords.scale).tocsr()
        if coords.intercept:
            scaled = scipy.sparse.hstack([scaled, np.ones((len(curvature), 1))], format="csr")
        shift = np.zeros(coords.shape[1])
        if coords.centre is not None:
            shift[: len(coords.scale)] = coords.centre / coords.scale
        lengths = scaled.multiply(scaled).sum(axis=1)
        keep = rows_to_keep(*curvature.shape)
        bases, blocks, cores = [], [], []
        for weights, mine in zip(curvature.T, diagonal, strict=True):
            chosen = np.argpartition(-weights * lengths, keep - 1)[:keep]
            part = scaled[chosen]
            base = rest(mine, part, shift, weights[chosen]) + strengths
            base = np.maximum(base, 1e-3 * mine.max() * (strengths == 0))
            blocks.append(part)
            bases.append(base)
            cores.append(core(part, shift, base, weights[chosen]))
        rows = scipy.sparse.block_diag(blocks, format="csr")
        return cls(1 / np.array(bases), rows, shift, np.array(cores), coords.basis, ROWS_COST)


def rows_to_keep(samples: int, classes: int) -> int:
    """Return how many rows a class may keep: a few hundred, within the memory for their cores."""
    return int(min(samples, 400, (LARGEST_CORES / classes) ** 0.5))


def rest(diagonal: Matrix, rows: Any, shift: Matrix, weights: Matrix) -> Matrix:
    """Return what is left of the diagonal without the chosen rows: Σ w x̃² over the others."""
    squares = rows.multiply(rows).T @ weights - 2 * shift * (rows.T @ weights) + shift**2 * weights.sum()
    return np.asarray(np.maximum(diagonal - squares, 0.0))


def core(rows: Any, shift: Matrix, base: Matrix, weights: Matrix) -> Matrix:
    """Return (S⁻¹ + X̃ B⁻¹ X̃ᵀ)⁻¹ = S½ (I + S½ X̃ B⁻¹ X̃ᵀ S½)⁻¹ S½, where weights of zero do no harm."""
    halves = rows.multiply(1 / np.sqrt(base)).tocsr()
    crossed = rows @ (shift / base)
    gram = (halves @ halves.T).toarray() - crossed[:, None] - crossed + (shift**2 / base).sum()
    roots = np.sqrt(weights)
    inverse = np.linalg.inv(np.eye(len(weights)) + roots[:, None] * gram * roots)
    return np.asarray(roots[:, None] * inverse * roots)
