"""What is proved of fits to real data, and how scikit-learn's best objective compares.

    python benchmarks/certificates.py --data DIR [--sets satellite letter] [--C 0.01 1 100] [--peers]

Prints a line a fit: the objective (weighted mean loss + penalty), the relative gap that is proved,
iterations, passes over the data and seconds; with --peers also (best scikit-learn objective − ours) / ours,
from newton-cholesky and lbfgs with tol=1e-10: a negative value would mean that scikit-learn comes nearer.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path
from typing import Any

from sets import BUNDLED, FILES, load
from sklearn.linear_model import LogisticRegression as Peer

import dxent
from objective import objective

PEERS = ("newton-cholesky", "lbfgs")


def main() -> None:
    """Fit every set with every C."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--sets", nargs="+", choices=[*BUNDLED, *FILES])
    parser.add_argument("--C", nargs="+", type=float, default=[0.01, 1.0, 100.0])
    parser.add_argument("--tol", type=float, default=1e-8)
    parser.add_argument("--peers", action="store_true")
    options = parser.parse_args()
    for name in options.sets or [*BUNDLED, *(FILES if options.data else [])]:
        X, y = load(name, options.data)
        for C in options.C:
            print(f"{name:14} C={C:<6g} {line(X, y, C, options.tol, options.peers)}", flush=True)


def line(X: Any, y: Any, C: float, tol: float, peers: bool) -> str:
    """Fit once, and put the result into words."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dxent.NotCertifiedWarning)
        model = dxent.LogisticRegression(C=C, tol=tol).fit(X, y)
    seconds = time.perf_counter() - start
    proof, last = model.optimality_, model.trace_[-1]
    text = (
        f"{last.objective:.12f} {'proved' if proof.certified else 'NOT PROVED'} {proof.relative_gap:.1e} "
        f"{last.iteration:4d} iterations {last.passes:5d} passes {seconds:7.2f} s"
    )
    if not peers:
        return text
    return f"{text}, scikit-learn {(best_peer(X, y, C) - value(model, X, y, C)) / last.objective:+.1e}"


def best_peer(X: Any, y: Any, C: float) -> float:
    """Return the lowest objective that scikit-learn's solvers reach."""
    values = []
    for solver in PEERS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peer = Peer(C=C, tol=1e-10, max_iter=1000, solver=solver).fit(X, y)
        values.append(value(peer, X, y, C))
    return min(values)


def value(model: Any, X: Any, y: Any, C: float) -> float:
    """Return the objective of a fitted model."""
    return objective(model.coef_, model.intercept_, X, y, C)


if __name__ == "__main__":
    main()
