"""Functions of the rows of an array, in any array library: softmax, logsumexp, and what follows from them.

Everything rests on one decomposition of a row x with largest entry m (its "top"):

    x_j = m + d_j + r_j exactly,      e_j = exp(d_j + r_j),      o = Σ e_j over all but the top

    softmax      p_j = e_j / (1 + o)               1 − p_top = o / (1 + o)
    log_softmax  d_j + r_j − log1p(o)              logsumexp = m + log1p(o)

The rounding r of x − m is kept because exp multiplies it by |d|, and the top is left out of the sum because
it is exactly 1: so no digit is lost where one class has nearly all the probability. Numbers that are used
more than once are kept as an unevaluated sum of two, so that only the last step of each result rounds.

Infinite entries have their limits (one +inf: all the mass is there); where there is no limit (two +inf,
nothing but −inf) a row is NaN. Nothing here branches on values, so that it can be traced and compiled.

See: P. Blanchard, D. J. Higham, N. J. Higham, IMA J. Numer. Anal. 41 (2021), for the plain shifted forms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, log2, prod
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
    present_in,
    quietly,
    widen,
)

__all__ = ["ShiftedRows", "deviation", "shift"]

Pair = tuple[Array, Array]
"""An unevaluated sum: a number as rounded and what rounding lost."""


@final
@dataclass(frozen=True, eq=False, repr=False)
class ShiftedRows:
    """A row's exponentials after the shift by its largest entry; each method is one quotient or logarithm."""

    xp: Namespace
    frame: Frame
    largest: Array
    shifted: Pair
    exps: Pair
    others: Pair
    is_top: Array
    undefined: Array
    present: Array | None

    def unrounded(self) -> ShiftedRows:
        """Return the same rows, whose results stay in the precision of the arithmetic."""
        return replace(self, frame=replace(self.frame, dtype=self.largest.dtype))

    @quietly
    def softmax(self) -> Array:
        """Return p = e / (1 + o)."""
        return self._finish(self._share(*self.exps), absent=0.0)

    @quietly
    def scaled(self) -> Array:
        """Return 2⁶⁴ p, which has all its digits where p itself is below the normal range."""
        xp, e, (shifted, lost) = self.xp, self.exps[0], self.shifted
        half = xp.exp(shifted / 2) * 2.0**32
        exps = xp.where(e < 2.0**32 * xp.finfo(e.dtype).smallest_normal, half * half, e * 2.0**64)
        return self._finish(self._share(exps, exps * lost), absent=0.0)

    @quietly
    def complement(self) -> Array:
        """Return 1 − p without subtracting from one what is close to it."""
        xp, (o, o_lost), (e, e_lost) = self.xp, self.others, self.exps
        total, lost = two_sum(xp, xp.ones_like(o), o)
        rest, rounded = two_sum(xp, total, -e)
        rest_lost = rounded + (lost + o_lost - e_lost)
        share = self._share(xp.where(self.is_top, o, rest), xp.where(self.is_top, o_lost, rest_lost))
        return self._finish(share, absent=1.0)

    @quietly
    def log_softmax(self) -> Array:
        """Return log p = d + r − log1p(o), the difference in twice the working precision."""
        total, lost = two_sum(self.xp, self.shifted[0], -self._log_total())
        return self._finish(total + (lost + self.shifted[1]), absent=-float("inf"))

    @quietly
    def logsumexp(self) -> Array:
        """Return m + log1p(o), with the axis removed."""
        return finish((self.largest + self._log_total())[..., 0], self.frame.dtype)

    def _share(self, part: Array, part_lost: Array) -> Array:
        """Return part / (1 + o)."""
        total, lost = two_sum(self.xp, self.xp.ones_like(self.others[0]), self.others[0])
        share = part / total
        product, rounded = two_product(share, total)
        rest = (part - product) - rounded + part_lost - share * (lost + self.others[1])
        return share + rest / total

    def _log_total(self) -> Array:
        o, lost = self.others
        return self.xp.log1p(o) + lost / (1 + o)

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

    @property
    def kept(self) -> Shape:
        """The lengths of the other axes."""
        return tuple(length for k, length in enumerate(self.shape) if k - len(self.shape) not in self.axes)

    def rows(self, xp: Namespace, x: Array) -> Array:
        """Return `x` with its axes flattened into one, the last."""
        moved = x if self.axes == self.last else xp.moveaxis(x, self.axes, self.last)
        rows = xp.reshape(moved, (*self.kept, prod(self.shape[axis] for axis in self.axes)))
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
    frame, rows, present = framed(as_real(x), axis, where)
    xp = namespace(rows)
    largest, is_top = top(xp, rows)
    shifted, lost = two_sum(xp, rows, -largest)
    shifted = xp.where(rows == largest, 0.0, shifted)
    exps = xp.exp(shifted)
    others = sum_of_pairs(xp, *(xp.where(is_top, 0.0, part) for part in (exps, exps * lost)))
    no_limit = xp.sum(astype(rows == float("inf"), rows.dtype), axis=-1, keepdims=True) > 1
    undefined = no_limit | (largest == -float("inf"))
    return ShiftedRows(
        xp, frame, largest, (shifted, lost), (exps, exps * lost), others, is_top, undefined, present
    )


def framed(x: Array, axis: Axis, where: Array | None) -> tuple[Frame, Array, Array | None]:
    """Return an array as rows, where they came from, and which entries belong to them; the others are −∞."""
    xp = namespace(x)
    frame = Frame(tuple(x.shape), normalize_axis(axis, tuple(x.shape)), x.dtype)
    rows, present = frame.rows(xp, widen(x)), None
    if where is not None:
        present = frame.rows(xp, present_in(x, where))
        rows = xp.where(present, rows, -float("inf"))
    return frame, rows, present


def top(xp: Namespace, rows: Array) -> tuple[Array, Array]:
    """Return each row's largest entry and the mask of the first place where it stands."""
    if rows.shape[-1] == 0:
        return xp.sum(rows, axis=-1, keepdims=True) - float("inf"), rows == 0
    places = indices(rows, rows.shape[-1])
    return xp.max(rows, axis=-1, keepdims=True), places == xp.argmax(rows, axis=-1)[..., None]


def sum_of_pairs(xp: Namespace, values: Array, lost: Array) -> Pair:
    """Return each row's sum of numbers ≥ 0, rounded once (Rump, Ogita and Oishi, SISC 31 (2008), Alg. 3.2).

    Against a number that is larger than any sum of them, all are cut at one place; the heads add up exactly.
    """
    if values.shape[-1] == 0:
        return xp.sum(values, axis=-1, keepdims=True), xp.sum(lost, axis=-1, keepdims=True)
    large = 2 * values.shape[-1] * xp.max(values, axis=-1, keepdims=True)
    heads = (large + values) - large
    tails = xp.sum((values - heads) + lost, axis=-1, keepdims=True)
    return two_sum(xp, xp.sum(heads, axis=-1, keepdims=True), tails)


def two_sum(xp: Namespace, a: Array, b: Array) -> Pair:
    """Return s = a + b as rounded and what rounding lost, 0 where s is infinite (Knuth, TAOCP 4.2.2)."""
    total = a + b
    part = total - a
    lost = (a - (total - part)) + (b - part)
    return total, xp.where(xp.isfinite(total), lost, 0.0)


def two_product(a: Array, b: Array) -> Pair:
    """Return a·b as rounded and what rounding lost, for |a|, |b| < 1e290 (Dekker, Numer. Math. 18 (1971))."""
    product = a * b
    (a_head, a_tail), (b_head, b_tail) = halves(a), halves(b)
    lost = a_tail * b_tail - (((product - a_head * b_head) - a_tail * b_head) - a_head * b_tail)
    return product, lost


def halves(a: Array) -> Pair:
    """Return a as a sum of two numbers of half as many bits (Veltkamp)."""
    digits = 1 - log2(namespace(a).finfo(a.dtype).eps)
    scaled = a * (2.0 ** ceil(digits / 2) + 1)
    head = scaled - (scaled - a)
    return head, a - head


def deviation(p: Array, v: Array, axes: tuple[int, ...]) -> Array:
    """Return v − ⟨p, v⟩, row by row, to full accuracy relative to Σ_j p_j |v_i − v_j|.

    The mean is taken twice: of the distances from the likeliest class's v, and, since it is rounded, of those
    from the first mean. It is divided by Σ p, so that only differences of v count.
    """
    xp = namespace(p, v)
    if not prod(p.shape):
        return v
    likeliest = p == xp.max(p, axis=axes, keepdims=True)
    total = xp.sum(p, axis=axes, keepdims=True)
    total = xp.where(total == 0, xp.ones_like(total), total)
    origin = xp.max(xp.where(likeliest, v, -float("inf")), axis=axes, keepdims=True)
    mean = origin + xp.sum(p * (v - origin), axis=axes, keepdims=True) / total
    centred, lost = two_sum(xp, v, -mean)
    return (centred - xp.sum(p * centred, axis=axes, keepdims=True) / total) + lost
