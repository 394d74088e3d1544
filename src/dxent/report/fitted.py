"""From a fitted model and labelled rows to what the page of a fit shows."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from dxent.estimators import LogisticRegression, TableClassifier
from dxent.kernels.dispatch import show_config
from dxent.report.assessment import Assessment, assess
from dxent.report.content import DataSummary, HeldOut, Proof
from dxent.report.fit_html import FitPage
from dxent.report.metrics import chance, scores, spread

__all__ = ["given_rows", "read_rows", "score"]

Vector = NDArray[np.float64]
Classifier = LogisticRegression | TableClassifier


def given_rows(model: Classifier, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> FitPage:
    """Return the page of a model and rows given in Python.

    Raises: ValueError for labels that the model does not know, or not one a row
    """
    check_is_fitted(model, "model_" if isinstance(model, TableClassifier) else "coef_")
    labels = np.asarray(y)
    if not labels.size:
        raise ValueError("y has no rows: give the labels of the rows to score")
    weight = np.ones(len(labels)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != labels.shape or not (weight >= 0).all() or not weight.any():
        raise ValueError("sample_weight must be one number from 0 a row, and not all of them 0")
    assessment = assess(model, X, labels, weight, range(1, len(labels) + 1))
    target = model.schema_.target if isinstance(model, TableClassifier) else getattr(y, "name", None)
    counted = Counter(labels.tolist())
    data = DataSummary(
        source="the rows given",
        target=str(target or "label"),
        rows=len(labels),
        kinds=_kinds(model, X),
        features=_inner(model).coef_.shape[1],
        class_counts={label: counted[label] for label in assessment.classes},
    )
    held_out = score(assessment, labels, weight)
    return read_rows(model, assessment, data, held_out, "those given", f"{model!r}.fit(X, y)", ())


def read_rows(
    model: Classifier,
    assessment: Assessment,
    data: DataSummary,
    held_out: HeldOut,
    scored_on: str,
    command: str,
    warnings: Sequence[str],
) -> FitPage:
    """Return the page of a model whose data are described and whose scores are known."""
    reached = model.optimality_
    objective = model.trace_[-1].objective
    worse = held_out.model.log_loss > held_out.baseline.log_loss
    told = [*(f"{note[0].upper()}{note[1:]}." for note in data.notes), *warnings]
    if worse:
        told.append("On these rows the log-loss is above that of the baseline, which looks at no column.")
    return FitPage(
        data=data,
        proof=Proof(objective, reached.certified, reached.relative_gap, reached.reason),
        method=reached.method,
        scores=held_out,
        scored_on=scored_on,
        assessment=assessment,
        settings=_settings(model),
        curve=[
            (step.passes, step.objective - objective + reached.gap_bound, step.gradient_norm)
            for step in model.trace_
        ],
        warnings=told,
        command=command,
        versions=_versions(),
    )


def score(assessment: Assessment, labels: NDArray[Any], weight: Vector) -> HeldOut:
    """Score the rows of an assessment, beside a baseline that knows the classes' shares of these rows."""
    classes, log_probs = assessment.classes, assessment.log_probs
    # A class that is not among the rows has no share, and no row that would need its logarithm.
    shares = np.maximum(assessment.confusion.sum(axis=1) / weight.sum(), np.finfo(float).tiny)
    return HeldOut(
        rows=len(labels),
        model=scores(labels, classes, log_probs, weight),
        spread=spread(labels, classes, log_probs, weight),
        baseline=chance(labels, classes, shares, weight),
    )


def _settings(model: Classifier) -> dict[str, str]:
    inner = _inner(model)
    form = "softmax regression" if len(inner.classes_) > 2 else "logistic regression"
    shown = {
        "model": f"{form}, {inner.coef_.shape[0]} × {inner.coef_.shape[1]} coefficients and "
        f"{'an intercept' if len(inner.intercept_) == 1 else 'intercepts'}",
        "C, inverse penalty": f"{inner.C:g}",
        "iterations": str(int(np.max(inner.n_iter_))),
        "solver": inner.solver,
        "gap to be proved": f"{inner.tol:g}",
    }
    if isinstance(model, TableClassifier):
        shown["penalty"] = "on standardised features" if model.standardize else "on features as they stand"
    return shown


def _kinds(model: Classifier, X: Any) -> dict[str, int]:
    if isinstance(model, TableClassifier):
        return dict(Counter(model.schema_.kinds().values()))
    return {"numeric": int(model.n_features_in_)}


def _inner(model: Classifier) -> LogisticRegression:
    return model.model_ if isinstance(model, TableClassifier) else model


def _versions() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("dxent", "numpy", "scikit-learn"))
    config = show_config()
    return f"{packages}, Python {platform.python_version()}, {config['kernels']} kernels"
