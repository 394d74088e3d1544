"""The weight of each row: the user's, times that of its class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import _check_sample_weight

from dxent.estimators import checks

__all__ = ["row_weights"]


def row_weights(
    X: Any,
    y: NDArray[Any],
    labels: NDArray[np.int64],
    classes: NDArray[Any],
    sample_weight: ArrayLike | None,
    class_weight: Any,
) -> NDArray[np.float64]:
    """Return sample weight × class weight of each row."""
    if sample_weight is not None:
        checks.check_weight_entries(sample_weight)
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64, allow_all_zero_weights=True)
    checks.check_weights(weights, labels, classes)
    if class_weight is None:
        return np.asarray(weights)
    factors = compute_class_weight(class_weight, classes=classes, y=y, sample_weight=weights)
    checks.check_class_weights(factors, classes)
    return np.asarray(weights * factors[labels])
