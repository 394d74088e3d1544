"""What a fit without a penalty has to tell, in the names that its user knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dxent.estimators.separation import Separation

__all__ = ["dependence_sentence", "separation_sentence"]

_COLUMNS, _PAIRS, _FEATURES = 10, 3, 5
_SMALL = 0.1  # of the largest part of a direction: not worth a name


def dependence_sentence(dependent: NDArray[np.intp], names: Sequence[Any]) -> str:
    """Name the columns that others determine, and say which coefficients they got."""
    listed = ", ".join(repr(names[place]) for place in dependent[:_COLUMNS].tolist())
    more = f" and {len(dependent) - _COLUMNS} more" if len(dependent) > _COLUMNS else ""
    return (
        f"Columns {listed}{more} are linearly dependent and nothing is penalised: of all the coefficients "
        "that predict alike, those of least norm are returned."
    )


def separation_sentence(found: Separation, classes: Sequence[Any], names: Sequence[Any]) -> str:
    """Name the classes that are separated, in how many rows, and the features that do it."""
    pairs = [
        f"{classes[a]!r} and {classes[b]!r} in {'all' if some == rows else f'{some} of'} {rows} rows"
        for (a, b), some, rows in zip(found.pairs, found.separated, found.rows, strict=True)
    ]
    if len(pairs) > _PAIRS:
        pairs = [*pairs[:_PAIRS], f"and so on, {len(pairs)} pairs in all"]
    size = np.abs(found.direction)
    order = np.argsort(-size, kind="stable")[:_FEATURES]
    along = [
        f"{'+' if found.direction[place] > 0 else '-'} {_called(names[place])}"
        for place in order.tolist()
        if size[place] > _SMALL * size[order[0]]
    ]
    return (
        f"Classes are separated: {', '.join(pairs)}. For {classes[found.pairs[0][0]]!r} speaks "
        f"{' '.join(along).removeprefix('+ ') or 'the intercept'}. Without a penalty these coefficients grow "
        "without bound; use a finite C."
    )


def _called(name: Any) -> str:
    return repr(name) if isinstance(name, str) else f"column {name}"
