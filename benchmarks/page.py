"""Write docs/benchmarks.md and its figures from the results.

    python benchmarks/page.py [--results benchmarks/results] [--page docs/benchmarks.md]

Nothing on the page is typed by hand: what the results do not have is not on it.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
from figures import draw
from reports import markdown
from summary import Problem, Time, proves, read, reference, time_to

ROOT = Path(__file__).resolve().parents[1]
GAPS = (1e-3, 1e-6, 1e-9)
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


def times(problem: Problem, gap: float) -> tuple[Time | None, list[tuple[str, Time]]]:
    """Return our time and the peers', the fastest first."""
    optimum = reference(problem.curves).optimum
    ours = problem.ours and time_to(problem.ours, gap, optimum)
    peers = [(curve["method"], time_to(curve, gap, optimum)) for curve in problem.peers]
    return ours, sorted(peers, key=lambda pair: (pair[1].censored, pair[1].seconds))


def ratios(problem: Problem, gap: float) -> dict[str, float]:
    """Return how many times faster than the best peer, and than scikit-learn's best solver, we are."""
    ours, peers = times(problem, gap)
    if ours is None or not peers or (ours.censored and peers[0][1].censored):
        return {}
    own = [pair for pair in peers if pair[0].startswith(("scikit-learn ", "liblinear"))]
    kinds = {"best peer": peers, "scikit-learn": own}
    return {kind: found[0][1].seconds / ours.seconds for kind, found in kinds.items() if found}


def label(problem: Problem) -> str:
    """Return a problem's name."""
    return problem.name + (", intercept penalised" if problem.penalised else "")


def duration(time: Time | None) -> str:
    """Return seconds to three digits, with the spread of the repeats where it is wide."""
    if time is None:
        return "–"
    spread = f" ({time.low:.2g}–{time.high:.2g})" if time.high > 1.2 * time.low else ""
    return f"{'≥ ' if time.censored else ''}{time.seconds:.3g}{spread}"


def table(problems: list[Problem], gap: float) -> list[str]:
    """Return the table of one gap."""
    header = (
        "set",
        "C",
        "dxent, s",
        "best peer, s",
        "",
        "scikit-learn, s",
        "",
        "peer ÷ dxent",
        "scikit-learn ÷ dxent",
    )
    lines = [
        f"\n## Time to a relative gap of {gap:g}\n",
        f"| {' | '.join(header)} |",
        "|---|---:|---:|---:|---|---:|---|---:|---:|",
    ]
    for problem in problems:
        (ours, peers), ratio = times(problem, gap), ratios(problem, gap)
        own = [pair for pair in peers if pair[0].startswith(("scikit-learn ", "liblinear"))]
        cells = [label(problem), f"{problem.C:g}", duration(ours)]
        for found in (peers, own):
            cells += (
                [duration(found[0][1]), found[0][0].removeprefix("scikit-learn ")] if found else ["–", ""]
            )
        cells += [f"{ratio[kind]:.3g}" if kind in ratio else "–" for kind in ("best peer", "scikit-learn")]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", *means(problems, gap)]


def means(problems: list[Problem], gap: float) -> list[str]:
    """Return the geometric means of the ratios, and where others are faster."""
    found = [(problem, ratios(problem, gap)) for problem in problems]
    lines = []
    for kind, name in (
        ("best peer", "the best peer of each"),
        ("scikit-learn", "scikit-learn's best solver"),
    ):
        values = [ratio[kind] for _, ratio in found if kind in ratio]
        if values:
            mean = float(np.exp(np.mean(np.log(values))))
            lines.append(
                f"Geometric mean over {len(values)} problems: **{mean:.3g}** times faster than {name}."
            )
    lost = [f"{label(problem)} (C = {problem.C:g}: {ratio['best peer']:.2g})"
            for problem, ratio in found if ratio.get("best peer", 1.0) < 1.0]  # fmt: skip
    return [*lines, f"Slower than the best peer on: {', '.join(lost) if lost else 'none'}.", ""]


def proofs(problems: list[Problem]) -> list[str]:
    """Return whether every proof held."""
    count = sum(len(curve["runs"]) for problem in problems for curve in problem.curves if proves(curve))
    missed = [
        f"{label(problem)}, C = {problem.C:g}: {run['gap_bound'] / run['objective']:.1e} for {run['limit']:g}"
        for problem in problems
        for curve in filter(proves, problem.curves)
        for run in curve["runs"]
        if run["gap_bound"] > run["limit"] * run["objective"]
    ]
    broken = [sentence for problem in problems for sentence in problem.broken_proofs()]
    lines = ["\n## Proofs\n", f"{count} fits of dxent, each with a bound on its gap. "]
    lines[-1] += "Every bound held against the best objective that any method reached." if not broken else (
        f"**{len(broken)} bounds did not hold**, which is a defect:"
    )  # fmt: skip
    lines += [f"- {sentence}" for sentence in broken]
    if missed:
        lines += [
            "\nThe gap that was proved, where it was not the tolerance that was asked for:\n",
            *(f"- {one}" for one in missed),
        ]
    return lines


def memory(problems: list[Problem]) -> list[str]:
    """Return the table of the peak memory beyond what was held before the first fit."""
    names = list(dict.fromkeys(c["method"] for problem in problems for c in problem.curves if c["runs"]))
    lines = ["\n## Memory\n", "Peak beyond what the process held before its fits, C = 1, in MB.\n",
             f"| set | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]  # fmt: skip
    for problem in problems:
        if problem.C == 1:
            peaks = {
                c["method"]: max(run["peak_mb"] for run in c["runs"]) for c in problem.curves if c["runs"]
            }
            cells = [f"{peaks[name]:,.0f}" if name in peaks else "" for name in names]
            lines.append(f"| {label(problem)} | {' | '.join(cells)} |")
    return lines


def further(path: Path) -> list[str]:
    """Return the tables of another benchmark, where there are any."""
    if not path.exists():
        return []
    tables = json.loads(path.read_text(encoding="utf-8"))["tables"]
    return [line for table in tables for line in markdown(table)]


def place(about: dict[str, Any]) -> str:
    """Return where, on what and when."""
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    return (
        f"\n{about['machine']}, {about['memory_gb']} GB; {about['system']}; {versions}; "
        f"commit {about['commit']}, {about['date']}."
    )


def main() -> None:
    """Write the page and its figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmarks.md")
    options = parser.parse_args()
    about, problems = read(options.results / "fits.json")
    lines = [INTRODUCTION, place(about)]
    lines += itertools.chain.from_iterable(table(problems, gap) for gap in (1e-6, 1e-3, 1e-9))
    lines += [*proofs(problems), *memory(problems)]
    for other in ("passes", "scaling", "cold_start"):
        lines += further(options.results / f"{other}.json")
    lines += [
        "\n## The way down\n",
        "Left is faster, down is nearer. A curve that ends early met its cap, or stalled.",
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
