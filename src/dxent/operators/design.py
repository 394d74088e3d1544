"""The derivative of a linear layer with respect to its weights."""

# ruff: noqa: D102 — these methods are documented where they are declared, in LinearOperator.

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import final

import numpy as np

from dxent._typing import Array, Namespace, Shape
from dxent.kernels.arrays import eye, namespace
from dxent.operators.base import LinearOperator

__all__ = ["Design"]


@final
@dataclass(frozen=True, eq=False, repr=False)
class Design(LinearOperator):
    """W ↦ X Wᵀ for a design matrix X (samples, features); for one sample, W ↦ W x.

        matrix: I ⊗ xᵀ for one sample, T × T·N; for many, X's rows spread over (samples, T) × (T, N)

    Shapes: weights (T, N) → (samples, T) or (T,); weights (N,) → (samples,) or ().
    With an `intercept` the weights have one more column, the bias, as if X ended in a column of ones.
    Only X is stored: the transpose R ↦ Rᵀ X is one product as well.
    """

    features: Array
    outputs: Shape
    intercept: bool = False
    _stacks = True

    @property
    def in_shape(self) -> Shape:
        return (*self.outputs, self.features.shape[-1] + self.intercept)

    @property
    def out_shape(self) -> Shape:
        return (*self.features.shape[:-1], *self.outputs)

    def mv(self, v: Array) -> Array:
        xp, X = namespace(self.features, v), self.features
        N = X.shape[-1]
        slopes = v[..., :N]
        if X.ndim == 1:
            product = slopes @ X
        elif self.outputs:
            product = xp.matmul(X, xp.moveaxis(slopes, -1, -2))
        else:
            product = slopes @ X.T
        if not self.intercept:
            return product
        bias = v[..., N]
        return product + (bias if X.ndim == 1 else xp.expand_dims(bias, axis=-1 - len(self.outputs)))

    def _rmv(self, u: Array) -> Array:
        xp, X = namespace(self.features, u), self.features
        if X.ndim == 1:
            slopes, bias = u[..., None] * X, u
        elif self.outputs:
            slopes, bias = xp.matmul(xp.moveaxis(u, -1, -2), X), xp.sum(u, axis=-2)
        else:
            slopes, bias = u @ X, xp.sum(u, axis=-1)
        return join(xp, slopes, bias[..., None]) if self.intercept else slopes

    def _dense(self) -> Array:
        xp, X = namespace(self.features), self.features
        T = prod(self.outputs)
        rows = X if X.ndim == 2 else X[None, :]
        if self.intercept:
            rows = join(xp, rows, xp.ones_like(rows[:, :1]))
        spread = xp.where(eye(X, T)[None, :, :, None] != 0, rows[:, None, None, :], 0.0)
        return xp.reshape(spread, (prod(self.out_shape), prod(self.in_shape)))

    def _cost(self) -> int:
        return int(prod(self.features.shape) * prod(self.outputs))

    def _symbol(self) -> str:
        return "(I ⊗ xᵀ)" if self.features.ndim == 1 else "(W ↦ X Wᵀ)"


def join(xp: Namespace, columns: Array, last: Array) -> Array:
    """Append a column."""
    return np.concatenate([columns, last], axis=-1) if xp is np else xp.concat([columns, last], axis=-1)
