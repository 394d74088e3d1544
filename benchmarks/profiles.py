"""Where the time of a fit goes, and of a pass: the shares of their parts.

    python benchmarks/profiles.py [--data DIR] [--repeats 5]

The parts of a fit are timed by the calls of a few methods, in the thread that calls them; a part inside
another one counts for itself alone. The parts of a pass are run by themselves, and add up to more than a pass
that fuses them.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from reports import Table, keep
from sets import MADE, load, prepared

from dxent import LogisticRegression
from dxent.estimators import fitting, logistic
from dxent.estimators.run import Run
from dxent.kernels import dispatch, given_logits
from dxent.objective import objective as problem
from dxent.objective.block_preconditioner import BlockPreconditioner
from dxent.objective.diagonal_preconditioner import DiagonalPreconditioner
from dxent.objective.factor import Factor
from dxent.objective.hessian import ObjectiveHessian
from dxent.objective.kronecker_preconditioner import KroneckerPreconditioner
from dxent.objective.pair_preconditioner import PairPreconditioner
from dxent.solvers.memory import Memory
from kernels import make_problem, seconds, sized

PRECONDITIONERS = PairPreconditioner, KroneckerPreconditioner, BlockPreconditioner, DiagonalPreconditioner
PARTS: dict[str, list[tuple[Any, str]]] = {
    "steps, lines": [(logistic, "fit")],  # all that the others do not count
    "passes": [(problem.Objective, name) for name in ("evaluate", "logits", "at_logits")],
    "Hessian products": [(ObjectiveHessian, "mv")],
    "Hessians": [(ObjectiveHessian, "formed"), (Factor, "of")],
    "preconditioners built": [(problem, "precondition")],
    "applied": [(one, "apply") for one in PRECONDITIONERS],
    "L-BFGS": [(Memory, "apply"), (Memory, "add")],
    "proofs": [(Run, "proof"), (fitting, "finish")],
}
FITS = (("iris", 1.0), ("digits", 1.0), ("letter", 1.0), ("covtype", 1.0), ("million", 1.0), ("mnist", 1.0),
        ("wide", 0.01), ("reuters", 1.0), ("20news", 0.01))  # fmt: skip
DENSE = (60_000, 784, 10), (200_000, 54, 7)
SPARSE = "20news", "reuters"
LONG = 10.0


class Clock:
    """Seconds spent in each part, without the parts inside it."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._inner = [0.0]

    def run(self, part: str, function: Any, *arguments: Any, **named: Any) -> Any:
        """Call a function, and count its time."""
        start = time.perf_counter()
        self._inner.append(0.0)
        try:
            return function(*arguments, **named)
        finally:
            whole = time.perf_counter() - start
            self.spent[part] += whole - self._inner.pop()
            self._inner[-1] += whole


def watch(clock: Clock, owner: Any, name: str, part: str) -> None:
    """Have every call of a function, method or class method counted."""
    found = vars(owner)[name]
    if isinstance(found, classmethod):
        inner = found.__func__
        setattr(owner, name, classmethod(lambda *given, **named: clock.run(part, inner, *given, **named)))
    else:
        setattr(owner, name, lambda *given, **named: clock.run(part, found, *given, **named))


def of_fit(clock: Clock, name: str, C: float, directory: Path | None, repeats: int) -> list[str | float]:
    """Return a set's milliseconds, the median of some fits, and the percentages of its parts."""
    X, y = prepared(name, directory)
    fits: list[tuple[float, dict[str, float]]] = []
    while len(fits) < repeats and sum(whole for whole, _ in fits) < LONG:
        time.sleep(0.1)
        clock.spent.clear()
        start = time.perf_counter()
        LogisticRegression(C=C, tol=1e-6).fit(X, y)
        fits.append((time.perf_counter() - start, dict(clock.spent)))
    whole, spent = sorted(fits, key=lambda fit: fit[0])[len(fits) // 2]
    parts = [spent.get(part, 0.0) for part in PARTS]
    shares = (f"{100 * part / whole:.0f}" for part in (whole - sum(parts), *parts))
    return [f"{name}, C = {C:g}", 1e3 * whole, *shares]


def of_pass(what: str, X: Any, weights: Any, labels: Any, sample_weight: Any) -> list[str | float]:
    """Return the milliseconds of a pass and of its parts."""
    design, centre = dispatch.prepare(X), np.asarray(X.mean(axis=0)).ravel()
    Z = dispatch.logits(design, centre, weights)
    residuals = given_logits.cross_entropy(Z, labels, sample_weight)[2]
    calls = (
        (dispatch.loss_pass, design, centre, weights, labels, sample_weight),
        (dispatch.logits, design, centre, weights),
        (given_logits.cross_entropy, Z, labels, sample_weight),
        (dispatch.pullback, design, centre, residuals, True),
    )
    turns = np.array([[seconds(*call) for call in calls] for _ in range(9)])[1:]
    return [what, *(1e3 * np.median(turns, axis=0))]


def passes(directory: Path | None) -> Table:
    """Return the table of passes."""
    rows = []
    for shape in DENSE:
        X, _, weights, labels, sample_weight = make_problem(*shape, np.float64)
        rows.append(of_pass(sized(shape), X, weights, labels, sample_weight))
    for name in SPARSE if directory else ():
        X, y = load(name, directory)
        classes, labels = np.unique(y, return_inverse=True)
        weights = np.random.default_rng(0).normal(size=(len(classes), X.shape[1] + 1)) / 100
        rows.append(of_pass(name, X, weights, labels, np.full(len(y), 1 / len(y))))
    return {
        "title": "Where the time of a pass goes",
        "note": "Milliseconds in float64; each part by itself, from memory and to memory.",
        "header": ["problem", "pass", "logits", "losses and residuals", "gradient"],
        "rows": rows,
    }


def main() -> None:
    """Measure every part."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    of_passes, clock = passes(options.data), Clock()
    for part, methods in PARTS.items():
        for owner, name in methods:
            watch(clock, owner, name, part)
    bundled = ("iris", "digits", *MADE)
    fits = [(name, C) for name, C in FITS if options.data or name in bundled]
    table = {
        "title": "Where the time of a fit goes",
        "note": "Milliseconds of a whole fit to 1e-6, and percentages; input: checks, labels, moments.",
        "header": ["fit", "ms", "input", *PARTS],
        "rows": [of_fit(clock, name, C, options.data, options.repeats) for name, C in fits],
    }
    keep("profiles", [table, of_passes])


if __name__ == "__main__":
    main()
