"""Rows so long that several threads share one: each compiled function in parts, after the row's total.

A first sweep finds the largest entry, a second what the exponentials add up to, a third the results. The
parts are fixed by the length of the row and their sums are added exactly: the same bits for any number of
threads.
"""

from __future__ import annotations

from collections.abc import Callable
from math import fsum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dxent.kernels.threads import do_all

__all__ = ["IN_PARTS"]

Parts = list[slice]


def total(native: Any, row: NDArray[Any], parts: Parts) -> NDArray[np.float64]:
    """Return the largest entry, how many there are, and Σ exp(x − largest) over the others, in two parts."""
    tops, sums = np.empty(len(parts)), np.empty((len(parts), 3))

    def find_top(k: int) -> None:
        tops[k] = row[parts[k]].max()

    def add_up(k: int) -> None:
        native.part_of_total(row[parts[k]], largest, sums[k])

    do_all(find_top, range(len(parts)))
    largest = float(tops.max())
    do_all(add_up, range(len(parts)))
    below = fsum(sums[:, 1:].flat)
    return np.array([largest, sums[:, 0].sum(), below, fsum([*sums[:, 1:].flat, -below])])


def by_entry(native: Any, kernel: str, x: NDArray[Any], out: NDArray[Any], parts: Parts) -> None:
    """Write a result for each entry of a row."""
    whole, run = total(native, x[0], parts), getattr(native, kernel)
    do_all(lambda part: run(x[:, part], out[:, part], whole), parts)


def logsumexp(native: Any, kernel: str, x: NDArray[Any], out: NDArray[Any], parts: Parts) -> None:
    """Write the one result of a row."""
    getattr(native, kernel)(x[:, parts[0]], out, total(native, x[0], parts))


def cross_entropy(native: Any, kernel: str, x: NDArray[Any], label: NDArray[np.int64], *rest: Any) -> None:
    """Write the loss, which the part that the label is in knows, and the gradient if there is one."""
    scale, loss, *gradients, parts = rest
    whole, run = total(native, x[0], parts), getattr(native, kernel)
    loss[:] = np.nan

    def fill(part: slice) -> None:
        found = np.empty(1)
        run(x[:, part], label - part.start, scale, found, *(g[:, part] for g in gradients), total=whole)
        if part.start <= label[0] < part.stop:
            loss[:] = found

    do_all(fill, parts if gradients else [part for part in parts if part.start <= label[0] < part.stop])


IN_PARTS: dict[str, Callable[..., None]] = {
    **dict.fromkeys(("softmax", "complement", "log_softmax"), by_entry),
    "logsumexp": logsumexp,
    "cross_entropy": cross_entropy,
}
"""The kernels that can take a row in parts: called with their name, the arrays of one row, and the parts."""
