"""The simplest maps: zero, identity, diagonal, dense, and the row that contracts axes."""

# ruff: noqa: D102 — these methods are documented where they are declared, in LinearOperator.

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import final

import numpy as np

from dxent._typing import Array, Shape
from dxent.kernels.arrays import eye, holds, indices, namespace, zeros
from dxent.operators.base import LinearOperator, Structure, SymmetricOperator

__all__ = ["Dense", "Diagonal", "Identity", "Row", "Zero", "row_numbers"]


@final
@dataclass(frozen=True, eq=False, repr=False)
class Zero(LinearOperator):
    """The map that takes everything to zero."""

    source: Shape
    target: Shape
    like: Array | None = None
    _stacks = True

    @property
    def in_shape(self) -> Shape:
        return self.source

    @property
    def out_shape(self) -> Shape:
        return self.target

    @property
    def structure(self) -> Structure:
        square = self.source == self.target
        return Structure.PSD | Structure.DIAGONAL if square else Structure.GENERAL

    def mv(self, v: Array) -> Array:
        return zeros(v, (*v.shape[: v.ndim - len(self.source)], *self.target))

    def _dense(self) -> Array:
        like = np.zeros(()) if self.like is None else self.like
        return zeros(like, (prod(self.target), prod(self.source)))

    def _cost(self) -> int:
        return 0

    def _symbol(self) -> str:
        return "0"


@final
@dataclass(frozen=True, eq=False, repr=False)
class Identity(SymmetricOperator):
    """The map that changes nothing."""

    shape: Shape
    like: Array | None = None
    _stacks = True

    @property
    def in_shape(self) -> Shape:
        return self.shape

    @property
    def structure(self) -> Structure:
        return Structure.PSD | Structure.DIAGONAL

    def mv(self, v: Array) -> Array:
        return v

    def _dense(self) -> Array:
        return eye(self.like, prod(self.shape))

    def _cost(self) -> int:
        return 0

    def _symbol(self) -> str:
        return "I"


@final
@dataclass(frozen=True, eq=False, repr=False)
class Diagonal(SymmetricOperator):
    """v ↦ d ∗ v entry by entry, for d of any shape: the Jacobian of every elementwise function."""

    entries: Array
    _stacks = True

    @property
    def in_shape(self) -> Shape:
        return tuple(self.entries.shape)

    @property
    def structure(self) -> Structure:
        indefinite = holds(~(self.entries >= 0))
        return Structure.DIAGONAL if indefinite else Structure.DIAGONAL | Structure.PSD

    def mv(self, v: Array) -> Array:
        return self.entries * v

    def _dense(self) -> Array:
        xp = namespace(self.entries)
        flat = xp.reshape(self.entries, (-1,))
        return xp.where(eye(flat, flat.shape[0]) != 0, flat, 0.0)

    def _cost(self) -> int:
        return prod(self.in_shape)

    def _symbol(self) -> str:
        return "diag d"


@final
@dataclass(frozen=True, eq=False, repr=False)
class Dense(LinearOperator):
    """A matrix, out-size × in-size, acting on arrays that it flattens row-major."""

    matrix: Array
    source: Shape
    target: Shape

    def __post_init__(self) -> None:
        expected = (prod(self.target), prod(self.source))
        if tuple(self.matrix.shape) != expected:
            raise ValueError(
                f"A map of shape {self.source} → {self.target} has a {expected[0]} × {expected[1]} matrix, "
                f"not one of shape {tuple(self.matrix.shape)}."
            )

    @property
    def in_shape(self) -> Shape:
        return self.source

    @property
    def out_shape(self) -> Shape:
        return self.target

    def mv(self, v: Array) -> Array:
        xp = namespace(self.matrix)
        return xp.reshape(self.matrix @ xp.reshape(v, (-1,)), self.target)

    def _rmv(self, u: Array) -> Array:
        xp = namespace(self.matrix)
        return xp.reshape(self.matrix.T @ xp.reshape(u, (-1,)), self.source)

    def _dense(self) -> Array:
        return self.matrix

    def _symbol(self) -> str:
        return "A"


@final
@dataclass(frozen=True, eq=False, repr=False)
class Row(LinearOperator):
    """v ↦ Σ g ∗ v over some axes of g, all of them unless said otherwise: a gradient as a linear map."""

    gradient: Array
    axes: tuple[int, ...] | None = None
    _stacks = True

    @property
    def over(self) -> tuple[int, ...]:
        """The axes that are summed over, counted from the end."""
        return tuple(range(-self.gradient.ndim, 0)) if self.axes is None else self.axes

    @property
    def in_shape(self) -> Shape:
        return tuple(self.gradient.shape)

    @property
    def out_shape(self) -> Shape:
        ndim, over = self.gradient.ndim, self.over
        return tuple(length for k, length in enumerate(self.gradient.shape) if k - ndim not in over)

    def mv(self, v: Array) -> Array:
        product = self.gradient * v
        return namespace(product).sum(product, axis=self.over) if self.over else product

    def _rmv(self, u: Array) -> Array:
        xp = namespace(self.gradient)
        for axis in sorted(self.over, reverse=True):
            u = xp.expand_dims(u, axis=axis)
        return self.gradient * u

    def _dense(self) -> Array:
        xp = namespace(self.gradient)
        rows = row_numbers(self.over, self.gradient)
        here = rows == indices(rows, prod(self.out_shape))[:, None]
        return xp.where(here, xp.reshape(self.gradient, (-1,)), 0.0)

    def _cost(self) -> int:
        return prod(self.in_shape)

    def _symbol(self) -> str:
        return "gᵀ" if not self.out_shape else "gᵀ by rows"


def row_numbers(axes: tuple[int, ...], x: Array) -> Array:
    """Return, flattened, the number of the row along `axes` to which each entry of `x` belongs."""
    xp = namespace(x)
    kept = tuple(1 if k - x.ndim in axes else length for k, length in enumerate(x.shape))
    return xp.reshape(xp.broadcast_to(xp.reshape(indices(x, prod(kept)), kept), tuple(x.shape)), (-1,))
