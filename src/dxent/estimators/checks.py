"""Bad input, named by its place: what `LogisticRegression.fit` refuses before any arithmetic."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["check_class_weights", "check_columns", "check_finite", "check_labels", "check_magnitude", "check_settings", "check_weights"]

LARGEST_MAGNITUDE = 1e100  # beyond, products of two columns leave the range of float64


def check_settings(C: Any, tol: Any, max_iter: Any, solver: Any, solvers: dict[str, str]) -> None:
    """Check the constructor's numbers."""
    if not (isinstance(C, Real) and C > 0):
        raise ValueError(f"C must be a positive number (np.inf for no penalty), got {C!r}.")
    if not (isinstance(tol, Real) and 0 <= tol < math.inf):
        raise ValueError(f"tol must be a finite number, 0 or more, got {tol!r}.")
    if not (isinstance(max_iter, Integral) and max_iter >= 0):
        raise ValueError(f"max_iter must be an integer, 0 or more, got {max_iter!r}.")
    if solver not in solvers:
        raise ValueError(f"solver must be one of {', '.join(map(repr, solvers))}, got {solver!r}.")


def check_columns(X: Any) -> None:
    """Check that a table's columns are numbers, and name the first that is not."""
    if isinstance(X, np.ndarray) or hasattr(X, "indptr") or not hasattr(X, "__dataframe__"):
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


def check_finite(X: Any, names: NDArray[np.object_] | None) -> None:
    """Check a design matrix for NaN and infinity, and name the first place."""
    entries = X.data if hasattr(X, "indptr") else X
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(entries.sum(dtype=np.float64)):
            return
    bad = ~np.isfinite(entries)
    count = int(bad.sum())
    if count == 0:
        return
    if hasattr(X, "indptr"):
        first = int(np.flatnonzero(bad)[0])
        row = int(np.searchsorted(X.indptr, first, side="right")) - 1
        column = int(X.indices[first])
    else:
        row, column = (int(i) for i in np.argwhere(bad)[0])
    value = "NaN" if np.isnan(X[row, column]) else "infinity"
    label = f"column {column}" if names is None else f"column {column} ({names[column]!r})"
    raise ValueError(
        f"Input X contains NaN or infinity: {value} at row {row}, {label}; {count} such "
        f"{'entry' if count == 1 else 'entries'} in all. Impute them or drop the rows."
    )


def check_magnitude(largest: NDArray[np.float64], names: NDArray[np.object_] | None) -> None:
    """Check that no column is so large that squares of it overflow."""
    worst = int(np.argmax(largest))
    if largest[worst] > LARGEST_MAGNITUDE:
        label = f"Column {worst}" if names is None else f"Column {worst} ({names[worst]!r})"
        raise ValueError(
            f"{label} has values {largest[worst]:.1e} away from their mean, beyond {LARGEST_MAGNITUDE:.0e}: "
            "divide it by a constant of that size first."
        )


def check_labels(y: Any) -> None:
    """Check that labels are of one kind and none is missing; say which is not."""
    if isinstance(y, (list, tuple)):
        labels = list(y)
    else:
        array = np.asarray(y)
        if array.dtype.kind != "O" or array.ndim != 1:
            return
        labels = array.tolist()
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


def check_weights(sample_weight: NDArray[np.float64], labels: NDArray[np.int64], classes: NDArray[Any]) -> None:
    """Check that weights are finite, none negative, and that each class has some."""
    bad = ~(np.isfinite(sample_weight) & (sample_weight >= 0))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"sample_weight must be finite and not negative: {sample_weight[row]} at row {row}; "
            f"{int(bad.sum())} such in all."
        )
    largest = sample_weight.max(initial=0.0)
    if largest == 0:
        raise ValueError("sample_weight is zero for every row: give some rows a positive weight.")
    totals = np.bincount(labels, weights=sample_weight / largest, minlength=len(classes))
    if (totals == 0).any():
        empty = classes[int(np.flatnonzero(totals == 0)[0])]
        raise ValueError(
            f"The rows of class {empty!r} have zero weight in total, so its intercept would be infinite: "
            "drop these rows."
        )


def check_class_weights(factors: NDArray[np.float64], classes: NDArray[Any]) -> None:
    """Check that the factor of each class is finite and positive."""
    for factor, label in zip(factors, classes, strict=True):
        if not 0 < factor < math.inf:
            raise ValueError(f"class_weight must be finite and positive: {factor} for class {label!r}.")
