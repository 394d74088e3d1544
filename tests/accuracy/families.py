"""Inputs that are hard in one way each: wide rows, confident ones, ties, offsets, the ends of the range."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of logits, a label for each, and vectors to multiply the Jacobian with."""

    logits: np.ndarray
    labels: np.ndarray
    vectors: np.ndarray


@dataclass(frozen=True)
class Range:
    """The margins at which a format of floating point numbers changes its behaviour."""

    confident: float  # p rounds to one
    spread: float  # e^−spread is still a normal number
    smallest: float  # e^−smallest is the last subnormal number
    offset: float  # so large that logits keep only a few bits
    extreme: float


RANGES = {
    "float64": Range(37, 700, 744, 1e8, 1e300),
    "float32": Range(17, 85, 103, 1e4, 1e37),
}


def rows(dtype, count, spread=None):
    """Return families of rows by name; `spread` replaces the one up to which probabilities are normal."""
    rng, ends = np.random.default_rng(1), RANGES[dtype]
    ends = replace(ends, spread=spread or ends.spread)
    normal = rng.normal(size=(count, 10))
    ahead = np.zeros((count, 10))
    ahead[:, 3] = np.geomspace(1, ends.spread, count)
    distant = rng.uniform(-ends.smallest, -ends.spread, (count, 10))
    distant[:, 0] = 0
    steps = 1 + np.finfo(dtype).eps * rng.integers(-4, 5, (count, 10))
    margin = np.linspace(-ends.confident - 3, ends.confident + 3, count)
    shares = rng.dirichlet(np.ones(8), count)
    drawn = rng.integers(0, 10, count)
    threes = np.full(count, 3)
    logits = {
        "close": (rng.uniform(-1, 1, (count, 10)), drawn),
        "wide": (10 * normal, drawn),
        "as wide as it goes": (ends.spread * rng.uniform(-0.5, 0.5, (count, 10)), drawn),
        "down to the subnormal": (distant, 1 + drawn % 9),
        "confident and right": (normal + ahead, threes),
        "confident and wrong": (normal + ahead, np.full(count, 5)),
        "confident and offset": (normal + ahead + 0.4 * ends.spread, threes),
        "two classes": (np.column_stack([0 * margin, margin]), (margin > 0).astype(int)),
        "nearly tied": (rng.uniform(-5, 5, (count, 1)) * steps, drawn),
        "offset": (ends.offset + 3 * normal, drawn),
        "extreme": (ends.extreme * steps, drawn),
        "subnormal logits": (1e-2 * np.finfo(dtype).tiny * normal, drawn),
        "log-probabilities": (np.log(shares), drawn % 8),
        "one class": (100 * normal[:, :1], 0 * drawn),
        "a thousand classes": (3 * rng.normal(size=(2, 1000)), drawn[:2]),
    }
    return {name: _rows(x.astype(dtype), y, rng) for name, (x, y) in logits.items()}


def a_million_classes(dtype):
    """Return one row of a million classes, whose label is the largest."""
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(1, 1_000_000)).astype(dtype)
    return _rows(logits, np.argmax(logits, axis=1), rng)


def _rows(logits, labels, rng):
    vectors = rng.normal(size=logits.shape).astype(logits.dtype)
    return Rows(logits, labels, vectors)


def points(dtype, count):
    """Return families of arguments of the logistic functions by name."""
    rng, ends = np.random.default_rng(3), RANGES[dtype]
    size = rng.random(count)
    families = {
        "near zero": size,
        "tiny": 10 ** (-3 - 5 * size),
        "moderate": 1 + ends.confident * size,
        "large": ends.confident + (ends.spread - ends.confident) * size,
        "down to the subnormal": ends.spread + (ends.smallest - ends.spread) * size,
        "subnormal": size * 1e-2 * np.finfo(dtype).tiny,
    }
    return {
        f"{name}, {sign}": (factor * z).astype(dtype)
        for name, z in families.items()
        for sign, factor in (("positive", 1), ("negative", -1))
    }
