"""The maps around softmax. Each acts on every row of an array of probabilities at once.

    SoftmaxJacobian      J = diag p − p pᵀ              derivative of softmax, Hessian of logsumexp,
                                                        covariance and Fisher information of a categorical
    LogSoftmaxJacobian   I − 1 pᵀ                       derivative of log_softmax;  J = diag p (I − 1 pᵀ)
    SoftmaxCurvature     Σ_c p_c w_c (e_c − p)(e_c − p)ᵀ  Hessian of ⟨ȳ, softmax⟩, with w = ȳ − ⟨p, ȳ⟩
    Centering            I − 1 1ᵀ/T                     projection onto what softmax can feel

As matrices they would have one T × T block a row. Products subtract from a vector its entry at the likeliest
class before its mean, which loses nothing where p is nearly one-hot.
"""

# ruff: noqa: D102 — these methods are documented where they are declared, in LinearOperator.

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import final

from dxent._typing import Array, Shape
from dxent.kernels.arrays import astype, eye, holds, namespace, quietly
from dxent.kernels.rows import deviation
from dxent.kernels.rowwise import softmax_product
from dxent.operators.base import LinearOperator, Structure, SymmetricOperator
from dxent.operators.elementary import row_numbers

__all__ = ["Centering", "LogSoftmaxJacobian", "SoftmaxCurvature", "SoftmaxJacobian"]


def blocks(values: Array, p: Array, axes: tuple[int, ...]) -> Array:
    """Return the matrix with zeros wherever row and column belong to different rows of `p`."""
    rows = row_numbers(axes, p)
    return namespace(p).where(rows[:, None] == rows, values, 0.0)


@final
@dataclass(frozen=True, eq=False, repr=False)
class SoftmaxJacobian(SymmetricOperator):
    """w (diag p − p pᵀ) for each row p of probabilities, with a factor w for each row.

    `complement` is 1 − p, which near p = 1 knows more digits than p does; `weight` has the shape of p with
    the axes kept at length one; `unrounded` is p and 1 − p in a longer dtype, if they were computed in one;
    `scaled` is 2⁶⁴ p, if some p is below the normal range and has lost digits there.
    """

    probs: Array
    complement: Array
    axes: tuple[int, ...] = (-1,)
    weight: Array | None = None
    unrounded: tuple[Array, Array] | None = None
    scaled: Array | None = None
    _stacks = True

    @property
    def in_shape(self) -> Shape:
        return tuple(self.probs.shape)

    @property
    def structure(self) -> Structure:
        indefinite = self.weight is not None and holds(~(self.weight >= 0))
        return Structure.SYMMETRIC if indefinite else Structure.PSD

    @quietly
    def mv(self, v: Array) -> Array:
        p, _ = self._parts()
        product = softmax_product(p, astype(v, p.dtype), self.axes)
        if self.scaled is not None:
            precise = softmax_product(self.scaled, astype(v, p.dtype), self.axes) * 2.0**-64
            # It overflows where v is larger than 2⁹⁵⁹.
            product = namespace(p).where(namespace(p).isfinite(precise), precise, product)
        return self._rounded(product, v)

    @quietly
    def diagonal(self) -> Array:
        """Return p (1 − p), in the shape of p."""
        p, q = self._parts()
        return self._rounded(p * q, self.probs)

    def _dense(self) -> Array:
        xp = namespace(self.probs)
        p, q = (xp.reshape(part, (-1,)) for part in self._parts())
        matrix = xp.where(eye(p, p.shape[0]) != 0, p * q, -p[:, None] * p)
        if self.weight is not None:
            matrix = matrix * xp.reshape(xp.broadcast_to(self.weight, self.probs.shape), (-1,))[:, None]
        return astype(blocks(matrix, self.probs, self.axes), self.probs.dtype)

    def _parts(self) -> tuple[Array, Array]:
        return self.unrounded or (self.probs, self.complement)

    def _rounded(self, product: Array, like: Array) -> Array:
        weighted = product if self.weight is None else self.weight * product
        return astype(weighted, namespace(product).result_type(self.probs, like))

    def _cost(self) -> int:
        return 2 * prod(self.in_shape)

    def _symbol(self) -> str:
        return "(diag p − p pᵀ)"


@final
@dataclass(frozen=True, eq=False, repr=False)
class LogSoftmaxJacobian(LinearOperator):
    """I − 1 pᵀ for each row p of probabilities; `complement` is 1 − p."""

    probs: Array
    complement: Array
    axes: tuple[int, ...] = (-1,)
    _stacks = True

    @property
    def in_shape(self) -> Shape:
        return tuple(self.probs.shape)

    @property
    def out_shape(self) -> Shape:
        return tuple(self.probs.shape)

    def mv(self, v: Array) -> Array:
        return deviation(self.probs, v, self.axes)

    def _rmv(self, u: Array) -> Array:
        total = namespace(u).sum(u, axis=self.axes, keepdims=True)
        return u * self.complement - self.probs * (total - u)

    def _dense(self) -> Array:
        xp = namespace(self.probs)
        p, q = (xp.reshape(part, (-1,)) for part in (self.probs, self.complement))
        matrix = xp.where(eye(p, p.shape[0]) != 0, q, -xp.broadcast_to(p, (p.shape[0], p.shape[0])))
        return blocks(matrix, self.probs, self.axes)

    def _cost(self) -> int:
        return prod(self.in_shape)

    def _symbol(self) -> str:
        return "(I − 1 pᵀ)"


@final
@dataclass(frozen=True, eq=False, repr=False)
class SoftmaxCurvature(SymmetricOperator):
    """diag a − a pᵀ − p aᵀ for each row, a = p ∗ w: the Hessian of ⟨ȳ, softmax⟩ where w = ȳ − ⟨p, ȳ⟩."""

    probs: Array
    deviations: Array
    axes: tuple[int, ...] = (-1,)
    _stacks = True

    @property
    def in_shape(self) -> Shape:
        return tuple(self.probs.shape)

    def mv(self, v: Array) -> Array:
        spread = deviation(self.probs, v, self.axes)
        moment = namespace(spread).sum(self.probs * self.deviations * spread, axis=self.axes, keepdims=True)
        return self.probs * (self.deviations * spread - moment)

    def _dense(self) -> Array:
        xp = namespace(self.probs)
        p = xp.reshape(self.probs, (-1,))
        a = p * xp.reshape(self.deviations, (-1,))
        matrix = xp.where(eye(p, p.shape[0]) != 0, a, 0.0) - a[:, None] * p - p[:, None] * a
        return blocks(matrix, self.probs, self.axes)

    def _cost(self) -> int:
        return 4 * prod(self.in_shape)

    def _symbol(self) -> str:
        return "(diag a − a pᵀ − p aᵀ)"


@final
@dataclass(frozen=True, eq=False, repr=False)
class Centering(SymmetricOperator):
    """I − 1 1ᵀ/T for each row of length T: subtract the mean."""

    like: Array
    axes: tuple[int, ...] = (-1,)
    _stacks = True

    @property
    def in_shape(self) -> Shape:
        return tuple(self.like.shape)

    @property
    def structure(self) -> Structure:
        return Structure.PSD

    def mv(self, v: Array) -> Array:
        return v - namespace(v).mean(v, axis=self.axes, keepdims=True)

    def _dense(self) -> Array:
        size = prod(self.like.shape)
        length = prod(self.like.shape[axis] for axis in self.axes)
        matrix = eye(self.like, size) - 1.0 / length
        return blocks(matrix, self.like, self.axes)

    def _cost(self) -> int:
        return prod(self.in_shape)

    def _symbol(self) -> str:
        return "(I − 1 1ᵀ/T)"
