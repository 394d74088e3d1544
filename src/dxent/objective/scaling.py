"""Coordinates in which the curvature is near one, whatever the units of the columns.

The kernels read ``weights`` W (outputs, features + 1); the solver moves θ (classes − 1, features + 1):

    W = Q θ D⁻¹,   D = diag(s_1, …, s_d, 1),   x̃ = x − μ

The problem is the same, with the penalty λ_j = λ/s_j² on θ_j. Three things are gained: the columns' offsets
are gone (μ is subtracted as rows are read), their units are gone (s_j), and so is the direction in which the
softmax is constant (the columns of Q are orthonormal and sum to zero over the classes).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from dxent.data.blocks import Rows
from dxent.kernels.contrasts import times_basis, times_transposed_basis, to_contrasts, to_outputs
from dxent.kernels.moments import column_moments
from dxent.kernels.narrow import MOST_LOST

__all__ = ["Coordinates", "Moments", "coordinates", "moments"]

Matrix = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Moments:
    """Of each column (features,) the weighted mean, variance, and span: about how wide it is, never 0.

    ``longest`` is the length of the longest row, max ‖(x − μ) / span‖, or a bound on it.
    """

    mean: Matrix
    variance: Matrix
    span: Matrix
    longest: float

    @property
    def largest(self) -> float:
        """The largest mean or span, a third of max |x| or more; NaN if a row that counts has one."""
        return float(np.max(np.maximum(np.abs(self.mean), self.span), initial=0.0))

    @property
    def keep_digits(self) -> bool:
        """Whether sums of squares about the means may be taken from those about zero."""
        return bool(np.all(self.square(False) <= MOST_LOST * self.variance))

    def square(self, centred: bool) -> Matrix:
        """Return each column's mean square, about its mean or about zero."""
        return self.variance if centred else self.variance + self.mean**2

    def box(self, centred: bool) -> tuple[Matrix, float]:
        """Return a span and the largest ‖(x − μ) / span‖, or bounds on them for rows that keep their mean."""
        if centred:
            return self.span, self.longest
        span = self.span + np.abs(self.mean)
        return span, self.longest + float(np.linalg.norm(self.mean / span))


@dataclass(frozen=True, eq=False)
class Coordinates:
    """The linear map θ ↦ W and its transpose."""

    centre: Matrix | None  # μ, or None where no intercept could absorb it
    scale: Matrix  # s, powers of two, so that W = θ/s is exact
    basis: Matrix | None  # Q (classes, classes − 1); None for one output, which needs none
    intercept: bool

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of θ: (classes − 1, features [+ 1])."""
        free = 1 if self.basis is None else self.basis.shape[1]
        return free, len(self.scale) + self.intercept

    @property
    def outputs(self) -> int:
        """How many logits a row has: one for two classes."""
        return 1 if self.basis is None else len(self.basis)

    @cached_property
    def divisor(self) -> Matrix:
        """The diagonal of D, shape (features [+ 1],)."""
        return np.append(self.scale, 1.0) if self.intercept else self.scale

    @property
    def pair_length(self) -> float:
        """‖e_k − e_l‖ in the class basis: √2, or 1 for the single logit of two classes."""
        return 1.0 if self.basis is None else float(np.sqrt(2))

    def of_outputs(self, theta: Matrix) -> Matrix:
        """Return Q θ (outputs, columns) for θ (classes − 1, columns)."""
        return theta if self.basis is None else times_basis(theta)

    def of_contrasts(self, weights: Matrix) -> Matrix:
        """Return Qᵀ W (classes − 1, columns) for W (outputs, columns)."""
        return weights if self.basis is None else times_transposed_basis(weights)

    def weights(self, point: Matrix) -> Matrix:
        """Return W (outputs, features [+ 1]) for a flat θ, in its precision."""
        return to_outputs(point.reshape(self.shape), self.divisor)

    def pull(self, gradient: Matrix, dtype: DTypeLike = np.float64) -> Matrix:
        """Return the flat gradient in θ for one in W."""
        return to_contrasts(gradient, self.divisor, dtype).ravel()

    def point(self, weights: Matrix) -> Matrix:
        """Return the flat θ of given W; the mean over classes, which no prediction sees, is dropped."""
        return (self.of_contrasts(weights) * self.divisor).ravel()

    def standard(self, X: Matrix) -> Matrix:
        """Return dense rows as θ sees them, ((x − μ)/s, 1)."""
        rows = (X if self.centre is None else X - self.centre) / self.scale
        return np.column_stack([rows, np.ones(len(rows))]) if self.intercept else rows

    def conjugate(self, gram: Matrix) -> Matrix:
        """Return the Hessian in θ for one in reference coordinates U_t = W_t − W_0 (see `softmax_gram`)."""
        free, width = self.shape
        blocks = gram.reshape(free, width, free, width)
        blocks /= (self.divisor[:, None] * self.divisor)[None, :, None, :]
        if self.basis is not None:
            change = self.basis[1:] - self.basis[0]  # U = R θ
            for _ in range(2):  # Rᵀ on the left class axis, then, by symmetry, on the right one
                left = change.T @ blocks.reshape(free, -1)
                blocks = left.reshape(free, width, free, width).transpose(2, 3, 0, 1)
        return blocks.reshape(free * width, free * width)


def moments(rows: Rows) -> Moments:
    """Return the columns' moments over all blocks."""
    total, seen = None, 0.0
    for block in rows.blocks:
        share = float(block.sample_weight.sum())
        if share > 0:
            part = Moments(*column_moments(block.X, block.sample_weight / share))
            total = part if total is None else combine(total, part, share / (seen + share))
            seen += share
    assert total is not None
    return total


def combine(old: Moments, new: Moments, part: float) -> Moments:
    """Return the moments of both together, ``part`` being the share of the new ones in the weight.

    ``longest`` is an upper bound then. See: Chan, Golub & LeVeque, American Statistician 37 (1983).
    """
    shift = new.mean - old.mean
    span = np.maximum(old.span, new.span) + np.abs(shift)
    moved = float(np.linalg.norm(shift / span))
    return Moments(
        old.mean + part * shift,
        (1 - part) * old.variance + part * new.variance + part * (1 - part) * shift**2,
        span,
        max(old.longest + part * moved, new.longest + (1 - part) * moved),
    )


def sum_zero_basis(classes: int) -> Matrix:
    """Return Q (classes, classes − 1): orthonormal columns, each summing to zero."""
    return times_basis(np.eye(classes - 1))


def coordinates(rows: Rows, columns: Moments, strength: float, intercept: bool) -> Coordinates:
    """Choose μ, s and Q for a data set and the strength λ of its penalty.

    s_j² ≈ var_j·p̄ + λ, where p̄ = mean p(1 − p) at the class shares: the curvature of column j at the start.
    """
    size = np.hypot(np.sqrt(rows.variance_of_shares * columns.square(intercept)), np.sqrt(strength))
    size[size == 0.0] = 1.0
    scale = np.exp2(np.rint(np.log2(size)))
    basis = sum_zero_basis(rows.classes) if rows.classes > 2 else None
    return Coordinates(columns.mean if intercept else None, scale, basis, intercept)
