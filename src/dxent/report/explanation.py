"""An explanation: a derivation, the names of rows and columns, what rounding and overflow do to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from dxent.functions import Composition, sigmoid, sigmoid_cross_entropy, softmax, softmax_cross_entropy
from dxent.report.derivation import Derivation

__all__ = [
    "Explanation",
    "Naive",
    "Picture",
    "Rounding",
    "naive_logistic",
    "naive_softmax",
    "picture",
    "rounding",
]

Numbers = NDArray[Any]

DRAWN = 100
"""Columns of a gradient that are drawn, at most."""


@final
@dataclass(frozen=True, eq=False)
class Naive:
    """The textbook formula beside the one that is used, term by term, in one precision.

    `columns` are headings in the notation of `mathml` with a number for each of `rows`; `limit` is where the
    exponential overflows.
    """

    precision: str
    limit: float
    rows: tuple[str, ...]
    columns: dict[str, Numbers]
    naive_loss: float
    loss: float


@final
@dataclass(frozen=True)
class Rounding:
    """What single precision does to the loss, and to the gradient relative to its largest entry."""

    value: float
    double_value: float
    gradient_error: float


@final
@dataclass(frozen=True, eq=False)
class Explanation:
    """What is explained, in a title and sentences, and the explanation."""

    title: str
    remarks: tuple[str, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    derivation: Derivation
    naive: Naive | None = None
    rounding: Rounding | None = None


@final
@dataclass(frozen=True, eq=False)
class Picture:
    """The gradient as it is drawn: all of it or, of many columns, the largest; and the names."""

    entries: Numbers
    rows: tuple[str, ...]
    columns: tuple[str, ...]


def picture(explanation: Explanation) -> Picture:
    """Choose the columns to draw; the gradient is zero wherever the sample is."""
    gradient = np.atleast_2d(explanation.derivation.gradient)
    largest = np.argsort(-np.abs(gradient).max(axis=0), kind="stable")[:DRAWN]
    places = np.sort(largest)
    names = tuple(explanation.columns[place] for place in places)
    return Picture(gradient[:, places], explanation.rows, names)


def rounding(chain: Composition, x: Numbers, chain64: Composition, x64: Numbers) -> Rounding:
    """Compare a chain in single precision with the same in double."""
    gradient = chain64.gradient(x64)
    error = np.abs(chain.gradient(x) - gradient).max() / max(np.abs(gradient).max(), np.finfo(float).tiny)
    return Rounding(float(chain(x)), float(chain64(x64)), float(error))


@np.errstate(all="ignore")
def naive_softmax(logits: Numbers, label: int, names: tuple[str, ...]) -> Naive:
    """Compute e^z / Σ e^z as it is written, and −log p of the label from it."""
    powers, shifted = np.exp(logits), logits - logits.max()
    probs = powers / powers.sum()
    columns = {
        "z_j": logits,
        "e^{z_j}": powers,
        r"\frac{e^{z_j}}{Σ_k e^{z_k}}": probs,
        "z_j − max z": shifted,
        "e^{z_j − max z}": np.exp(shifted),
        "p_j": softmax(logits),
    }
    loss = float(softmax_cross_entropy(logits, np.asarray(label)))
    return Naive(str(logits.dtype), _limit(logits), names, columns, float(-np.log(probs[label])), loss)


@np.errstate(all="ignore")
def naive_logistic(logit: Numbers, label: int) -> Naive:
    """Compute 1/(1 + e^−z) as it is written, and −log p or −log(1 − p) from it."""
    power = np.exp(-logit)
    prob = 1 / (1 + power)
    columns = {
        "z": logit,
        "e^{−z}": power,
        r"\frac{1}{1 + e^{−z}}": prob,
        "1 − p": 1 - prob,
        "p": sigmoid(logit),
        "σ(−z)": sigmoid(-logit),
    }
    naive_loss = float(-np.log(prob if label else 1 - prob))
    loss = float(sigmoid_cross_entropy(logit, np.asarray(label)))
    row = {heading: np.reshape(number, 1) for heading, number in columns.items()}
    return Naive(str(logit.dtype), _limit(logit), ("z",), row, naive_loss, loss)


def _limit(x: Numbers) -> float:
    return float(np.log(np.finfo(x.dtype).max))
