"""The linear map: what every Jacobian and Hessian of this package is.

A linear operator takes arrays of `in_shape` to arrays of `out_shape`; as a matrix, both sides are flattened
row-major. To write one, give

    in_shape, out_shape, mv     the map
    _dense                      its matrix
    structure                   what is known of it without looking at the matrix
    _rmv                        the transposed product, where the structure does not include symmetry
    _cost                       multiplications in one mv, if fewer than the matrix has entries
    _stacks                     True if mv also takes a stack of arrays, (many, *in_shape)
    _symbol                     how the map is written in print

Everything else (solve, trace, …) is an open function in `structure`; what ``@ + *`` build is decided by the
table in `rules`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Flag
from math import prod

from dxent._typing import Array, Shape

__all__ = ["LinearOperator", "Structure", "SymmetricOperator"]

DENSE_LIMIT = 2**30


class Structure(Flag):
    """What is known about an operator without looking at its matrix.

    Facts imply one another bit by bit (PSD contains SYMMETRIC), so ``Structure.SYMMETRIC in op.structure``
    answers a question and ``a & b`` is what a sum of the two still has.
    """

    GENERAL = 0
    SYMMETRIC = 0b001
    PSD = 0b011
    DIAGONAL = 0b101

    def __str__(self) -> str:
        names = ("diagonal", "psd", "symmetric")
        held = [name for name in names if Structure[name.upper()] in self]
        return ", ".join(held if len(held) == 1 else held[:-1]) or "general"


class LinearOperator(ABC):
    """A linear map A between spaces of arrays."""

    # The rules need every operator there is, so the methods below import them late.

    _stacks = False

    # NumPy then leaves ``array @ operator`` and ``scalar * operator`` to the methods below.
    __array_ufunc__ = None

    @property
    @abstractmethod
    def in_shape(self) -> Shape:
        """Shape of the arrays the map takes."""

    @property
    @abstractmethod
    def out_shape(self) -> Shape:
        """Shape of the arrays the map gives."""

    @property
    def structure(self) -> Structure:
        """What is known about the matrix without forming it."""
        return Structure.GENERAL

    @abstractmethod
    def mv(self, v: Array) -> Array:
        """Return A v for `v` of shape `in_shape`, which is not checked; ``A @ v`` checks it."""

    @property
    def T(self) -> LinearOperator:
        """The transposed map, `out_shape` → `in_shape`."""
        from dxent.operators.rules import transpose

        return transpose(self)

    def to_dense(self, *, force: bool = False) -> Array:
        """Return the matrix, out-size × in-size, both sides flattened row-major.

        Raises: ValueError above 1 GiB, naming the size, unless `force`.
        """
        rows, columns = prod(self.out_shape), prod(self.in_shape)
        size = 8 * rows * columns
        if size > DENSE_LIMIT and not force:
            raise ValueError(
                f"The matrix of {self!r} has {rows} × {columns} entries, {size:,} bytes: "
                "use the operator itself (mv, T), or pass force=True."
            )
        return self._dense()

    @abstractmethod
    def _dense(self) -> Array:
        """The matrix, whatever its size."""

    def _rmv(self, u: Array) -> Array:
        """Return Aᵀ u; needed only where the structure does not claim symmetry."""
        raise TypeError(f"{type(self).__name__} has no transposed product: define _rmv, or be symmetric.")

    def _cost(self) -> int:
        """Multiplications in one product with a vector."""
        return prod(self.out_shape) * prod(self.in_shape)

    def _symbol(self) -> str:
        """The map as a formula writes it."""
        return type(self).__name__

    def __matmul__(self, other: Array | LinearOperator) -> Array:
        if isinstance(other, LinearOperator):
            from dxent.operators.rules import compose

            return compose(self, other)
        if tuple(other.shape) != self.in_shape:
            raise ValueError(f"{self!r} takes arrays of shape {self.in_shape}, not {tuple(other.shape)}.")
        return self.mv(other)

    def __rmatmul__(self, cotangent: Array) -> Array:
        return self.T @ cotangent

    def __add__(self, other: LinearOperator) -> LinearOperator:
        from dxent.operators.rules import add

        return add(self, other)

    def __sub__(self, other: LinearOperator) -> LinearOperator:
        return self + -other

    def __mul__(self, factor: float) -> LinearOperator:
        from dxent.operators.rules import scale

        return scale(factor, self)

    __rmul__ = __mul__

    def __neg__(self) -> LinearOperator:
        return self * -1.0

    def __repr__(self) -> str:
        rows, columns = prod(self.out_shape), prod(self.in_shape)
        return f"<{type(self).__name__} {rows} × {columns}, {self.structure}>"

    def __str__(self) -> str:
        from dxent.operators.drawing import draw

        return draw(self)


class SymmetricOperator(LinearOperator):
    """A map A = Aᵀ: one shape, one product. To write one, give `in_shape`, `mv` and `_dense`."""

    @property
    def out_shape(self) -> Shape:
        """Shape of the arrays the map gives, which is that of those it takes."""
        return self.in_shape

    @property
    def structure(self) -> Structure:
        """What is known about the matrix without forming it."""
        return Structure.SYMMETRIC

    @property
    def T(self) -> LinearOperator:
        """The map itself."""
        return self
