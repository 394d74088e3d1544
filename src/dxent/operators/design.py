"""The derivative of a linear layer with respect to its weights."""

# ruff: noqa: D102 — these methods are documented where they are declared, in LinearOperator.

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import final

from dxent._typing import Array, Shape
from dxent.kernels.arrays import concat, eye, namespace
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
        return concat([slopes, bias[..., None]], axis=-1) if self.intercept else slopes

    def _dense(self) -> Array:
        xp, X = namespace(self.features), self.features
        T, rows = prod(self.outputs), self.rows()
        spread = xp.where(eye(X, T)[None, :, :, None] != 0, rows[:, None, None, :], 0.0)
        return xp.reshape(spread, (prod(self.out_shape), prod(self.in_shape)))

    def rows(self) -> Array:
        """Return the design matrix as the weights see it: one row a sample, a column of ones for the bias."""
        X = self.features if self.features.ndim == 2 else self.features[None, :]
        xp = namespace(X)
        return concat([X, xp.ones_like(X[:, :1])], axis=1) if self.intercept else X

    def _cost(self) -> int:
        return int(prod(self.features.shape) * prod(self.outputs))

    def _symbol(self) -> str:
        return "(I ⊗ xᵀ)" if self.features.ndim == 1 else "(W ↦ X Wᵀ)"
