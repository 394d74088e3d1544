"""Functions of the rows of an array, in any array library: softmax, logsumexp, and what follows from them.

Everything rests on one decomposition of a row x with largest entry m (its "top"):

    x_j = m + d_j + r_j exactly,      e_j = exp(d_j + r_j),      o = Σ e_j over all but the top

    softmax      p_j = e_j / (1 + o)               1 − p_top = o / (1 + o)
    log_softmax  d_j + r_j − log1p(o)              logsumexp = m + log1p(o)

The rounding r of x − m is kept because exp multiplies it by |d|, and the top is left out of the sum because
it is exactly 1: so no digit is lost where one class has nearly all the probability.

Infinite entries have their limits (one +inf: all the mass is there); where there is no limit (two +inf,
nothing but −inf) a row is NaN. Nothing here branches on values, so that it can be traced and compiled.

See: P. Blanchard, D. J. Higham, N. J. Higham, IMA J. Numer. Anal. 41 (2021), for the plain shifted forms.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import final

import numpy as np

from dxent._typing import Array, Axis, Namespace, Shape
from dxent.kernels.arrays import (
    as_real,
    astype,
    finish,
    indices,
    namespace,
    normalize_axis,
    onto,
    quietly,
    widen,
)

__all__ = ["ShiftedRows", "shift"]


@final
@dataclass(frozen=True, eq=False, repr=False)
class ShiftedRows:
    """A row's exponentials after the shift by its largest entry; each method is one quotient or logarithm."""

    xp: Namespace
    frame: Frame
    largest: Array
    shifted: Array
    lost: Array
    exps: Array
    others: Array
    is_top: Array
    undefined: Array
    present: Array | None

    @quietly
    def softmax(self) -> Array:
        """Return p = e / (1 + o)."""
        return self._finish(self.exps / (1 + self.others), absent=0.0)

    @quietly
    def complement(self) -> Array:
        """Return 1 − p without subtracting from one what is close to it."""
        rest = self.xp.where(self.is_top, self.others, (self.others - self.exps) + 1)
        return self._finish(rest / (1 + self.others), absent=1.0)

    @quietly
    def log_softmax(self) -> Array:
        """Return log p = d + r − log1p(o), the difference in twice the working precision."""
        total, lost = two_sum(self.xp, self.shifted, -self.xp.log1p(self.others))
        return self._finish(total + (lost + self.lost), absent=-float("inf"))

    @quietly
    def logsumexp(self) -> Array:
        """Return m + log1p(o), with the axis removed."""
        return finish((self.largest + self.xp.log1p(self.others))[..., 0], self.frame.dtype)

    def _finish(self, rows: Array, absent: float) -> Array:
        rows = self.xp.where(self.undefined, float("nan"), rows)
        if self.present is not None:
            rows = self.xp.where(self.present, rows, absent)
        return self.frame.restored(self.xp, rows)


@final
@dataclass(frozen=True)
class Frame:
    """Where the rows came from: the shape, axes and dtype that results go back to."""

    shape: Shape
    axes: tuple[int, ...]
    dtype: object

    @property
    def last(self) -> tuple[int, ...]:
        """The places at the end that the axes are moved to."""
        return tuple(range(-len(self.axes), 0))

    def rows(self, xp: Namespace, x: Array) -> Array:
        """Return `x` with its axes flattened into one, the last."""
        moved = x if self.axes == self.last else xp.moveaxis(x, self.axes, self.last)
        kept = moved.shape[: len(self.shape) - len(self.axes)]
        rows = xp.reshape(moved, (*kept, prod(moved.shape[len(kept) :])))
        # The order of a sum follows the layout in memory: one layout, the same bits.
        return np.ascontiguousarray(rows) if xp is np else rows

    def restored(self, xp: Namespace, rows: Array) -> Array:
        """Return rows in the shape, order and dtype of the array they were taken from."""
        lengths = tuple(self.shape[axis] for axis in self.axes)
        moved = xp.reshape(rows, (*rows.shape[:-1], *lengths))
        placed = moved if self.axes == self.last else xp.moveaxis(moved, self.last, self.axes)
        return finish(placed, self.dtype)


@quietly
def shift(x: Array, axis: Axis = -1, where: Array | None = None) -> ShiftedRows:
    """Shift each row by its largest entry and take its exponentials.

    Entries where `where` is false do not belong to their row: probability 0, and a row without any has none.

    Raises: TypeError for anything but real numbers; AxisError or ValueError for a wrong axis.
    """
    x = as_real(x)
    xp = namespace(x)
    frame = Frame(tuple(x.shape), normalize_axis(axis, tuple(x.shape)), x.dtype)
    rows, present = frame.rows(xp, widen(x)), None
    if where is not None:
        mask = astype(onto(x, where), np.bool_ if xp is np else xp.bool)
        present = frame.rows(xp, xp.broadcast_to(mask, x.shape))
        rows = xp.where(present, rows, -float("inf"))
    largest, is_top = top(xp, rows)
    shifted, lost = two_sum(xp, rows, -largest)
    shifted = xp.where(rows == largest, 0.0, shifted)
    exps = xp.exp(shifted)
    exps = exps + exps * lost
    others = xp.sum(xp.where(is_top, 0.0, exps), axis=-1, keepdims=True)
    no_limit = xp.sum(astype(rows == float("inf"), rows.dtype), axis=-1, keepdims=True) > 1
    undefined = no_limit | (largest == -float("inf"))
    return ShiftedRows(xp, frame, largest, shifted, lost, exps, others, is_top, undefined, present)


def top(xp: Namespace, rows: Array) -> tuple[Array, Array]:
    """Return each row's largest entry and the mask of the first place where it stands."""
    if rows.shape[-1] == 0:
        return xp.sum(rows, axis=-1, keepdims=True) - float("inf"), rows == 0
    places = indices(rows, rows.shape[-1])
    return xp.max(rows, axis=-1, keepdims=True), places == xp.argmax(rows, axis=-1)[..., None]


def two_sum(xp: Namespace, a: Array, b: Array) -> tuple[Array, Array]:
    """Return s = a + b as rounded and what rounding lost, 0 where s is infinite (Knuth, TAOCP 4.2.2)."""
    total = a + b
    part = total - a
    lost = (a - (total - part)) + (b - part)
    return total, xp.where(xp.isfinite(total), lost, 0.0)
