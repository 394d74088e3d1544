"""Write docs/benchmarks.md and its figures from the results; of another machine's results, a page of its own.

    python benchmarks/page.py [--results benchmarks/results] [--page docs/benchmarks.md]

Nothing on the page is typed by hand: what the results do not have is not on it.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import contests
import numpy as np
from figures import draw
from goals import goals
from reports import Table, markdown
from sets import MADE, allowed_mb
from summary import Problem, disturbance, proves, read, reference

ROOT = Path(__file__).resolve().parents[1]
GAPS = (1e-6, 1e-3, 1e-9)
OTHERS = ("passes", "sparse_passes", "allocations", "scaling", "cold_start", "profiles")
INTRODUCTION = """# Benchmarks: {machine}

Written by `benchmarks/page.py` from `benchmarks/results`; `make bench` measures again.

How long does each method take to come how near to the same optimum? All minimise mean loss + ‖W‖²/(2 C n)
with a free intercept, in float64, each with its own default threads; of two classes also with a penalised
intercept, which liblinear cannot do without. Dense columns are scaled to variance 1, one-hot columns and word
counts are as they are, pixels are divided by 255. Peers are given more and more iterations, a whole fit each,
with a tolerance of next to nothing; their gap is the true one, measured against the optimum that is bracketed
by the lowest objective of any fit and the highest bound that dxent proved. A time of dxent is that of a whole
fit that *proves* the gap. A peer does not know its gap; its time is interpolated between two fits. A process
fits the set once at the method's least effort before its fits count, unless that takes over three seconds;
between fits it rests for a tenth of a second.

≥ stands before a cap: the method was not there by then, or had stopped short of the gap by itself. A ratio to
such a peer is at least the one given; where dxent was not there, but the peer was, it is at most that (≤).
Both kinds enter the geometric means as they stand, and are counted there; where neither was there, or one was
not measured, the problem is left out.

Two threads do not suit every peer: scikit-learn's lbfgs can be many times faster with one, where its pools of
threads wait for each other. `--launch "env OMP_NUM_THREADS=1"` and `--results FILE` measure that."""


def made(problems: list[Problem]) -> Iterator[str]:
    """Say how the synthetic sets are made, as their functions say it."""
    names = [name for name in MADE if name in {problem.name for problem in problems}]
    yield from ["\nSets of made-up numbers:\n"] if names else []
    yield from (f"- {name}: {' '.join(MADE[name].__doc__.split())}" for name in names)


def place(about: dict[str, Any]) -> str:
    """Return where, on what and when."""
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    return (
        f"\n{about['machine']}, {about['memory_gb']} GB; {about['system']}; {versions}; "
        f"commit {about['commit']}, {about['date']}."
    )


def conditions(problems: list[Problem]) -> Iterator[str]:
    """Return of which commits ours are, how far the machine was ours alone, what is cold or ends early."""
    curves = [(problem, curve) for problem in problems for curve in problem.curves]
    commits: dict[str, list[str]] = {}
    for problem, curve in curves:
        if proves(curve):
            commits.setdefault(curve["version"], []).append(problem.name)
    fits = (f"commit {commit}: {', '.join(dict.fromkeys(names))}" for commit, names in commits.items())
    yield f"Fits of dxent are of {'; '.join(fits)}."
    shares = [disturbance(curve) for _, curve in curves if curve["runs"]]
    cold = sum(not curve.get("warmed") for _, curve in curves)
    yield (
        f"While they were measured, other processes had {np.median(shares):.2f} cores in the median of "
        f"{len(shares)} curves, and {max(shares):.2f} at most. {cold} of {len(curves)} are without a warm-up."
    )
    early = [f"{problem.label}, C = {problem.C:g} ({curve['end']})" for problem, curve in curves
             if proves(curve) and curve["end"] != "ladder ended"]  # fmt: skip
    if early:
        yield f"Fits of dxent came to an early end: {'; '.join(early)}."


def proofs(problems: list[Problem]) -> Iterator[str]:
    """Return whether every proof held, and where the optimum is not known."""
    fits = [(problem, run) for problem in problems for run in problem.proved_runs]
    broken = [f"- {sentence}" for problem in problems for sentence in problem.broken_proofs()]
    verdict = f"**{len(broken)} do not hold**, which is a defect:" if broken else (
        "Every bound holds against the best objective that any method reached."
    )  # fmt: skip
    yield "\n## Proofs\n"
    yield f"{len(fits)} fits of dxent, each with a bound on its gap. {verdict}"
    yield from broken
    missed = [
        f"- {problem.label}, C = {problem.C:g}, {run['limit']:g}: {run['gap_bound'] / run['objective']:.1e}"
        for problem, run in fits
        if run["gap_bound"] > run["limit"] * run["objective"]
    ]
    if missed:
        yield "\nProved gaps that are wider than was asked for:\n"
        yield from missed
    vague = [f"{problem.label}, C = {problem.C:g}" for problem in problems
             if not reference(problem.curves).known]  # fmt: skip
    if vague:
        yield (
            "\nThe optimum is not known to 1e-9 here; peers' gaps are those to the lowest objective seen, "
            f"smaller than the true ones: {'; '.join(vague)}."
        )


def memory(problems: list[Problem]) -> Table:
    """Return the table of peaks, the set where we need most for its size first."""
    peaks: dict[str, dict[str, float]] = {}
    for problem, curve in ((p, c) for p in problems if not p.penalised for c in p.curves):
        found = [run["peak_mb"] for run in curve["runs"] if run["peak_mb"] is not None]
        if found:
            row = peaks.setdefault(problem.name, {})
            row[curve["method"]] = max(*found, row.get(curve["method"], 0.0))
    facts = {problem.name: problem.facts for problem in problems}
    names = list(dict.fromkeys(method for row in peaks.values() for method in row))
    shares = {name: share(facts[name], row.get("dxent")) for name, row in peaks.items()}
    return {
        "title": "Memory",
        "note": "MB: the highest peak of all fits beyond what the process, with X, held before them. Allowed "
        "for dense rows: 0.3 of X, and 8 bytes for each sample and class.",
        "header": ["set", "samples × features × classes", "X", "dxent ÷ allowed", *names],
        "rows": [
            [name, " × ".join(f"{facts[name][size]:,}" for size in ("samples", "features", "classes")),
             f"{facts[name]['mb']:,.2f}", f"{shares[name]:.2f}" if shares[name] else "–",
             *(f"{peaks[name][one]:,.0f}" if one in peaks[name] else "" for one in names)]
            for name in sorted(peaks, key=lambda name: -shares[name])
        ],
    }  # fmt: skip


def share(facts: dict[str, Any], peak: float | None) -> float:
    """Return a peak as a multiple of what is allowed, or 0 for sparse rows."""
    if facts["sparse"] or peak is None:
        return 0.0
    return peak / allowed_mb(facts)


def further(path: Path) -> list[str]:
    """Return the tables of another benchmark, each with its place, where there are any."""
    if not path.exists():
        return []
    found = json.loads(path.read_text(encoding="utf-8"))
    return [line for table in found["tables"] for line in [*markdown(table), place(found["about"])]]


def main() -> None:
    """Write the page and its figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmarks.md")
    options = parser.parse_args()
    about, problems = read(options.results / "fits.json")
    tables = [table for gap in GAPS for table in contests.tables(problems, gap)] + [memory(problems)]
    lines = [INTRODUCTION.format(**about), *made(problems), place(about), *conditions(problems)]
    lines += [*markdown(goals(problems, options.results)), *proofs(problems)]
    lines += [line for table in tables for line in markdown(table)]
    lines += [line for name in OTHERS for line in further(options.results / f"{name}.json")]
    lines += [
        "\n## The way down\n",
        "Left is faster, down is nearer. A curve ends early at its cap, or stalls.",
    ]
    figures = options.page.parent / "_static" / options.page.stem
    figures.mkdir(parents=True, exist_ok=True)
    for name, group in itertools.groupby(problems, key=lambda problem: problem.label):
        file = figures / f"{name.replace(', ', '-').replace(' ', '-')}.svg"
        draw(list(group), file)
        lines.append(f"\n### {name}\n\n![gap against time]({file.relative_to(options.page.parent)})")
    options.page.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
