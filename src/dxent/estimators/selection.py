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
_TOL = 1e-4  # of the objective; losses of the folds differ by far more
_RISES = 2  # the loss falls and then rises with C, so past two that are no better, none is


def best_C(X: Any, y: NDArray[Any], sample_weight: NDArray[np.float64] | None, *, seed: int) -> float:
    """Return the candidate C of least mean log-loss on held-out rows.

        argmin_C  Σ_i s_i ℓ(y_i, x_i; fitted without the fold of row i) / Σ_i s_i

    Five folds, drawn from ``seed``, each with its share of every class; the rows of a class that has fewer
    than five are in as many folds. Candidates are tried from the smallest, each fit starting at the last,
    until two in a row are no better. C weighs a *sum* of losses; a fold lacks a fifth of the terms, so its C
    is 5/4 as large.

    Raises: ValueError if a class has a single row, so that some fold is fitted without it
    See: Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, §7.10
    """
    from sklearn.model_selection import StratifiedKFold

    classes, labels, counts = np.unique(y, return_inverse=True, return_counts=True)
    if counts.min() < 2:
        raise ValueError(
            "C can be chosen only where each class has two training rows, and class "
            f"{classes[counts.argmin()].item()!r} has one: give C as a number, or drop the class"
        )
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        splits = list(folds.split(labels, labels))
    models = [LogisticRegression(tol=_TOL, warm_start=True) for _ in splits]
    losses: list[float] = []
    for C in CANDIDATES:
        loss = 0.0
        for model, (train, test) in zip(models, splits, strict=True):
            _fit(model.set_params(C=C * _FOLDS / (_FOLDS - 1)), X[train], labels[train], weight[train])
            log_probs = model.predict_log_proba(X[test])
            loss -= float(weight[test] @ log_probs[np.arange(len(test)), labels[test]])
        losses.append(loss)
        if len(losses) - 1 - int(np.argmin(losses)) >= _RISES:
            break
    return CANDIDATES[int(np.argmin(losses))]


def _fit(model: LogisticRegression, X: Any, labels: NDArray[np.int64], weight: NDArray[np.float64]) -> None:
    """Fit one fold, of which nothing has to be proved: the final fit is what counts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotCertifiedWarning)
        model.fit(X, labels, weight)
