"""The functions of rows as the other layers call them: compiled for plain arrays, else as defined.

`rows.shift` defines them. Results are computed in tiles of rows, each of which depends on nothing else, and
long rows in parts: the same bits for any number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol, final

import numpy as np
from numpy.typing import NDArray

from dxent._typing import Array, Axis, Namespace
from dxent.kernels import dispatch
from dxent.kernels.arrays import as_real, finish, namespace, normalize_axis, quietly, widen
from dxent.kernels.longrows import IN_PARTS
from dxent.kernels.rows import Frame, deviation, framed, shift
from dxent.kernels.threads import do_all
from dxent.kernels.tiles import ENTRIES_A_TILE, row_tiles

__all__ = [
    "Rows",
    "autodiff_rules",
    "by_number",
    "compiled",
    "label_losses",
    "label_terms",
    "rows_of",
    "softmax_product",
]


class Rows(Protocol):
    """What is asked of the rows of an array of logits."""

    @property
    def frame(self) -> Frame:
        """Where the rows came from."""

    def softmax(self) -> Array:
        """Return p."""

    def complement(self) -> Array:
        """Return 1 − p."""

    def log_softmax(self) -> Array:
        """Return log p."""

    def logsumexp(self) -> Array:
        """Return log Σ exp x, with the axis removed."""

    def scaled(self) -> Array:
        """Return 2⁶⁴ p."""

    def unrounded(self) -> Rows:
        """Return the same rows, whose results stay in the precision of the arithmetic."""


@final
@dataclass(frozen=True, eq=False, repr=False)
class CompiledRows:
    """Rows of a contiguous matrix of float32 or float64, for the compiled kernels."""

    matrix: NDArray[Any]
    frame: Frame

    def softmax(self) -> Array:
        """Return p."""
        return self._like_rows("softmax")

    def complement(self) -> Array:
        """Return 1 − p."""
        return self._like_rows("complement")

    def log_softmax(self) -> Array:
        """Return log p."""
        return self._like_rows("log_softmax")

    def logsumexp(self) -> Array:
        """Return log Σ exp x, with the axis removed."""
        sums = np.empty(len(self.matrix), self.matrix.dtype)
        _by_tiles("logsumexp", self.matrix, sums)
        return np.reshape(sums, self.frame.kept)[()]

    def scaled(self) -> Array:
        """Return 2⁶⁴ p, as it is defined: it is wanted where p is below the normal range, which is rare."""
        return self._restored(shift(self.matrix).scaled())

    def unrounded(self) -> CompiledRows:
        """Return the same rows in float64."""
        return CompiledRows(self.matrix.astype(np.float64), replace(self.frame, dtype=np.dtype(np.float64)))

    def _like_rows(self, kernel: str) -> Array:
        out = np.empty_like(self.matrix)
        _by_tiles(kernel, self.matrix, out)
        return self._restored(out)

    def _restored(self, rows: NDArray[Any]) -> Array:
        return self.frame.restored(np, np.reshape(rows, (*self.frame.kept, -1)))


@final
@dataclass(frozen=True, eq=False, repr=False)
class DifferentiableRows:
    """Rows of a library with autodiff, for the functions that carry their own derivatives."""

    rules: ModuleType
    rows: Array
    frame: Frame
    present: Array | None

    def softmax(self) -> Array:
        """Return p."""
        return self._restored(self.rules.softmax(self.rows), 0.0)

    def complement(self) -> Array:
        """Return 1 − p."""
        return self._restored(self.rules.complement(self.rows), 1.0)

    def log_softmax(self) -> Array:
        """Return log p."""
        return self._restored(self.rules.log_softmax(self.rows), -float("inf"))

    def logsumexp(self) -> Array:
        """Return log Σ exp x, with the axis removed."""
        return finish(self.rules.logsumexp(self.rows), self.frame.dtype)

    def scaled(self) -> Array:
        """Return 2⁶⁴ p."""
        return self._restored(shift(self.rows).scaled(), 0.0)

    def unrounded(self) -> DifferentiableRows:
        """Return the same rows, whose results stay in the precision of the arithmetic."""
        return replace(self, frame=replace(self.frame, dtype=self.rows.dtype))

    def _restored(self, values: Array, absent: float) -> Array:
        xp = namespace(values)
        if self.present is not None:
            values = xp.where(self.present, values, absent)
        return self.frame.restored(xp, values)


def rows_of(x: Array, axis: Axis = -1, where: Array | None = None) -> Rows:
    """Return the rows of `x` along an axis, or along several taken as one; `where` as in `rows.shift`.

    Raises: TypeError for anything but real numbers; AxisError or ValueError for a wrong axis.
    """
    x = as_real(x)
    if rules := autodiff_rules(namespace(x)):
        frame, rows, present = framed(x, axis, where)
        return DifferentiableRows(rules, rows, frame, present)
    if where is not None or not compiled(x):
        return shift(x, axis, where)
    frame = Frame(tuple(x.shape), normalize_axis(axis, tuple(x.shape)), x.dtype)
    rows = frame.rows(np, np.asarray(x, dtype=x.dtype.newbyteorder("=")))
    return CompiledRows(rows.reshape(-1, rows.shape[-1]), frame)


@quietly
def softmax_product(p: Array, v: Array, axes: tuple[int, ...]) -> Array:
    """Return (diag p − p pᵀ) v for each row p of probabilities; `v` may be a stack of arrays like p."""
    if not (compiled(p) and compiled(v) and p.dtype == v.dtype == np.float64):
        return p * deviation(p, v, axes)
    frame = Frame(tuple(v.shape), axes, v.dtype)
    matrices = [frame.rows(np, np.broadcast_to(array, v.shape)) for array in (p, v)]
    p, v = (rows.reshape(-1, rows.shape[-1]) for rows in matrices)
    out = np.empty_like(v)
    _by_tiles("softmax_product", p, v, out)
    return frame.restored(np, np.reshape(out, matrices[1].shape))


def autodiff_rules(xp: Namespace) -> ModuleType | None:
    """Return the functions with derivatives of their own in a library's autodiff, if it has any."""
    library = xp.__name__.removeprefix("array_api_compat.").partition(".")[0]
    return import_module(f"dxent.kernels.{library}") if library in ("torch", "jax") else None


def by_number(kernel: str, z: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return what a compiled kernel makes of each number; None where there is none."""
    if not hasattr(dispatch.native, kernel) or not compiled(z) or z.dtype != np.float64:
        return None
    numbers = np.ascontiguousarray(z).reshape(-1)
    out = np.empty_like(numbers)
    _by_tiles(kernel, numbers, out)
    return out.reshape(z.shape)


def label_losses(x: NDArray[Any], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return −log p of each row's label, before it is rounded to the dtype of x."""
    return _cross_entropy(x if compiled(x) else widen(x), labels, np.zeros(labels.shape), None)


def label_terms(
    x: NDArray[Any], labels: NDArray[np.int64], scale: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return the same and its gradient, scale (p − e_label) with a factor for each row, shaped as x."""
    x = x if compiled(x) else widen(x)
    gradient = np.empty(x.shape, x.dtype.newbyteorder("="))
    return _cross_entropy(x, labels, scale, gradient), gradient


def _cross_entropy(
    x: NDArray[Any], labels: NDArray[np.int64], scale: NDArray[np.float64], gradient: NDArray[Any] | None
) -> NDArray[np.float64]:
    rows = np.ascontiguousarray(x, dtype=x.dtype.newbyteorder("=")).reshape(-1, x.shape[-1])
    losses = np.empty(len(rows))
    places, factors = (np.ascontiguousarray(numbers).reshape(-1) for numbers in (labels, scale))
    arrays = (rows, places, factors, losses)
    if gradient is None:
        _by_tiles("cross_entropy", *arrays)
    else:
        _by_tiles("cross_entropy", *arrays, gradient.reshape(rows.shape))
    return losses.reshape(labels.shape)


def compiled(x: Array) -> bool:
    """Tell whether the compiled kernels take this array."""
    return dispatch.native is not None and isinstance(x, np.ndarray) and x.dtype.char in "fd" and x.size > 0


def _by_tiles(kernel: str, *arrays: NDArray[Any]) -> None:
    run = getattr(dispatch.native, kernel)
    entries = max(array.size for array in arrays) // len(arrays[0])
    if entries > ENTRIES_A_TILE and kernel in IN_PARTS:
        parts = row_tiles(entries, ENTRIES_A_TILE)
        for r in range(len(arrays[0])):
            IN_PARTS[kernel](dispatch.native, kernel, *(array[r : r + 1] for array in arrays), parts)
        return

    def fill(rows: slice) -> None:
        run(*(array[rows] for array in arrays))

    do_all(fill, row_tiles(len(arrays[0]), max(1, ENTRIES_A_TILE // entries)))
