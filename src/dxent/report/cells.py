"""What a cell of a table on a page shows, as markup."""

from __future__ import annotations

import math
from typing import Any

from dxent.report.page import text
from dxent.report.sentences import number

__all__ = ["bar", "probability", "short", "words"]

_LETTERS = 40


def probability(log_prob: float) -> str:
    """Write a probability, or below the range of float64 the power of ten that it is near."""
    prob = math.exp(log_prob)
    return number(prob) if prob else f"1e{log_prob / math.log(10):.0f}"


def bar(share: float, style: str) -> str:
    """Return a bar of a length, at most 1."""
    return f'<span class="bar {style}" style="--share:{share:.3f}" aria-hidden="true"></span>'


def words(markup: str) -> str:
    """Return what a cell shows as running text."""
    return f'<span class="words">{markup}</span>'


def short(label: Any) -> str:
    """Return the text of a label or a name, cut where it is long."""
    shown = str(label)
    return text(shown if len(shown) <= _LETTERS else f"{shown[: _LETTERS - 1]}…")
