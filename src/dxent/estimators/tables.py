"""A classifier of tables: columns of any type in, a certified logistic regression behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from dxent.data.schema import Schema
from dxent.data.table import TableError
from dxent.estimators.checks import check_labels, check_weight_entries
from dxent.estimators.logistic import LogisticRegression
from dxent.estimators.selection import best_C

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TableClassifier", "to_arrow"]


class TableClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Logistic regression on a table: numbers, truth values, dates, categories, text, and missing values.

        minimise  C Σ_i s_i ℓ(y_i, W x_i + b) + ½ Σ_j σ_j² ‖W_j‖²

    x_i are the features that ``schema_`` makes of row i. σ_j is the standard deviation of feature j, weighted
    by s, where that is a quantity and ``standardize`` is true, else 1: the penalty then does not depend on
    units. Coefficients are in the units of the data; dividing by σ_j, after the proof, rounds their last bit.

    Parameters
    ----------
    C : float or "auto", default 1.0
        Inverse strength of the penalty; ``np.inf`` for none; "auto": the best by cross-validated log-loss.
    standardize : bool, default True
    drop, text : names of columns, default ()
        Not to use; to use as free text, whose words are counted.
    target : str or None
        What the labels are called; None: the name of ``y``, if it has one.
    tol, max_iter, solver, random_state
        As in `LogisticRegression`.

    Attributes
    ----------
    schema_, classes_, C_ (the C that was used), optimality_, trace_, n_iter_
    model_ : LogisticRegression
        On the features of ``schema_``.

    Tables are pandas or polars data frames, PyArrow tables, or dictionaries of columns; they need PyArrow.

    Raises: TableError (a ValueError), one sentence, for a column that cannot be used

    """

    def __init__(
        self,
        *,
        C: float | str = 1.0,
        standardize: bool = True,
        drop: tuple[str, ...] = (),
        text: tuple[str, ...] = (),
        target: str | None = None,
        tol: float = 1e-8,
        max_iter: int = 1000,
        solver: str = "auto",
        random_state: int | None = None,
    ) -> None:
        self.C = C
        self.standardize = standardize
        self.drop = drop
        self.text = text
        self.target = target
        self.tol = tol
        self.max_iter = max_iter
        self.solver = solver
        self.random_state = random_state

    def fit(self, table: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to the rows of a table and their labels; an interrupt passes, and keeps the newest iterate."""
        columns, labels, weight = to_arrow(table), np.asarray(y), None
        check_labels(y)
        if sample_weight is not None:
            check_weight_entries(sample_weight)
            weight = np.asarray(sample_weight, dtype=np.float64)
        target = str(self.target or getattr(y, "name", None) or "label")
        schema = Schema.learn(columns, target, drop=self.drop, text=self.text)
        X = schema.encode(columns)
        check_consistent_length(X, labels, weight)
        scale = np.ones(X.shape[1])
        if self.standardize and schema.scaled.any():
            scale[schema.scaled] = _deviations(X[:, schema.scaled], weight)
        X = _divided(X, scale)
        C = self.C
        if isinstance(C, str):
            if C != "auto":
                raise ValueError(f'C must be a positive number or "auto", got {C!r}.')
            C = best_C(X, labels, weight, seed=self.random_state or 0)
        model = self.regression(C)
        try:
            model.fit(X, y, weight, feature_names=schema.features)
        finally:
            if hasattr(model, "coef_"):
                model.coef_ = model.coef_ / scale
                self.schema_, self.model_, self.C_ = schema, model, C
        return self

    def regression(self, C: float) -> LogisticRegression:
        """Return the regression, not fitted, that the features are for."""
        return LogisticRegression(
            C=C, tol=self.tol, max_iter=self.max_iter, solver=self.solver, random_state=self.random_state
        )

    @property
    def classes_(self) -> NDArray[Any]:
        """The labels, sorted."""
        check_is_fitted(self, "model_")
        return np.asarray(self.model_.classes_)

    @property
    def optimality_(self) -> Any:
        """What is proved of the fit."""
        check_is_fitted(self, "model_")
        return self.model_.optimality_

    @property
    def trace_(self) -> Any:
        """The iterations of the fit."""
        check_is_fitted(self, "model_")
        return self.model_.trace_

    @property
    def n_iter_(self) -> Any:
        """How many iterations the fit took."""
        check_is_fitted(self, "model_")
        return self.model_.n_iter_

    def decision_function(self, table: Any) -> NDArray[np.float64]:
        """Return the logits: (rows,) for two classes, (rows, classes) for more."""
        return np.asarray(self.model_.decision_function(self._encode(table)))

    def predict(self, table: Any) -> NDArray[Any]:
        """Return the likeliest label of each row."""
        return np.asarray(self.model_.predict(self._encode(table)))

    def predict_proba(self, table: Any) -> NDArray[np.float64]:
        """Return probabilities (rows, classes), columns in the order of ``classes_``."""
        return np.asarray(self.model_.predict_proba(self._encode(table)))

    def predict_log_proba(self, table: Any) -> NDArray[np.float64]:
        """Return log-probabilities (rows, classes)."""
        return np.asarray(self.model_.predict_log_proba(self._encode(table)))

    def _encode(self, table: Any) -> Any:
        check_is_fitted(self, "model_")
        return self.schema_.encode(to_arrow(table))


def to_arrow(table: Any) -> pa.Table:
    """Return a data frame of any library as an Arrow table, without pandas' index.

    Raises: TypeError for what is no table; TableError for a column of mixed types
    """
    import pyarrow as pa

    if isinstance(table, pa.Table):
        return table
    if not isinstance(table, dict) and not hasattr(table, "__arrow_c_stream__"):
        raise TypeError(
            f"expected a table (pandas, polars, PyArrow, or a dictionary of columns), got "
            f"{type(table).__name__}: of arrays, use LogisticRegression"
        )
    try:
        if type(table).__module__.partition(".")[0] == "pandas":
            return pa.Table.from_pandas(table, preserve_index=False)
        return pa.table(table)
    except pa.ArrowException as refusal:
        raise TableError(f"the table cannot be used: {' '.join(str(refusal).split())}") from refusal


def _deviations(X: Any, weight: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return the standard deviation of each column, 1 where it is constant."""
    dense = X if isinstance(X, np.ndarray) else X.toarray()
    mean = np.average(dense, axis=0, weights=weight)
    deviation = np.sqrt(np.average((dense - mean) ** 2, axis=0, weights=weight))
    varies = (dense.min(axis=0, initial=np.inf) < dense.max(axis=0, initial=-np.inf)) & (deviation > 0)
    return np.asarray(np.where(varies, deviation, 1.0))


def _divided(X: Any, scale: NDArray[np.float64]) -> Any:
    """Return X with each column divided by its scale."""
    if isinstance(X, np.ndarray):
        return X / scale
    divided = X.copy()
    divided.data /= scale[X.indices]
    return divided
