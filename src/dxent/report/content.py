"""The content of a report, before it is text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dxent.report.metrics import Scores

__all__ = ["DataSummary", "FitReport", "HeldOut", "Proof"]


@dataclass(frozen=True)
class DataSummary:
    """What was read: the name, the size, how many columns of each kind, and how many rows of each class.

    ``features`` is the number that the columns become; ``notes`` are sentences about columns.
    """

    source: str
    target: str
    rows: int
    kinds: Mapping[str, int]
    features: int
    class_counts: Mapping[Any, int]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class HeldOut:
    """Scores on rows that the fit has not seen, with the bootstrap standard deviation of the model's.

    The baseline is the best guess without any column: each class has its share of the training rows.
    """

    rows: int
    model: Scores
    spread: Scores
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
    """All that ``dxent fit`` shows; ``model`` is the file that the model was written to, if it was."""

    data: DataSummary
    fitted_rows: int
    C: float
    iterations: int
    seconds: float
    kernels: str
    held_out: HeldOut | None
    proof: Proof
    model: str | None = None
