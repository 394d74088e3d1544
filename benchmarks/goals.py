"""What was to be reached, and whether it was: the first table of the page."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contests import Contest, Ratio, contest, geometric_mean
from reports import Table, cell
from sets import EMBEDDINGS
from summary import Problem

__all__ = ["goals"]

GAP = 1e-6
EMPTY = math.nan


@dataclass(frozen=True)
class Goal:
    """A figure that is to be at least, or at most, so much; it is not a number where it was not measured."""

    what: str
    asked: float
    found: float
    at_most: bool = False
    bound: str = ""

    @property
    def verdict(self) -> str:
        """Whether it is reached; a bound from below may fall short for want of a longer cap."""
        if math.isnan(self.found):
            return "not measured"
        reached = self.found <= self.asked if self.at_most else self.found >= self.asked
        return "reached" if reached else "**missed**"

    def row(self) -> list[str]:
        """Return the row of a table."""
        found = "–" if math.isnan(self.found) else f"{self.bound} {cell(self.found)}".lstrip()
        return [self.what, f"{'≤' if self.at_most else '≥'} {cell(self.asked)}", found, self.verdict]


def goals(problems: list[Problem], results: Path) -> Table:
    """Return the table."""
    contests = [contest(problem, GAP) for problem in problems]
    found = [*of_fits(contests), *of_passes(results), *of_memory(results)]
    return {
        "title": "Goals",
        "note": "Times are to a gap of 1e-6; a ratio is a peer's time over ours. The tables below have all "
        "figures, and the profiles, at the end, where the time goes.",
        "header": ["what", "goal", "measured", ""],
        "rows": [one.row() for one in found],
    }


def of_fits(contests: list[Contest]) -> Iterator[Goal]:
    """Yield what is asked of whole fits."""
    usual = [one for one in contests if not one.problem.penalised and one.problem.name != EMBEDDINGS]
    named = {one.name: one for one in contests}
    for what, asked, name, kind in (
        ("MNIST, C = 1, ÷ the best peer", 10, "mnist, C = 1", "peer"),
        ("MNIST, C = 1, ÷ scikit-learn", 40, "mnist, C = 1", "scikit-learn"),
        *(
            (f"{EMBEDDINGS}, C = {C}, ÷ the best peer", 2, f"{EMBEDDINGS}, C = {C}", "peer")
            for C in (0.01, 1, 100)
        ),
    ):
        yield goal(what, asked, named[name].ratio(kind) if name in named else None)
    for whom, asked, kind in (("the best peer", 5, "peer"), ("scikit-learn", 10, "scikit-learn")):
        ratios = [ratio for one in usual if (ratio := one.ratio(kind))]
        yield goal(f"geometric mean ÷ {whom}", asked, geometric_mean(ratios))
    slower = [one for one in contests if one.falls_short("peer", 1.0) and not one.short]
    yield Goal("problems slower than the best peer, beyond 50 ms", 0, len(slower), at_most=True)
    beyond = [one for one in contests if one.short and one.falls_short("scikit-learn", 0.5)]
    yield Goal("within 50 ms, more than twice scikit-learn's time", 0, len(beyond), at_most=True)


def goal(what: str, asked: float, ratio: Ratio | None) -> Goal:
    """Return the goal of a ratio, or of one that was not measured."""
    return Goal(what, asked, ratio.value, bound=ratio.bound) if ratio else Goal(what, asked, EMPTY)


def of_passes(results: Path) -> Iterator[Goal]:
    """Yield what is asked of single passes."""
    dense = [row for row in rows(results, "passes") if row[0].startswith(("60 000", "200 000 × 54 × 7"))]
    yield Goal("dense pass ÷ NumPy, the least of four", 2.5, min((row[2] for row in dense), default=EMPTY))
    for row in dense:
        yield Goal(f"share of the roofline, {row[0]}", 0.5, row[4])
    sparse = [row for row in rows(results, "sparse_passes") if row[0].startswith("20news")]
    yield Goal("sparse pass ÷ SciPy's products, 20news", 5, sparse[0][3] if sparse else EMPTY)


def of_memory(results: Path) -> Iterator[Goal]:
    """Yield what is asked of the memory beside X."""
    for row in rows(results, "allocations"):
        yield Goal(f"allocated ÷ allowed, {row[0].partition(':')[0]}", 1, row[3], at_most=True)


def rows(results: Path, name: str) -> list[list[Any]]:
    """Return the rows of the first table of another benchmark, if there is any."""
    path = results / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["tables"][0]["rows"] if path.exists() else []
