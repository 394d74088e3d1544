"""Large arrays that many passes need one after the other.

The system hands out memory page by page, and zeroes each page: that takes as long as to fill a large array.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["empty", "reusing"]

Array = NDArray[Any]

LARGE = 1 << 25  # bytes; the allocator keeps smaller ones itself

_thread = threading.local()


@contextmanager
def reusing() -> Iterator[None]:
    """Let this thread's `empty` return arrays again that nothing refers to any more, while this lasts."""
    before = arrays()
    _thread.arrays = []
    try:
        yield
    finally:
        _thread.arrays = before


def empty(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return an array of any numbers, in row order."""
    kept = arrays()
    if kept is None or math.prod(shape) * np.dtype(dtype).itemsize < LARGE:
        return np.empty(shape, dtype)
    for array, references in zip(kept, counted(kept), strict=True):
        if references == ALONE and array.shape == shape and array.dtype == dtype:
            return array
    kept.append(np.empty(shape, dtype))
    return kept[-1]


def arrays() -> list[Array] | None:
    """Return those that this thread has made, or None if it does not keep them."""
    kept: list[Array] | None = getattr(_thread, "arrays", None)
    return kept


def counted(some: Sequence[Array]) -> list[int]:
    """Return how many references there are to each array; a view of it has one."""
    return [sys.getrefcount(array) for array in some]


ALONE = counted([np.empty(0)])[0]
"""To an array that is in a list, and nowhere else."""
