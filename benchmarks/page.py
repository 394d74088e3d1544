"""Write docs/benchmarks.md and its figures from the results.

    python benchmarks/page.py [--results benchmarks/results] [--page docs/benchmarks.md]

Nothing on the page is typed by hand: what the results do not have is not on it.
"""

from __future__ import annotations

import argparse
import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from figures import draw
from reports import Table, cell, markdown
from summary import Problem, Time, disturbance, read, reference, time_to

ROOT = Path(__file__).resolve().parents[1]
GAPS = (1e-6, 1e-3, 1e-9)
OTHERS = ("passes", "scaling", "cold_start")
# the beginnings of their names
KINDS = {"peer": ("",), "scikit-learn": ("scikit-learn ", "liblinear")}
INTRODUCTION = """# Benchmarks

Written by `benchmarks/page.py` from `benchmarks/results/`; `make bench` measures again.

How long does each method take to come how near to the same optimum? All minimise mean loss + ‖W‖²/(2 C n)
with a free intercept, in float64, each with its own default threads. Dense columns are scaled to variance 1,
pixels are divided by 255, word counts are as they are. Peers are given more and more iterations, a whole fit
each, with a tolerance of next to nothing; their gap is the true one, measured against the optimum that is
bracketed by the lowest objective of any fit and the highest bound that dxent proved. A time of dxent is that
of a whole fit that *proves* the gap. A peer does not know its gap; its time is interpolated between two fits.

≥ stands before a cap: the peer was not there by then, or had stopped short of the gap by itself. The ratio is
then at least the one given."""


@dataclass(frozen=True)
class Contest:
    """Our time to a gap on one problem, and the best of each kind of peer: name and time."""

    problem: Problem
    ours: Time | None
    best: dict[str, tuple[str, Time]]

    def ratio(self, kind: str) -> float | None:
        """Return how many times longer the best of a kind takes; None where nobody arrives."""
        if self.ours is None or kind not in self.best:
            return None
        _, theirs = self.best[kind]
        return None if self.ours.censored and theirs.censored else theirs.seconds / self.ours.seconds

    def cells(self) -> list[str]:
        """Return the row of a table."""
        row = [label(self.problem), f"{self.problem.C:g}", duration(self.ours)]
        for kind in KINDS:
            name, time = self.best.get(kind, ("", None))
            row += [duration(time), name.removeprefix("scikit-learn ")]
        return row + ["–" if (ratio := self.ratio(kind)) is None else cell(ratio) for kind in KINDS]


def contest(problem: Problem, gap: float) -> Contest:
    """Find the times of one problem."""
    optimum = reference(problem.curves).optimum
    ours = problem.ours and time_to(problem.ours, gap, optimum)
    peers = [(curve["method"], time_to(curve, gap, optimum)) for curve in problem.peers]
    peers.sort(key=lambda pair: (pair[1].censored, pair[1].seconds))
    kinds = {kind: [pair for pair in peers if pair[0].startswith(begin)] for kind, begin in KINDS.items()}
    return Contest(problem, ours, {kind: found[0] for kind, found in kinds.items() if found})


def label(problem: Problem) -> str:
    """Return a problem's name."""
    return problem.name + (", intercept penalised" if problem.penalised else "")


def duration(time: Time | None) -> str:
    """Return seconds to three digits, with the spread of the repeats where it is wide."""
    if time is None:
        return "–"
    spread = f" ({time.low:.2g}–{time.high:.2g})" if time.high > 1.2 * time.low else ""
    return f"{'≥ ' if time.censored else ''}{time.seconds:.3g}{spread}"


def times(problems: list[Problem], gap: float) -> Table:
    """Return the table of one gap."""
    contests = [contest(problem, gap) for problem in problems]
    lost = [
        f"{label(one.problem)}, C = {one.problem.C:g} ({ratio:.2g})"
        for one in contests
        if (ratio := one.ratio("peer")) is not None and ratio < 1
    ]
    means = (f"{kind} ÷ dxent {mean([one.ratio(kind) for one in contests])}" for kind in KINDS)
    return {
        "title": f"Time to a relative gap of {gap:g}",
        "note": f"Geometric means: {', '.join(means)}. Slower than a peer: {'; '.join(lost) or 'nowhere'}.",
        "header": ["set", "C", "dxent, s", "best peer, s", "", "best of scikit-learn, s", "",
                   *(f"{kind} ÷ dxent" for kind in KINDS)],
        "rows": [one.cells() for one in contests],
    }  # fmt: skip


def mean(found: list[float | None]) -> str:
    """Return the geometric mean of what is there."""
    ratios = [ratio for ratio in found if ratio is not None]
    return f"**{np.exp(np.mean(np.log(ratios))):.3g}** over {len(ratios)}" if ratios else "unknown"


def proofs(problems: list[Problem]) -> list[str]:
    """Return whether every proof held."""
    fits = [(problem, run) for problem in problems for run in problem.proved_runs]
    missed = [
        f"- {label(problem)}, C = {problem.C:g}, {run['limit']:g}: {run['gap_bound'] / run['objective']:.1e}"
        for problem, run in fits
        if run["gap_bound"] > run["limit"] * run["objective"]
    ]
    broken = [f"- {sentence}" for problem in problems for sentence in problem.broken_proofs()]
    verdict = f"**{len(broken)} do not hold**, which is a defect:" if broken else (
        "Every bound holds against the best objective that any method reached."
    )  # fmt: skip
    lines = ["\n## Proofs\n", f"{len(fits)} fits of dxent, each with a bound on its gap. {verdict}", *broken]
    return lines + (["\nProved gaps that are wider than was asked for:\n", *missed] if missed else [])


def memory(problems: list[Problem]) -> Table:
    """Return the table of peaks."""
    shown = [problem for problem in problems if problem.C == 1]
    peaks = [{c["method"]: max(run["peak_mb"] for run in c["runs"]) for c in problem.curves if c["runs"]}
             for problem in shown]  # fmt: skip
    names = list(dict.fromkeys(name for row in peaks for name in row))
    return {
        "title": "Memory",
        "note": "Peak beyond what the process held before its fits, C = 1, in MB.",
        "header": ["set", *names],
        "rows": [
            [label(problem), *(f"{row[name]:,.0f}" if name in row else "" for name in names)]
            for problem, row in zip(shown, peaks, strict=True)
        ],
    }


def further(path: Path) -> list[Table]:
    """Return the tables of another benchmark, where there are any."""
    return json.loads(path.read_text(encoding="utf-8"))["tables"] if path.exists() else []


def place(about: dict[str, Any]) -> str:
    """Return where, on what and when."""
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    return (
        f"\n{about['machine']}, {about['memory_gb']} GB; {about['system']}; {versions}; "
        f"commit {about['commit']}, {about['date']}."
    )


def company(problems: list[Problem]) -> str:
    """Return how far the machine was ours alone."""
    shares = [disturbance(curve) for problem in problems for curve in problem.curves if curve["runs"]]
    return (
        f"While they were measured, other processes had {np.median(shares):.2f} cores in the median of "
        f"{len(shares)} curves, and {max(shares):.2f} at most."
    )


def main() -> None:
    """Write the page and its figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmarks.md")
    options = parser.parse_args()
    about, problems = read(options.results / "fits.json")
    tables = [times(problems, gap) for gap in GAPS] + [memory(problems)]
    tables += [table for name in OTHERS for table in further(options.results / f"{name}.json")]
    lines = [INTRODUCTION, place(about), company(problems), *proofs(problems)]
    lines += [line for table in tables for line in markdown(table)]
    lines += [
        "\n## The way down\n",
        "Left is faster, down is nearer. A curve ends early at its cap, or stalls.",
    ]
    figures = options.page.parent / "_static" / "benchmarks"
    figures.mkdir(parents=True, exist_ok=True)
    for name, group in itertools.groupby(problems, key=label):
        file = figures / f"{name.replace(', ', '-').replace(' ', '-')}.svg"
        draw(list(group), file)
        lines.append(f"\n### {name}\n\n![gap against time]({file.relative_to(options.page.parent)})")
    options.page.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
