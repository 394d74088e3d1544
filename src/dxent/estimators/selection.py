"""The strength of the penalty, chosen by cross-validation."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dxent.estimators.logistic import LogisticRegression
from dxent.estimators.optimality import NotCertifiedWarning

__all__ = ["CANDIDATES", "best_C"]

CANDIDATES = tuple(float(C) for C in np.logspace(-3, 3, 13))
"""Two a decade: between neighbours, held-out losses hardly differ."""

_FOLDS = 5
_TOL = 1e-5  # of the objective; losses of the folds differ by far more


def best_C(X: Any, y: NDArray[Any], sample_weight: NDArray[np.float64] | None, *, seed: int) -> float:
    """Return the candidate C of least mean log-loss on held-out rows.

        argmin_C  Σ_i s_i ℓ(y_i, x_i; fitted without the fold of row i) / Σ_i s_i

    Five folds, drawn from ``seed``, each with its share of every class; the fit of one C starts at that of
    the next smaller. C weighs a *sum* of losses; a fold lacks a fifth of the terms, so its C is 5/4 as large.

    Raises: ValueError if a class has fewer rows than there are folds
    See: Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, §7.10
    """
    from sklearn.model_selection import StratifiedKFold

    classes, labels, counts = np.unique(y, return_inverse=True, return_counts=True)
    if counts.min() < _FOLDS:
        raise ValueError(
            f"C can be chosen only where each class has {_FOLDS} training rows, and class "
            f"{classes[counts.argmin()].item()!r} has {counts.min()}: give C as a number, or drop the class"
        )
    weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    losses = np.zeros(len(CANDIDATES))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(np.zeros(len(y)), labels):
        losses += _losses(X[train], labels[train], weight[train], X[test], labels[test], weight[test])
    return CANDIDATES[int(losses.argmin())]


def _losses(
    X: Any,
    labels: NDArray[np.int64],
    weight: NDArray[np.float64],
    X_test: Any,
    labels_test: NDArray[np.int64],
    weight_test: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the weighted sum of a fold's losses for each candidate."""
    model = LogisticRegression(tol=_TOL, warm_start=True)
    losses = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotCertifiedWarning)  # the final fit is what has to be proved
        for C in CANDIDATES:
            model.set_params(C=C * _FOLDS / (_FOLDS - 1)).fit(X, labels, weight)
            log_probs = model.predict_log_proba(X_test)
            losses.append(-(weight_test @ log_probs[np.arange(len(labels_test)), labels_test]))
    return np.array(losses)
