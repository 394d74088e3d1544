"""The content of a report, before it is text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DataSummary", "FitReport", "HeldOut", "Proof", "Scores", "scores"]


@dataclass(frozen=True)
class DataSummary:
    """What was read: the name, the size, and how many rows each class has."""

    source: str
    target: str
    rows: int
    columns: int
    class_counts: Mapping[Any, int]


@dataclass(frozen=True)
class Scores:
    """How well probabilities predict labels: share of rows right, and mean −log p of the label in nats."""

    accuracy: float
    log_loss: float


@dataclass(frozen=True)
class HeldOut:
    """Scores on rows that the fit has not seen.

    The baseline is the best guess without any column: each class has its share of the training rows.
    """

    rows: int
    model: Scores
    baseline: Scores


@dataclass(frozen=True)
class Proof:
    """The value reached, how close to the best possible it is proved to be, and if not close enough, why."""

    objective: float
    certified: bool
    relative_gap: float
    reason: str


@dataclass(frozen=True)
class FitReport:
    """All that ``dxent fit`` shows."""

    data: DataSummary
    fitted_rows: int
    C: float
    iterations: int
    seconds: float
    kernels: str
    held_out: HeldOut | None
    proof: Proof


def scores(labels: NDArray[Any], classes: Sequence[Any], log_probs: NDArray[np.float64]) -> Scores:
    """Score log-probabilities (rows, classes) against labels (rows,), each of which is one of the classes."""
    places = {label: place for place, label in enumerate(classes)}
    own = np.array([places[label] for label in labels.tolist()])
    right = log_probs.argmax(axis=1) == own
    return Scores(float(right.mean()), float(-log_probs[np.arange(len(own)), own].mean()))
