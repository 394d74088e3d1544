"""Class labels as indices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets

__all__ = ["encode"]


def encode(y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the classes, sorted, and the index of each label among them; refuse what is no class.

    A few distinct values are found by hashing, integers near each other by counting; no labels are sorted.
    """
    texts = y.tolist() if y.dtype.kind == "O" else []
    if set(map(type, texts)) == {str}:
        names = sorted(set(texts))
        index = dict(zip(names, range(len(names)), strict=True))
        return np.array(names, dtype=object), np.fromiter(map(index.__getitem__, texts), np.int64, len(y))
    if y.dtype.kind not in "biuU":  # those are classes whatever their values
        check_classification_targets(y)
    if y.dtype.kind in "iu" and int(y.max()) - int(y.min()) < len(y):
        return encode_near(y)
    classes = np.unique(y)
    return classes, np.searchsorted(classes, y).astype(np.int64)


def encode_near(y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the same for integers that span few others; differences wrap around, and back."""
    least = y.min()
    distance = np.subtract(y, least, dtype=np.int64, casting="unsafe")
    present = np.bincount(distance) > 0
    return least + np.flatnonzero(present).astype(y.dtype), (np.cumsum(present) - 1)[distance]
