"""How the time of a fit grows with samples, features, classes and threads.

    python benchmarks/scaling.py [--repeats 3]

Synthetic rows with overlapping classes, Hessians of condition 100; dxent to a proved gap of 1e-6, beside
scikit-learn's lbfgs with its own tolerance, which leaves a larger gap. That has one thread: where its two
pools wait for each other it takes several times as long. The exponent is the slope of log time over log size,
by least squares.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import warnings

import numpy as np
from reports import Table, keep
from sklearn.linear_model import LogisticRegression as Peer
from threadpoolctl import threadpool_limits

import dxent

BASE = {"samples": 10_000, "features": 50, "classes": 10}
SIZES = {
    "samples": (2_500, 5_000, 10_000, 20_000),
    "features": (12, 25, 50, 100),
    "classes": (3, 5, 10, 20),
}


def make(samples: int, features: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows with columns of many scales, and labels drawn from a softmax of them."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(samples, features)) * np.geomspace(1.0, 0.1, features)
    logits = X @ rng.normal(size=(features, classes)) / np.sqrt(features)
    return X, np.argmax(logits + rng.gumbel(size=logits.shape), axis=1)


def seconds(model: object, X: np.ndarray, y: np.ndarray, repeats: int) -> float:
    """Return the median time of a fit, after one that does not count."""
    found = []
    model.fit(X, y)
    for _ in range(repeats):
        start = time.perf_counter()
        model.fit(X, y)
        found.append(time.perf_counter() - start)
    return float(np.median(found))


def growth(name: str, repeats: int) -> Table:
    """Return the times along one size, and the exponents."""
    rows: list[list[str | float]] = []
    for size in SIZES[name]:
        X, y = make(**(BASE | {name: size}))
        ours = seconds(dxent.LogisticRegression(tol=1e-6), X, y, repeats)
        with threadpool_limits(1):
            rows.append([f"{size:,}", ours, seconds(Peer(max_iter=10_000), X, y, repeats)])
    logs = np.log([row[1:] for row in rows])
    exponents = np.polyfit(np.log(SIZES[name]), logs, 1)[0]
    others = ", ".join(f"{size:,} {other}" for other, size in BASE.items() if other != name)
    return {
        "title": f"Growth with {name}",
        "note": f"Seconds, at {others}.",
        "header": [name, "dxent", "scikit-learn lbfgs, one thread"],
        "rows": [*rows, ["exponent", *map(float, exponents)]],
    }


def threads(repeats: int) -> Table:
    """Return the times with 1, 2, 4, … threads, each in a process of its own."""
    rows: list[list[str | float]] = []
    count, most = 1, len(os.sched_getaffinity(0))
    program = f"import scaling; print(scaling.alone({repeats}))"
    while count <= most:
        limits = {"OMP_NUM_THREADS": str(count), "OPENBLAS_NUM_THREADS": str(count)}
        place = os.path.dirname(os.path.abspath(__file__))
        done = subprocess.run([sys.executable, "-c", program], cwd=place, env=os.environ | limits,
                              stdout=subprocess.PIPE, text=True, check=True)  # fmt: skip
        rows.append([str(count), float(done.stdout)])
        count *= 2
    if len(rows) > 1:
        slope = np.polyfit(np.log([float(row[0]) for row in rows]), np.log([row[1] for row in rows]), 1)[0]
        rows.append(["exponent", float(slope)])
    return {
        "title": "Growth with threads",
        "note": "Seconds, at 40,000 samples, 100 features, 10 classes.",
        "header": ["threads", "dxent"],
        "rows": rows,
    }


def alone(repeats: int) -> float:
    """Return the time of one large fit, with the threads that the environment allows."""
    X, y = make(40_000, 100, 10)
    return seconds(dxent.LogisticRegression(tol=1e-6), X, y, repeats)


def main() -> None:
    """Measure growth along every size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    warnings.simplefilter("ignore")
    keep("scaling", [*(growth(name, repeats) for name in SIZES), threads(repeats)])


if __name__ == "__main__":
    main()
