"""A table as a classifier sees it: numbers to learn from, and one label a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST_MAGNITUDE", "Table", "TableError"]

LARGEST_MAGNITUDE = 1e100
"""Beyond, the product of two columns leaves the range of float64."""


class TableError(ValueError):
    """The data cannot be used; the message is one sentence that names the place and what to do."""


@dataclass(frozen=True, eq=False)
class Table:
    """Numeric columns and the labels to predict from them.

    ``X`` is (rows, columns), C-ordered, with |x| ≤ 1e100; float32 where the source stores float32 throughout,
    float64 otherwise. ``labels`` (rows,) holds text, integers or bools. ``source`` and ``target`` are the
    names to show: of the data set and of its label column.
    """

    source: str
    target: str
    columns: tuple[str, ...]
    X: NDArray[np.floating[Any]]
    labels: NDArray[Any]
