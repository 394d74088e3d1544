"""How good predictions are: scores of probabilities against labels, and how much these vary by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SCORE_NAMES", "Scores", "chance", "scores", "spread"]

Vector = NDArray[np.float64]

_DRAWS = 100

SCORE_NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "log_loss": "log-loss, nats",
    "brier": "Brier score",
    "macro_f1": "macro F1",
    "auc": "AUC",
}
"""What the scores are called in words."""


@dataclass(frozen=True)
class Scores:
    """Six scores of probabilities p against labels, each row counting with its weight.

    - ``accuracy``: share of rows whose likeliest class is right;
    - ``balanced_accuracy``: that share within each class, averaged over classes;
    - ``log_loss``: mean of −log p of the label, in nats;
    - ``brier``: mean of Σ_k (p_k − t_k)², t one-hot; half of that for two classes;
    - ``macro_f1``: 2 TP / (2 TP + FP + FN) of each class, averaged over classes;
    - ``auc``: chance that a row of a class has a larger p for it than another row, ties half; of the second
      of two classes, or averaged over classes.

    Classes without rows do not count in averages.
    See: Hand & Till, Machine Learning 45 (2001); Brier, Monthly Weather Review 78 (1950)
    """

    accuracy: float
    balanced_accuracy: float
    log_loss: float
    brier: float
    macro_f1: float
    auc: float


@dataclass(frozen=True, eq=False)
class _Scored:
    """What the scores need of each row, so that other weights cost little."""

    labels: NDArray[np.int64]
    guesses: NDArray[np.int64]
    losses: Vector
    squares: Vector
    ranks: tuple[_Ranking, ...]
    classes: int


@dataclass(frozen=True, eq=False)
class _Ranking:
    """Rows in the order of their probability of one class; rows of equal probability share a group."""

    order: NDArray[np.int64]
    group: NDArray[np.int64]
    own: NDArray[np.bool_]


def scores(
    labels: NDArray[Any], classes: Sequence[Any], log_probs: Vector, weight: Vector | None = None
) -> Scores:
    """Score log-probabilities (rows, classes) against labels (rows,), each of which is one of the classes."""
    return _weighted(_scored(labels, classes, log_probs), np.ones(len(labels)) if weight is None else weight)


def spread(
    labels: NDArray[Any],
    classes: Sequence[Any],
    log_probs: Vector,
    weight: Vector | None = None,
    *,
    seed: int = 0,
) -> Scores:
    """Return the standard deviation of each score over bootstrap samples of the rows.

    See: Efron, Annals of Statistics 7 (1979)
    """
    scored, rows = _scored(labels, classes, log_probs), len(labels)
    base = np.ones(rows) if weight is None else weight
    draw = np.random.default_rng(seed)
    # Rows drawn with replacement are rows with a weight: how often each was drawn.
    samples = [
        astuple(_weighted(scored, base * np.bincount(draw.integers(rows, size=rows), minlength=rows)))
        for _ in range(_DRAWS)
    ]
    return Scores(*(_deviation(values[np.isfinite(values)]) for values in np.array(samples).T))


def chance(
    labels: NDArray[Any], classes: Sequence[Any], shares: Vector, weight: Vector | None = None
) -> Scores:
    """Score the best guess without any feature: each class has its share of the training rows."""
    log_probs = np.broadcast_to(np.log(shares), (len(labels), len(classes)))
    return scores(labels, classes, log_probs, weight)


def _scored(labels: NDArray[Any], classes: Sequence[Any], log_probs: Vector) -> _Scored:
    places = {label: place for place, label in enumerate(classes)}
    own = np.array([places[label] for label in labels.tolist()])
    probs = np.exp(log_probs)
    # 1 − p of the label, summed from the other classes' own
    off = probs.copy()
    off[np.arange(len(own)), own] = 0.0
    squares = np.sum(off**2, axis=1) + off.sum(axis=1) ** 2
    ranked = [1] if len(classes) == 2 else range(len(classes))
    return _Scored(
        labels=own,
        guesses=log_probs.argmax(axis=1),
        losses=-log_probs[np.arange(len(own)), own],
        squares=squares / 2 if len(classes) == 2 else squares,
        ranks=tuple(_ranking(log_probs[:, place], own == place) for place in ranked),
        classes=len(classes),
    )


def _weighted(scored: _Scored, weight: Vector) -> Scores:
    total, right = weight.sum(), scored.guesses == scored.labels
    cells = np.bincount(scored.labels * scored.classes + scored.guesses, weight, scored.classes**2)
    table = cells.reshape(scored.classes, scored.classes)
    true, guessed, hit = table.sum(axis=1), table.sum(axis=0), np.diag(table)
    present, seen = true > 0, true + guessed > 0
    areas = [_area(ranking, weight) for ranking in scored.ranks]
    return Scores(
        accuracy=float(weight @ right / total),
        balanced_accuracy=float(np.mean(hit[present] / true[present])),
        log_loss=float(weight @ scored.losses / total),
        brier=float(weight @ scored.squares / total),
        macro_f1=float(np.mean(2 * hit[seen] / (true + guessed)[seen])),
        auc=_mean([area for area in areas if area is not None]),
    )


def _ranking(value: Vector, own: NDArray[np.bool_]) -> _Ranking:
    order = np.argsort(value, kind="stable")
    ordered = value[order]
    group = np.concatenate([[0], np.cumsum(ordered[1:] > ordered[:-1])]).astype(np.int64)
    return _Ranking(order, group, own[order])


def _area(ranking: _Ranking, weight: Vector) -> float | None:
    """Return the area under the ROC curve, or None where one side has no weight."""
    ordered = weight[ranking.order]
    inside = np.bincount(ranking.group, ordered * ranking.own)
    outside = np.bincount(ranking.group, ordered * ~ranking.own)
    pairs = inside.sum() * outside.sum()
    below = np.cumsum(outside) - outside / 2
    return float(inside @ below / pairs) if pairs > 0 else None


def _deviation(values: Vector) -> float:
    return float(values.std()) if len(values) else float("nan")


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
