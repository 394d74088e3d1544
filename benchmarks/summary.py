"""What the fits say: the optimum, how far each came and when, and whether every proof held."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

__all__ = [
    "Problem", "Reference", "Time", "disturbance", "gaps", "proves", "read", "reference", "time_to",
]  # fmt: skip

OURS = "dxent"
ROUNDING, TIGHT = 4 * np.finfo(float).eps, 1e-9
Curve = dict[str, Any]


@dataclass(frozen=True)
class Reference:
    """What the optimum lies between: the lowest objective of a fit, and the highest proved bound."""

    upper: float
    lower: float

    @property
    def optimum(self) -> float:
        """The bound if the two agree to 1e-9; else the lowest seen: peers have the benefit of the doubt."""
        return min(self.upper, self.lower) if self.known else self.upper

    @property
    def known(self) -> bool:
        """Whether the two agree to 1e-9."""
        return self.upper - self.lower <= TIGHT * abs(self.upper)


@dataclass(frozen=True)
class Time:
    """Seconds to a gap: median, lowest, highest of the repeats; censored: not reached, so at least that."""

    seconds: float
    low: float
    high: float
    censored: bool


@dataclass(frozen=True, eq=False)
class Problem:
    """The curves of one set with one C and one treatment of the intercept; some may have no fit."""

    name: str
    C: float
    penalised: bool
    curves: tuple[Curve, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The set, and that the intercept is penalised where it is."""
        return self.name + (", intercept penalised" if self.penalised else "")

    @property
    def ours(self) -> Curve | None:
        """Our own curve, if measured."""
        return next((curve for curve in self.curves if proves(curve)), None)

    @property
    def peers(self) -> list[Curve]:
        """The peers' curves."""
        return [curve for curve in self.curves if not proves(curve)]

    @property
    def proved_runs(self) -> list[dict[str, Any]]:
        """Our fits."""
        return [run for curve in self.curves if proves(curve) for run in curve["runs"]]

    def broken_proofs(self) -> list[str]:
        """Return a sentence for every proof that another fit's objective, or its own, refutes."""
        upper = reference(self.curves).upper
        return [
            f"{self.label}, C = {self.C:g}, tol {run['limit']:g}: claimed {run['gap_bound']:.3e}, "
            f"but {run['objective'] - upper:.3e} above the best"
            for run in self.proved_runs
            if run["objective"] - upper > run["gap_bound"] + ROUNDING * abs(upper)
        ]


def disturbance(curve: Curve) -> float:
    """Return how many cores other processes had, on average, while a curve was first measured."""
    spent = sum(run["seconds"][0] for run in curve["runs"])
    # a hundredth of a second a fit is what the clock cannot tell
    return sum(max(run["disturbed"] - 0.01, 0.0) for run in curve["runs"]) / spent


def proves(curve: Curve) -> bool:
    """Tell whether a curve's gaps are proved."""
    return curve["method"].startswith(OURS)


def read(path: Path) -> tuple[dict[str, Any], list[Problem]]:
    """Return where the results were made, and the problems that have a fit, sorted."""
    given = json.loads(path.read_text(encoding="utf-8"))
    groups: dict[tuple[str, float, bool], list[Curve]] = defaultdict(list)
    for curve in given["curves"]:
        groups[curve["set"], curve["C"], curve["penalised"]].append(curve)
    problems = [
        Problem(*key, tuple(curves), given["sets"][key[0]])
        for key, curves in groups.items()
        if any(curve["runs"] for curve in curves)
    ]
    return given["about"], sorted(problems, key=lambda one: (one.name, one.penalised, one.C))


def reference(curves: Any) -> Reference:
    """Bracket the optimum."""
    runs = [run for curve in curves for run in curve["runs"]]
    bounds = [run["objective"] - run["gap_bound"] for run in runs if "gap_bound" in run]
    return Reference(min(run["objective"] for run in runs), max(bounds, default=-math.inf))


def gaps(curve: Curve, optimum: float) -> list[float]:
    """Return the relative gap of each fit: proved for ours, true for the peers."""
    if proves(curve):
        return [run["gap_bound"] / run["objective"] for run in curve["runs"]]
    return [max(run["objective"] - optimum, 0.0) / optimum for run in curve["runs"]]


def time_to(curve: Curve, gap: float, optimum: float) -> Time:
    """Return the time to a gap: ours of the first fit to prove it, a peer's between two rungs."""
    before: tuple[float, float] | None = None
    for run, reached in zip(curve["runs"], gaps(curve, optimum), strict=True):
        seconds = float(np.median(run["seconds"]))
        if reached <= gap:
            share = 1.0
            if before is not None and not proves(curve):
                share = share_between(before[1], reached, gap)
                seconds = before[0] * (seconds / before[0]) ** share if seconds > before[0] else seconds
            scale = seconds / float(np.median(run["seconds"]))
            return Time(seconds, scale * min(run["seconds"]), scale * max(run["seconds"]), False)
        before = seconds, reached
    longest = max([curve["cap"], *(run["seconds"][0] for run in curve["runs"])])
    return Time(longest, longest, longest, True)


def share_between(worse: float, better: float, gap: float) -> float:
    """Return how far along the logarithms of two gaps a third lies; gaps below rounding count as rounding."""
    floor = ROUNDING
    top, bottom = math.log(max(worse, floor)), math.log(max(better, floor))
    return 1.0 if top <= bottom else (top - math.log(gap)) / (top - bottom)
