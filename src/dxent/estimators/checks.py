"""Bad input, named by its place: what `LogisticRegression.fit` refuses."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dxent.data.blocks import Rows
from dxent.data.table import LARGEST_MAGNITUDE
from dxent.kernels.moments import largest_magnitude, tells_of_all
from dxent.objective.scaling import Moments, moments

__all__ = [
    "check_class_weights",
    "check_columns",
    "check_entries",
    "check_labels",
    "check_settings",
    "check_warm_start",
    "check_weight_entries",
    "check_weights",
    "checked_moments",
]


def check_settings(C: Any, tol: Any, max_iter: Any, solver: Any, solvers: dict[str, str]) -> None:
    """Check the constructor's numbers."""
    if not (isinstance(C, Real) and float(C) > 0):
        raise ValueError(f"C must be a positive number (np.inf for no penalty), got {C!r}.")
    if not (isinstance(tol, Real) and 0 <= float(tol) < math.inf):
        raise ValueError(f"tol must be a finite number, 0 or more, got {tol!r}.")
    if not (isinstance(max_iter, Integral) and int(max_iter) >= 0):
        raise ValueError(f"max_iter must be an integer, 0 or more, got {max_iter!r}.")
    if solver not in solvers:
        raise ValueError(f"solver must be one of {', '.join(map(repr, solvers))}, got {solver!r}.")


def check_columns(X: Any) -> None:
    """Check that a table's columns are numbers, and name the first that is not."""
    if isinstance(X, np.ndarray):
        return
    import narwhals

    frame = narwhals.from_native(X, eager_only=True, pass_through=True)
    if not isinstance(frame, narwhals.DataFrame):
        return
    for name, dtype in frame.schema.items():
        if not (dtype.is_numeric() or dtype == narwhals.Boolean or dtype == narwhals.Object):
            raise ValueError(
                f"Column {name!r} holds {dtype} values: encode it as numbers first "
                "(for example with sklearn.preprocessing.OneHotEncoder), or drop it."
            )


def check_entries(X: Any, names: NDArray[np.object_] | None) -> None:
    """Check a design matrix for NaN, infinity and numbers whose squares would overflow; name the first."""
    entries = X.data if hasattr(X, "indptr") else X
    if largest_magnitude(entries) <= LARGEST_MAGNITUDE:  # false for NaN
        return
    bad = ~np.isfinite(entries)
    missing = bool(bad.any())
    if not missing:
        bad = np.abs(entries) > LARGEST_MAGNITUDE
    row, column = place(X, bad)
    label = f"column {column}" if names is None else f"column {column} ({names[column]!r})"
    if not missing:
        raise ValueError(
            f"X has the value {X[row, column]:.1e} at row {row}, {label}, beyond {LARGEST_MAGNITUDE:.0e}: "
            "divide the column by a constant of that size first."
        )
    count = int(bad.sum())
    value = "NaN" if np.isnan(X[row, column]) else "infinity"
    raise ValueError(
        f"Input X contains NaN or infinity: {value} at row {row}, {label}; "
        f"{count} such {'entry' if count == 1 else 'entries'} in all. Impute them or drop the rows."
    )


def checked_moments(X: Any, rows: Rows, names: NDArray[np.object_] | None) -> Moments:
    """Return the columns' moments; refuse entries that are no numbers, or too large."""
    if not (rows.all_count and tells_of_all(X)):
        check_entries(X, names)
    with np.errstate(invalid="ignore", over="ignore"):
        columns = moments(rows)
    if not columns.largest <= LARGEST_MAGNITUDE / 3:  # true for NaN
        check_entries(X, names)
    return columns


def place(X: Any, bad: NDArray[np.bool_]) -> tuple[int, int]:
    """Return row and column of the first bad entry of a dense or CSR matrix."""
    if not hasattr(X, "indptr"):
        row, column = np.argwhere(bad)[0]
        return int(row), int(column)
    first = int(np.flatnonzero(bad)[0])
    return int(np.searchsorted(X.indptr, first, side="right")) - 1, int(X.indices[first])


def check_labels(y: Any) -> None:
    """Check that labels are of one kind and none is missing; say which is not."""
    if isinstance(y, (list, tuple)):
        labels = list(y)
    else:
        array = np.asarray(y)
        if array.dtype.kind != "O" or array.ndim != 1:
            return
        labels = array.tolist()
    if set(map(type, labels)) == {str}:
        return
    kinds: dict[str, tuple[int, Any]] = {}
    for row, label in enumerate(labels):
        if label is None or (isinstance(label, float) and math.isnan(label)):
            raise ValueError(
                f"Input y contains NaN or None: label {label!r} at row {row}. Drop the rows without a label."
            )
        kinds.setdefault(kind(label), (row, label))
    if len(kinds) > 1:
        (row, label), (other_row, other) = list(kinds.values())[:2]
        raise ValueError(
            f"Labels of y mix types: {label!r} at row {row} is a {type(label).__name__}, {other!r} at row "
            f"{other_row} a {type(other).__name__}. Convert them all to one type."
        )


def kind(label: Any) -> str:
    """Return the family of types that a label belongs to."""
    if isinstance(label, (bool, np.bool_)):
        return "bool"
    if isinstance(label, Integral):
        return "integer"
    if isinstance(label, Real):
        return "real"
    return "text" if isinstance(label, str) else type(label).__name__


def check_weight_entries(sample_weight: ArrayLike) -> None:
    """Check that weights are finite and none is negative, and name the first that is not."""
    weights = np.ravel(np.asarray(sample_weight, dtype=np.float64))
    bad = ~(np.isfinite(weights) & (weights >= 0))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"sample_weight must be finite and not negative: {weights[row]} at row {row}; "
            f"{int(bad.sum())} such in all."
        )


def check_weights(
    sample_weight: NDArray[np.float64], labels: NDArray[np.int64], classes: NDArray[Any]
) -> None:
    """Check that each class has some weight."""
    largest = sample_weight.max(initial=0.0)
    if largest == 0:
        raise ValueError("sample_weight is zero for every row: give some rows a positive weight.")
    totals = np.bincount(labels, weights=sample_weight / largest, minlength=len(classes))
    if (totals == 0).any():
        empty = classes.tolist()[int(np.flatnonzero(totals == 0)[0])]
        raise ValueError(
            f"The rows of class {empty!r} have zero weight in total, so its intercept would be infinite: "
            "drop these rows."
        )


def check_class_weights(factors: NDArray[np.float64], classes: NDArray[Any]) -> None:
    """Check that the factor of each class is finite and positive."""
    for factor, label in zip(factors.tolist(), classes.tolist(), strict=True):
        if not 0 < factor < math.inf:
            raise ValueError(f"class_weight must be finite and positive: {factor} for class {label!r}.")


def check_warm_start(last_features: int, last_classes: Any, features: int, classes: NDArray[Any]) -> None:
    """Check that the last fit was of the same shape."""
    if last_features != features or not np.array_equal(last_classes, classes):
        raise ValueError(
            f"warm_start: the last fit had {last_features} features and classes {last_classes.tolist()}, now "
            f"there are {features} and {classes.tolist()}. Fit a new estimator, or set warm_start=False."
        )
