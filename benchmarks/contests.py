"""Who is faster, and by how much: our time to a gap beside the best peer's, and geometric means of ratios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from reports import Table, cell
from sets import EMBEDDINGS
from summary import Problem, Time, reference, time_to

__all__ = ["Contest", "Ratio", "contest", "geometric_mean", "tables"]

# the beginnings of their names
KINDS = {"peer": ("",), "scikit-learn": ("scikit-learn ", "liblinear")}
SHORT, TOLERATED = 0.05, 0.5


@dataclass(frozen=True)
class Ratio:
    """How many times longer a peer takes: ≥ where only the peer did not arrive, ≤ where only we did not."""

    value: float
    bound: str = ""

    def __str__(self) -> str:
        return f"{self.bound} {cell(self.value)}".lstrip()


@dataclass(frozen=True)
class Contest:
    """Our time to a gap on one problem, and the best of each kind of peer: name and time."""

    problem: Problem
    ours: Time | None
    best: dict[str, tuple[str, Time]]

    def ratio(self, kind: str) -> Ratio | None:
        """Return how many times longer the best of a kind takes, None if neither arrives or one lacks."""
        if self.ours is None or kind not in self.best:
            return None
        theirs = self.best[kind][1]
        if self.ours.censored and theirs.censored:
            return None
        bound = "≥" if theirs.censored else "≤" if self.ours.censored else ""
        return Ratio(theirs.seconds / self.ours.seconds, bound)

    def falls_short(self, kind: str, of: float) -> bool:
        """Tell whether the best of a kind is known to take less than a multiple of our time."""
        ratio = self.ratio(kind)
        return ratio is not None and ratio.value < of and ratio.bound != "≥"

    @property
    def short(self) -> bool:
        """Whether we and the best of each kind of peer all arrive within 50 ms."""
        times = [self.ours, *(time for _, time in self.best.values())]
        return all(time is not None and not time.censored and time.seconds < SHORT for time in times)

    @property
    def name(self) -> str:
        """The problem and its C."""
        return f"{self.problem.label}, C = {self.problem.C:g}"

    def cells(self) -> list[str]:
        """Return the row of a table."""
        row = [self.problem.label, duration(self.ours)]
        for kind in KINDS:
            name, time = self.best.get(kind, ("", None))
            row += [duration(time), name.removeprefix("scikit-learn ")]
        return row + [str(self.ratio(kind) or "–") for kind in KINDS]


def contest(problem: Problem, gap: float) -> Contest:
    """Find the times of one problem."""
    optimum = reference(problem.curves).optimum
    ours = problem.ours and time_to(problem.ours, gap, optimum)
    peers = [(curve["method"], time_to(curve, gap, optimum)) for curve in problem.peers]
    peers.sort(key=lambda pair: (pair[1].censored, pair[1].seconds))
    kinds = {kind: [pair for pair in peers if pair[0].startswith(begin)] for kind, begin in KINDS.items()}
    return Contest(problem, ours, {kind: found[0] for kind, found in kinds.items() if found})


def duration(time: Time | None) -> str:
    """Return seconds to three digits, with the spread of the repeats where it is wide."""
    if time is None:
        return "–"
    spread = f" ({time.low:.2g}–{time.high:.2g})" if time.high > 1.2 * time.low else ""
    return f"{'≥ ' if time.censored else ''}{time.seconds:.3g}{spread}"


def tables(problems: list[Problem], gap: float) -> list[Table]:
    """Return the table of means to one gap, and one of times for each C, the worst first."""
    contests = [contest(problem, gap) for problem in problems]
    strengths = sorted({problem.C for problem in problems})
    return [means(contests, gap), *(times(contests, gap, C) for C in strengths)]


def times(contests: list[Contest], gap: float, C: float) -> Table:
    """Return the table of times with one C."""
    found = [one for one in contests if one.problem.C == C]
    found.sort(key=lambda one: ratio.value if (ratio := one.ratio("peer")) else np.inf)
    return {
        "title": f"Time to a relative gap of {gap:g}, C = {C:g}",
        "note": "Seconds; the set where we compare worst with the best peer is the first.",
        "header": ["set", "dxent", "best peer", "", "best of scikit-learn", "",
                   *(f"{kind} ÷ dxent" for kind in KINDS)],
        "rows": [one.cells() for one in found],
    }  # fmt: skip


def means(contests: list[Contest], gap: float) -> Table:
    """Return the table of geometric means, and where we lose."""
    penalised = [one for one in contests if one.problem.penalised]
    embeddings = [one for one in contests if one.problem.name == EMBEDDINGS]
    usual = [one for one in contests if one not in penalised + embeddings]
    groups = {
        f"free intercept, {EMBEDDINGS} apart: {len({one.problem.name for one in usual})} sets": usual,
        f"{EMBEDDINGS}, bound by matrix products": embeddings,
        "penalised intercept": penalised,
        "of the first, where all take under 50 ms": [one for one in usual if one.short],
        "of the first, the others": [one for one in usual if not one.short],
    }
    slower = [f"{one.name} ({one.ratio('peer')})" for one in contests if one.falls_short("peer", 1.0)]
    beyond = [f"{one.name} ({one.ratio('scikit-learn')})" for one in contests
              if one.short and one.falls_short("scikit-learn", TOLERATED)]  # fmt: skip
    return {
        "title": f"Time to a relative gap of {gap:g}: geometric means",
        "note": f"Slower than a peer: {'; '.join(slower) or 'nowhere'}. "
        f"Under 50 ms, and more than twice scikit-learn's time: {'; '.join(beyond) or 'nowhere'}.",
        "header": ["sets and C", *(f"{kind} ÷ dxent" for kind in KINDS)],
        "rows": [[name, *(mean(group, kind) for kind in KINDS)] for name, group in groups.items() if group],
    }


def geometric_mean(ratios: list[Ratio]) -> Ratio | None:
    """Return the geometric mean, with a bound if all bounds are of one kind; None of nothing."""
    if not ratios:
        return None
    signs = {ratio.bound for ratio in ratios} - {""}
    middle = float(np.exp(np.mean(np.log([ratio.value for ratio in ratios]))))
    return Ratio(middle, signs.pop() if len(signs) == 1 else "")


def mean(contests: list[Contest], kind: str) -> str:
    """Return the geometric mean of the ratios, how many of them are bounds, and how many are left out."""
    ratios = [ratio for one in contests if (ratio := one.ratio(kind))]
    middle = geometric_mean(ratios)
    if middle is None:
        return "–"
    bounds = [ratio.bound for ratio in ratios]
    counts = {"≥": bounds.count("≥"), "≤": bounds.count("≤"), "left out": len(contests) - len(ratios)}
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"**{middle}** over {len(ratios)}" + (f" ({said})" if said else "")
