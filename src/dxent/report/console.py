"""A report as plain text, safe to print: nothing that a file holds can steer the terminal."""

from __future__ import annotations

import math

from dxent.report.content import DataSummary, FitReport, HeldOut, Proof
from dxent.report.metrics import SCORE_NAMES

__all__ = ["fit_text", "interrupted_sentence", "printable", "proof_sentence"]

_SHOWN_CLASSES = 8
_SLOW = 10.0  # seconds


def fit_text(report: FitReport) -> str:
    """Return the report of a fit: what was read, how it was fitted, the held-out scores, the proof."""
    paragraphs = [_data_text(report.data), _run_text(report)]
    if report.held_out is not None:
        paragraphs.append(_held_out_text(report.held_out))
    closing = [proof_sentence(report.proof)]
    if report.model is not None:
        closing.append(f"The model is in {report.model}; dxent predict uses it.")
    return "\n\n".join([*paragraphs, "\n".join(closing)])


def proof_sentence(proof: Proof) -> str:
    """Say in one sentence what is proved of a fit, or why nothing is."""
    if not proof.certified:
        return f"Not proved optimal. {proof.reason}"
    return f"Proved: the objective {_reached(proof)}."


def interrupted_sentence(proof: Proof) -> str:
    """Say how far an interrupted fit got."""
    if math.isinf(proof.relative_gap):
        return f"stopped at the objective {proof.objective:.6g}, with nothing proved yet"
    return f"stopped; the objective {_reached(proof)}"


def printable(text: str) -> str:
    """Return the text with control and other invisible characters, but for the line feed, escaped."""
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode()
        for char in text
    )


def _data_text(data: DataSummary) -> str:
    shown = [f"{label!r} {count}" for label, count in data.class_counts.items()][:_SHOWN_CLASSES]
    more = len(data.class_counts) - len(shown)
    kinds = ", ".join(f"{count} {kind}" for kind, count in data.kinds.items())
    lines = [
        f"Read {data.source}: {data.rows} rows, target {data.target!r} with {len(data.class_counts)} classes",
        f"  {', '.join(shown)}{f', and {more} more' if more else ''}",
        f"  columns: {kinds}; as features: {data.features}",
        *(f"  Note: {note}." for note in data.notes),
    ]
    return "\n".join(lines)


def _run_text(report: FitReport) -> str:
    steps = "1 iteration" if report.iterations == 1 else f"{report.iterations} iterations"
    text = (
        f"Fitted {report.fitted_rows} rows with C = {report.C:g}: {steps}, {report.seconds:.2f} s, "
        f"{report.kernels} kernels"
    )
    if report.kernels == "NumPy" and report.seconds > _SLOW:
        text += "\n  The compiled kernels are faster: install again where there is a C++ compiler."
    return text


def _reached(proof: Proof) -> str:
    return (
        f"{proof.objective:.6g} (mean loss plus penalty, in nats) is within "
        f"{_round_up(proof.relative_gap):.0e} (relative) of the best possible"
    )


def _held_out_text(held_out: HeldOut) -> str:
    title = f"Held out: {held_out.rows} rows"
    lines = [f"{title:<24}{'model':>9}{'':10}{'majority baseline':>18}"]
    for name, words in SCORE_NAMES.items():
        model, chance = getattr(held_out.model, name), getattr(held_out.baseline, name)
        spread = f"± {getattr(held_out.spread, name):.4f}"
        lines.append(f"  {words:<22}{model:>9.4f} {spread:<9}{chance:>18.4f}")
    return "\n".join(lines)


def _round_up(bound: float) -> float:
    """Round to one significant digit, upwards: a bound must not shrink when it is shown."""
    if bound == 0:
        return 0.0
    unit = 10.0 ** math.floor(math.log10(bound))
    return math.ceil(bound / unit) * unit
