"""Estimators to model files and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from dxent.data.strict import checked
from dxent.estimators.logistic import LogisticRegression
from dxent.estimators.optimality import Optimality
from dxent.estimators.tables import TableClassifier
from dxent.modelfile import ModelFile, ModelFileError, read_model, write_model
from dxent.solvers.base import Step

__all__ = ["load", "model_file", "save"]

Classifier = LogisticRegression | TableClassifier

_FACTS = {"settings": "dict", "optimality": "dict", "trace": "list"}
_STEP = {"iteration": "int", "objective": "float", "gradient_norm": "float", "passes": "int"}


def save(model: Classifier, path: str | Path) -> None:
    """Write a fitted model to a file, which holds no code: predictions after `load` have the same bits.

    The file appears when it is complete, and replaces one of that name. The settings of the fit are kept
    where they are numbers or text.

    Raises: OSError, one sentence, if the file cannot be written; NotFittedError
    See: `dxent.modelfile`
    """
    write_model(model_file(model), path, overwrite=True)


def load(path: str | Path) -> LogisticRegression | TableClassifier:
    """Read a fitted model from a file: one that takes tables if it was fitted to a table, else arrays.

    Nothing in the file is run, whatever it holds.

    Raises: ModelFileError (a ValueError), one sentence, for a file that `save` or ``dxent fit`` did not write
    """
    file = read_model(path)
    try:
        return _estimator(file)
    except (TypeError, ValueError) as fault:  # an estimator that takes no such settings, too
        raise ModelFileError(f"{str(path)!r} is not a usable model file: {fault}") from fault


def model_file(model: Classifier, facts: Mapping[str, Any] | None = None) -> ModelFile:
    """Return a fitted model as plain data, with more facts to go with it."""
    check_is_fitted(model, "model_" if isinstance(model, TableClassifier) else "coef_")
    inner = model.model_ if isinstance(model, TableClassifier) else model
    names = getattr(inner, "feature_names_in_", None)
    return ModelFile(
        weights=inner.coef_,
        bias=inner.intercept_,
        classes=inner.classes_,
        schema=model.schema_ if isinstance(model, TableClassifier) else None,
        features=None if names is None else tuple(map(str, names)),
        facts={
            "dxent": version("dxent"),
            "settings": _plain({k: v for k, v in model.get_params().items() if _is_plain(v)}),
            "optimality": _plain(asdict(inner.optimality_)),
            "trace": [_plain(asdict(step)) for step in inner.trace_],
            **({"C": _plain(float(model.C_))} if isinstance(model, TableClassifier) else {}),
            **_plain(dict(facts or {})),
        },
    )


def _estimator(file: ModelFile) -> Classifier:
    """Return the estimator that a model file describes."""
    known = {name: file.facts.get(name) for name in _FACTS}
    facts = {name: _restored(value) for name, value in checked(known, "facts", _FACTS).items()}
    if file.schema is None:
        return _fitted(LogisticRegression(**facts["settings"]), file, facts)
    model = TableClassifier(**facts["settings"])
    model.schema_, model.C_ = file.schema, _restored(file.facts.get("C"))
    model.model_ = _fitted(model.regression(model.C_), file, facts)
    return model


def _fitted(model: LogisticRegression, file: ModelFile, facts: dict[str, Any]) -> LogisticRegression:
    """Give an estimator what a fit would have given it."""
    model.coef_, model.intercept_, model.classes_ = file.weights, file.bias, file.classes
    model.n_features_in_ = file.weights.shape[1]
    if file.features is not None:
        model.feature_names_in_ = np.array(file.features, dtype=object)
    model.optimality_ = Optimality(**facts["optimality"])
    model.trace_ = tuple(Step(**checked(step, "trace", _STEP)) for step in facts["trace"])
    if not model.trace_:
        raise ValueError("its trace is empty")
    model.n_iter_ = np.array([len(model.trace_) - 1], dtype=np.int32)
    return model


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | np.number | tuple | list)


def _plain(value: Any) -> Any:
    """Return a value as JSON: what is not finite as text, tuples as lists."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return f"float {value}"
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _restored(value: Any) -> Any:
    """Undo `_plain`."""
    if isinstance(value, dict):
        return {key: _restored(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(map(_restored, value))
    return float(value[6:]) if isinstance(value, str) and value.startswith("float ") else value
