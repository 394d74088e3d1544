"""Logistic regression, binary and multinomial, fitted to a proved optimum."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from dxent import functions
from dxent.data.blocks import Rows, stored_types
from dxent.errors import RankWarning
from dxent.estimators import checks
from dxent.estimators.fitting import Fit, fit
from dxent.estimators.labels import encode
from dxent.estimators.optimality import NotCertifiedWarning
from dxent.estimators.run import Settings
from dxent.estimators.telling import dependence_sentence, separation_sentence
from dxent.estimators.weights import row_weights
from dxent.kernels.threads import settled
from dxent.kernels.workspace import reusing

__all__ = ["LogisticRegression"]

# scikit-learn's names stand for what comes nearest; every one ends at the same certified optimum
SOLVERS = {
    "auto": "auto",
    "newton": "newton",
    "newton-cg": "newton-cg",
    "lbfgs": "lbfgs",
    "newton-cholesky": "newton",
    "liblinear": "auto",
    "sag": "auto",
    "saga": "auto",
}


class LogisticRegression(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Linear classifier by maximum (penalised) likelihood, with a proof of optimality.

        minimise  C Σ_i s_i ℓ(y_i, W x_i + b) + ½ ‖W‖²

    ℓ is the cross-entropy of softmax(W x + b) in nats; with two classes there is one row of weights and ℓ is
    the binary cross-entropy of σ(w·x + b), which equals the two-row softmax at half the C. The intercept b is
    not penalised. ``C``, ``sample_weight`` and ``class_weight`` mean what they mean in scikit-learn.

    The fit stops when a bound on its distance from the optimum is proved below ``tol``, and ``optimality_``
    holds that proof. Otherwise it warns (`NotCertifiedWarning`).

    It uses the processors that the process may run on, or as many as ``OMP_NUM_THREADS`` or threadpoolctl
    allow. On Linux the calling thread stays on its processor, and its helpers on the others, until it ends.

    Parameters
    ----------
    C : float, default 1.0
        Inverse strength of the penalty; ``np.inf`` for none.
    fit_intercept : bool, default True
    class_weight : dict, "balanced" or None
        Factors on the weights of each class; "balanced": n / (classes · weight of the class).
    tol : float, default 1e-8
        Largest relative gap of the objective to its minimum that may remain, as proved.
    max_iter : int, default 1000
        Most outer iterations.
    warm_start : bool, default False
        Start from the coefficients of the last fit.
    solver : str, default "auto"
        "newton" (exact Hessian), "newton-cg", "lbfgs", or "auto", which picks by size. scikit-learn's other
        names are accepted: "newton-cholesky" is "newton"; "liblinear", "sag" and "saga" are "auto".
    verbose : int, default 0
        Above 0, print a line an iteration.
    random_state : int, RandomState or None
        Draws the rows that the search begins with, and those that preconditioners are built from; the default
        is deterministic.

    Attributes
    ----------
    classes_, coef_ (1 or classes, features), intercept_, n_iter_, n_features_in_, feature_names_in_
    optimality_ : Optimality
        certified, relative_gap, gap_bound, coef_distance_bound, prob_factor_bound, method, reason.
    trace_ : tuple of Step
        iteration, objective (weighted mean loss + penalty), gradient_norm, passes over the data.

    Raises: ValueError that names the place, for NaN or infinity in ``X``, missing or mixed labels, a single
    class, negative or missing weights. An interrupted fit keeps the newest iterate, then re-raises.

    See: Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, §4.4.

    """

    def __init__(
        self,
        *,
        C: float = 1.0,
        fit_intercept: bool = True,
        class_weight: dict[Any, float] | str | None = None,
        tol: float = 1e-8,
        max_iter: int = 1000,
        warm_start: bool = False,
        solver: str = "auto",
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.C = C
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start
        self.solver = solver
        self.verbose = verbose
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        """Declare that sparse input is taken."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        feature_names: Sequence[str] | None = None,
    ) -> Self:
        """Fit to X (samples, features) and labels y (samples,); a failure leaves the last fit whole.

        X may be dense or sparse; float64, float32 and dense uint8 are read as they are, without a copy. But
        where passes are faster then, the entries of a large dense X that are not zero are stored once more if
        they are a ninth of all at most, as of one-hot columns: in a sixth of its memory, or two ninths in
        float32.
        ``feature_names`` are what warnings call the columns of an X that is no data frame.
        """
        before = dict(self.__dict__)
        try:
            result = self._fit(X, y, sample_weight)
        except BaseException:
            self.__dict__ = before
            raise
        self._keep(result, feature_names)
        return self

    def _fit(self, X: Any, y: Any, sample_weight: ArrayLike | None) -> Fit:
        checks.check_settings(self.C, self.tol, self.max_iter, self.solver, SOLVERS)
        checks.check_columns(X)
        if y is not None:
            checks.check_labels(y)
        warm = (self.coef_, self.intercept_) if self.warm_start and hasattr(self, "coef_") else None
        last_classes = getattr(self, "classes_", None)
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=stored_types(X), ensure_all_finite=False)
        self.classes_, labels = encode(y)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y has one class only, {self.classes_.tolist()[0]!r}: a classifier needs two or more."
            )
        weights = row_weights(X, y, labels, self.classes_, sample_weight, self.class_weight)
        rows = Rows.of(X, labels, weights, len(self.classes_))
        if warm is not None:
            checks.check_warm_start(warm[0].shape[1], last_classes, X.shape[1], self.classes_)
        with settled(), reusing():
            columns = checks.checked_moments(X, rows, getattr(self, "feature_names_in_", None))
            return fit(rows, columns, self._settings(rows), warm)

    def _settings(self, rows: Rows) -> Settings:
        strength = 0.0 if np.isinf(self.C) else 1 / rows.total_weight / self.C
        seed = 0 if self.random_state is None else int(check_random_state(self.random_state).randint(2**31))
        return Settings(
            strength=float(strength),
            intercept=bool(self.fit_intercept),
            solver=SOLVERS[self.solver],
            tol=float(self.tol),
            max_iter=int(self.max_iter),
            seed=seed,
            verbose=bool(self.verbose),
        )

    def _keep(self, result: Fit, feature_names: Sequence[str] | None) -> None:
        """Set the fitted attributes, then warn of, or re-raise, what went wrong."""
        named = getattr(self, "feature_names_in_", np.arange(self.n_features_in_)).tolist()
        names = named if feature_names is None else feature_names
        self.coef_, self.intercept_ = result.coef, result.intercept
        self.optimality_, self.trace_ = result.optimality, result.trace
        if result.separation is not None:
            reason = separation_sentence(result.separation, self.classes_.tolist(), names)
            self.optimality_ = replace(result.optimality, reason=reason)
        self.n_iter_ = np.array([len(result.trace) - 1], dtype=np.int32)
        if result.interrupted:
            raise KeyboardInterrupt
        if result.dependent.size:
            warnings.warn(dependence_sentence(result.dependent, names), RankWarning, stacklevel=3)
        if not self.optimality_.certified:
            warnings.warn(str(self.optimality_), NotCertifiedWarning, stacklevel=3)

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the logits: (samples,) for two classes, (samples, classes) for more."""
        check_is_fitted(self)
        checks.check_columns(X)
        X = validate_data(
            self, X, reset=False, accept_sparse="csr", dtype=[np.float64, np.float32], ensure_all_finite=False
        )
        checks.check_entries(X, getattr(self, "feature_names_in_", None))
        logits = np.asarray(X @ self.coef_.T + self.intercept_)
        return logits[:, 0] if len(self.classes_) == 2 else logits

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likeliest label of each row."""
        logits = self.decision_function(X)
        index = (logits > 0).astype(np.intp) if logits.ndim == 1 else logits.argmax(axis=1)
        return np.asarray(self.classes_[index])

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities (samples, classes), columns in the order of ``classes_``."""
        logits = self.decision_function(X)
        if logits.ndim == 1:
            return np.stack([functions.sigmoid(-logits), functions.sigmoid(logits)], axis=1)
        return np.asarray(functions.softmax(logits))

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return log-probabilities, from the logits and so finite wherever those are."""
        logits = self.decision_function(X)
        if logits.ndim == 1:
            return np.stack([functions.log_sigmoid(-logits), functions.log_sigmoid(logits)], axis=1)
        return np.asarray(functions.log_softmax(logits))

    def to_sklearn(self) -> Any:
        """Return a fitted `sklearn.linear_model.LogisticRegression` with these coefficients."""
        from sklearn.linear_model import LogisticRegression as Sklearn

        check_is_fitted(self)
        twin = Sklearn(C=self.C, fit_intercept=self.fit_intercept, class_weight=self.class_weight)
        for name in ("classes_", "coef_", "intercept_", "n_iter_", "n_features_in_", "feature_names_in_"):
            if hasattr(self, name):
                setattr(twin, name, copy(getattr(self, name)))
        return twin
