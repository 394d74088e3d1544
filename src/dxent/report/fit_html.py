"""The report of a fit as one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dxent.report.assessment import Assessment, Miss
from dxent.report.cells import bar, probability, short, words
from dxent.report.charts import Line, chart, decades, steps
from dxent.report.console import proof_sentence
from dxent.report.content import DataSummary, HeldOut, Proof
from dxent.report.metrics import SCORE_NAMES
from dxent.report.page import page, section, table, text
from dxent.report.sentences import number

__all__ = ["FitPage", "fit_page"]

_CLASSES = 15


@dataclass(frozen=True, eq=False)
class FitPage:
    """All that the page shows.

    ``scored_on`` says which rows the scores and the assessment are of; ``settings`` and ``versions`` are
    shown as they stand; ``curve`` has, for each iteration, the passes over the data, an upper bound on the
    gap (inf: unknown) and the norm of the gradient; ``command`` makes the same fit again.
    """

    data: DataSummary
    proof: Proof
    method: str
    scores: HeldOut
    scored_on: str
    assessment: Assessment
    settings: Mapping[str, str]
    curve: Sequence[tuple[int, float, float]]
    warnings: Sequence[str]
    command: str
    versions: str


def fit_page(shown: FitPage) -> str:
    """Return the page."""
    title = f"{shown.data.target} of {Path(shown.data.source).name}"
    return page(
        f"{title}: a fitted classifier",
        [
            f"<h1>{text(title)}</h1>",
            _proved(shown),
            _warned(shown.warnings),
            _data(shown.data),
            _scores(shown),
            _confusion(shown.assessment),
            _reliability(shown.assessment),
            _effects(shown.assessment),
            _worst(shown.assessment.misses),
            _convergence(shown.curve),
            _again(shown),
        ],
    )


def _proved(shown: FitPage) -> str:
    verdict = "good" if shown.proof.certified else "bad"
    how = f" The bound is by {text(shown.method)}." if shown.proof.certified else ""
    rows = [(text(name), words(text(value))) for name, value in shown.settings.items()]
    return section(
        "What was fitted, and what is proved",
        f'<p class="verdict {verdict}">{text(proof_sentence(shown.proof))}{how}</p>',
        table(("", ""), rows),
    )


def _warned(warnings: Sequence[str]) -> str:
    if not warnings:
        return section("Warnings", "<p>None.</p>")
    items = "".join(f"<li>{text(warning)}</li>" for warning in warnings)
    return section("Warnings", f'<ul class="warnings">{items}</ul>')


def _data(data: DataSummary) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in data.kinds.items())
    most = max(data.class_counts.values())
    rows = [
        (short(label), f"{count:,}", f"{count / data.rows:.1%}", bar(count / most, "lower"))
        for label, count in data.class_counts.items()
    ]
    return section(
        "The data",
        f"<p>{data.rows:,} rows; columns: {text(kinds)}; as features: {data.features:,}.</p>",
        table(("class", "rows", "share", ""), rows),
    )


def _scores(shown: FitPage) -> str:
    scores = shown.scores
    rows = [
        (
            title,
            f"{getattr(scores.model, name):.4f}",
            f"± {getattr(scores.spread, name):.4f}",
            f"{getattr(scores.baseline, name):.4f}",
        )
        for name, title in SCORE_NAMES.items()
    ]
    return section(
        "Scores",
        f"<p>Of {scores.rows:,} rows: {text(shown.scored_on)}. ± is one bootstrap standard deviation; the "
        "baseline gives every row the same probabilities, those of the classes' shares.</p>",
        table(("", "model", "", "baseline"), rows),
    )


def _confusion(assessment: Assessment) -> str:
    """A matrix, or of many classes the largest confusions."""
    counts, names = assessment.confusion, [short(label) for label in assessment.classes]
    if len(names) > _CLASSES:
        wrong = np.where(np.eye(len(names), dtype=bool), 0.0, counts)
        order = np.argsort(-wrong, axis=None, kind="stable")[:_CLASSES]
        pairs = [divmod(int(place), len(names)) for place in order]
        rows = [(names[i], names[j], f"{wrong[i, j]:g}") for i, j in pairs if wrong[i, j]]
        return section("The largest confusions", table(("label", "guess", "rows"), rows))
    totals = np.maximum(counts.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    cells = [
        (
            name,
            *(
                f'<span class="share {"lower" if i == j else "raise"}" style="--share:'
                f'{counts[i, j] / totals[i, 0]:.3f}">{counts[i, j]:g}</span>'
                for j in range(len(names))
            ),
            f"{counts[i, i] / totals[i, 0]:.1%}",
        )
        for i, name in enumerate(names)
    ]
    return section(
        "Confusion matrix",
        "<p>Rows by label (down) and by guess (across), as they count; the last column is the share of a "
        "label's rows that is right.</p>",
        table(("label \\ guess", *names, "right"), cells),
    )


def _reliability(assessment: Assessment) -> str:
    bins = assessment.reliability
    points = [(part.confidence, part.right) for part in bins]
    worst = max(bins, key=lambda part: abs(part.confidence - part.right))
    axes = (steps("probability of the guess", 1.0), steps("share that is right", 1.0))
    lines = (
        Line("this model, ± 2 standard errors", points, [2 * part.error for part in bins]),
        Line("as said", ((0, 0), (1, 1))),
    )
    alternative = (
        f"Reliability curve of {len(bins)} groups of rows. Farthest off: probability "
        f"{worst.confidence:.2f}, of which {worst.right:.2f} are right."
    )
    return section(
        "Reliability",
        "<p>Of the rows guessed with probability p, a share of p should be right. Each point is a group of "
        "as many rows.</p>",
        chart(lines, *axes, alternative),
    )


def _effects(assessment: Assessment) -> str:
    strongest = max((abs(e.effect) for _, effects in assessment.effects for e in effects), default=1.0)
    parts = []
    for label, effects in assessment.effects:
        rows = [
            (
                short(effect.feature),
                number(effect.coefficient),
                f"{effect.effect:+.3f}",
                bar(abs(effect.effect) / strongest, "raise" if effect.effect > 0 else "lower"),
            )
            for effect in effects
        ]
        parts.append(f"<h3>for {short(label)}</h3>{table(('', 'coefficient', 'effect', ''), rows)}")
    return section(
        "Coefficients",
        "<p>The largest by effect: what one standard deviation of the feature, in these rows, adds to the "
        "logit of the class. Features that go together share an effect, and no effect is a cause.</p>",
        '<p><span class="key raise"></span> speaks for the class &ensp; '
        '<span class="key lower"></span> speaks against it</p>',
        f'<div class="beside">{"".join(f"<div>{part}</div>" for part in parts)}</div>',
    )


def _worst(misses: Sequence[Miss]) -> str:
    rows = [
        (
            f"{miss.row:,}",
            words(short(miss.label)),
            probability(miss.log_prob),
            words(short(miss.guess)),
            words(", ".join(f"{short(feature)} ({push:+.2f})" for feature, push in miss.reasons)),
        )
        for miss in misses
    ]
    return section(
        "The worst predictions",
        "<p>Rows whose label was given the least probability, and what spoke most for the guess: wrong "
        "labels and what the columns do not tell show here.</p>",
        table(("row", words("label"), "its probability", words("guess"), words("because of")), rows),
    )


def _convergence(curve: Sequence[tuple[int, float, float]]) -> str:
    gaps = [(passes, gap) for passes, gap, _ in curve if gap > 0 and np.isfinite(gap)]
    norms = [(passes, norm) for passes, _, norm in curve if norm > 0]
    found = {"bound on the gap": gaps, "norm of the gradient": norms}
    found = {name: points for name, points in found.items() if points}
    if not found:
        return section("Convergence", "<p>The fit started at the optimum.</p>")
    y = decades("nats; norm", [value for points in found.values() for _, value in points])
    x = steps("passes over the data", max(1, max(passes for passes, _, _ in curve)))
    lines = [
        Line(name, [(passes, float(np.log10(value))) for passes, value in points])
        for name, points in found.items()
    ]
    ends = "; ".join(
        f"the {name} goes from {points[0][1]:.1e} to {points[-1][1]:.1e}" for name, points in found.items()
    )
    passes = curve[-1][0]
    return section("Convergence", chart(lines, x, y, f"In {passes} passes, {ends}."))


def _again(shown: FitPage) -> str:
    return section(
        "How to reproduce",
        f"<p><code>{text(shown.command)}</code></p><p>{text(shown.versions)}</p>",
    )
