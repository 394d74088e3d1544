"""Which rows to keep back, so that a model can be scored on rows it has not seen."""

from __future__ import annotations

from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

__all__ = ["RowIndices", "hold_out"]

RowIndices = NDArray[np.intp]
"""Places of rows in a table."""


def hold_out(labels: NDArray[Any], test_size: float, seed: int) -> tuple[RowIndices, RowIndices]:
    """Split the rows into those to fit and those to score, each class in proportion."""
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(labels))
    if test_size == 0:
        return rows, rows[:0]
    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() < 2:
        rare = classes[counts.argmin()].item()
        raise click.UsageError(
            f"class {rare!r} has a single row, which cannot be both fitted and held out: drop the class, "
            "check that the target is a column of classes, or fit all rows with --test-size 0"
        )
    scored = int(np.ceil(test_size * len(rows)))
    if min(scored, len(rows) - scored) < len(classes):
        raise click.UsageError(
            f"--test-size {test_size:g} holds out {scored} of {len(rows)} rows, but both parts need at least "
            f"one row for each of {len(classes)} classes: choose another size, or 0 to fit all rows"
        )
    train, test = train_test_split(rows, test_size=scored, random_state=seed, stratify=labels)
    return train, test
