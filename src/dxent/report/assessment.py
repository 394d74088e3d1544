"""What a fitted model does with labelled rows: confusions, reliability, effects, worst predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.sparsefuncs import mean_variance_axis

from dxent.estimators import LogisticRegression, TableClassifier
from dxent.estimators.tables import to_arrow

__all__ = ["Assessment", "Bin", "Effect", "Miss", "assess"]

Vector = NDArray[np.float64]

_BINS, _EFFECTS, _MISSES, _REASONS = 10, 12, 10, 3


@dataclass(frozen=True)
class Bin:
    """Rows of similar confidence: its mean, the share that is right, and the standard error of that share."""

    confidence: float
    right: float
    error: float


@dataclass(frozen=True)
class Effect:
    """A coefficient, and what one standard deviation of its feature adds to the logit."""

    feature: str
    coefficient: float
    effect: float


@dataclass(frozen=True)
class Miss:
    """A row, the log-probability of its label, and what spoke most for the guess, in nats of logit."""

    row: int
    label: Any
    guess: Any
    log_prob: float
    reasons: tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class Assessment:
    """What is shown of predictions.

    ``log_probs`` (rows, classes); ``confusion`` (classes, classes) holds the weight of the rows of a label,
    by row, and a guess, by column; ``effects`` has a pair for each row of coefficients: the class that they
    speak for, and the largest.
    """

    classes: tuple[Any, ...]
    log_probs: Vector
    confusion: Vector
    reliability: tuple[Bin, ...]
    effects: tuple[tuple[Any, tuple[Effect, ...]], ...]
    misses: tuple[Miss, ...]


def assess(
    model: LogisticRegression | TableClassifier,
    X: Any,
    labels: NDArray[Any],
    weight: Vector,
    rows: Sequence[int],
) -> Assessment:
    """Look at a model's predictions for the rows X, labels (rows,), which ``rows`` numbers.

    Raises: ValueError for a label that the model does not know, or a number of labels that is not the rows'
    """
    inner, matrix, names, log_probs = _opened(model, X)
    if len(labels) != matrix.shape[0]:
        raise ValueError(f"X has {matrix.shape[0]} rows and y {len(labels)}: give one label a row")
    classes = tuple(inner.classes_.tolist())
    places = {label: place for place, label in enumerate(classes)}
    unknown = [label for label in labels.tolist() if label not in places]
    if unknown:
        raise ValueError(f"the model knows no class {unknown[0]!r}: leave out its rows")
    own = np.array([places[label] for label in labels.tolist()])
    guess = log_probs.argmax(axis=1)
    confusion = np.zeros((len(classes), len(classes)))
    np.add.at(confusion, (own, guess), weight)
    centre, deviation = _moments(matrix)
    return Assessment(
        classes=classes,
        log_probs=log_probs,
        confusion=confusion,
        reliability=_reliability(np.exp(log_probs.max(axis=1)), own == guess, weight),
        effects=_effects(inner, names, deviation),
        misses=_misses(own, log_probs, classes, rows, _Pushes(inner, matrix, centre, names)),
    )


def _opened(
    model: LogisticRegression | TableClassifier, X: Any
) -> tuple[LogisticRegression, Any, tuple[str, ...], Vector]:
    """Return the regression inside a model, its features of X, their names, and the log-probabilities."""
    if isinstance(model, TableClassifier):
        matrix = model.schema_.encode(to_arrow(X))
        return model.model_, matrix, model.schema_.features, model.model_.predict_log_proba(matrix)
    log_probs = model.predict_log_proba(X)
    matrix = X.tocsr() if hasattr(X, "tocsr") else np.asarray(X, dtype=np.float64)
    names = getattr(model, "feature_names_in_", [f"feature {j + 1}" for j in range(matrix.shape[1])])
    return model, matrix, tuple(map(str, names)), log_probs


def _moments(matrix: Any) -> tuple[Vector, Vector]:
    """Return the mean and the standard deviation of each column."""
    if isinstance(matrix, np.ndarray):
        return matrix.mean(axis=0), matrix.std(axis=0)
    mean, variance = mean_variance_axis(matrix, axis=0)
    return mean, np.sqrt(variance)


def _reliability(confidence: Vector, right: NDArray[np.bool_], weight: Vector) -> tuple[Bin, ...]:
    """Cut the rows, in the order of their confidence, into parts of equal size."""
    order = np.argsort(confidence, kind="stable")
    order = order[weight[order] > 0]
    bins = []
    for part in np.array_split(order, min(_BINS, len(order))):
        share = float(np.average(right[part], weights=weight[part]))
        effective = weight[part].sum() ** 2 / (weight[part] ** 2).sum()
        mean = float(np.average(confidence[part], weights=weight[part]))
        bins.append(Bin(mean, share, float(np.sqrt(share * (1 - share) / effective))))
    return tuple(bins)


def _effects(
    model: LogisticRegression, names: tuple[str, ...], deviation: Vector
) -> tuple[tuple[Any, tuple[Effect, ...]], ...]:
    """Return the largest effects of each row of coefficients; of two classes, the second has them."""
    classes = model.classes_.tolist()[-len(model.coef_) :]
    found = []
    for label, coef in zip(classes, model.coef_, strict=True):
        effect = coef * deviation
        largest = np.argsort(-np.abs(effect), kind="stable")[:_EFFECTS]
        kept = (Effect(names[j], float(coef[j]), float(effect[j])) for j in largest if effect[j])
        found.append((label, tuple(kept)))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class _Pushes:
    """What each feature of a row, as far as it is from the mean, adds to one logit over another."""

    model: LogisticRegression
    matrix: Any
    centre: Vector
    names: tuple[str, ...]

    def largest(self, row: int, guess: int, label: int) -> tuple[tuple[str, float], ...]:
        coef = self.model.coef_
        if len(coef) == 1:
            coef = np.vstack([np.zeros_like(coef), coef])
        values = self.matrix[row] if isinstance(self.matrix, np.ndarray) else self.matrix[[row]].toarray()[0]
        pushes = (coef[guess] - coef[label]) * (values - self.centre)
        first = np.argsort(-pushes, kind="stable")[:_REASONS]
        return tuple((self.names[j], float(pushes[j])) for j in first if pushes[j] > 0)


def _misses(
    own: NDArray[np.intp], log_probs: Vector, classes: tuple[Any, ...], rows: Sequence[int], pushes: _Pushes
) -> tuple[Miss, ...]:
    """Return the rows whose labels were given the smallest probabilities."""
    reached = log_probs[np.arange(len(own)), own]
    found = []
    for row in np.argsort(reached, kind="stable")[:_MISSES].tolist():
        label, guess = int(own[row]), int(log_probs[row].argmax())
        reasons = pushes.largest(row, guess, label)
        found.append(Miss(int(rows[row]), classes[label], classes[guess], float(reached[row]), reasons))
    return tuple(found)
