"""The first small fit of a fresh process: import, fit, coefficients.

python benchmarks/cold_start.py [--repeats 9]
"""

from __future__ import annotations

import argparse
import subprocess
import sys

import numpy as np
from reports import keep

PROGRAM = """
import time
from sklearn.datasets import load_{name}
X, y = load_{name}(return_X_y=True)
start = time.perf_counter()
from {package} import LogisticRegression
imported = time.perf_counter()
LogisticRegression({options}).fit(X, y)
first = time.perf_counter()
LogisticRegression({options}).fit(X, y)
print(imported - start, first - imported, time.perf_counter() - first)
"""
PACKAGES = {"dxent": ("dxent", ""), "scikit-learn": ("sklearn.linear_model", "max_iter=10_000")}


def measured(name: str, package: str, options: str) -> list[float]:
    """Return the milliseconds of import, first and second fit, in a new process."""
    program = PROGRAM.format(name=name, package=package, options=options)
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True)
    return [1e3 * float(number) for number in done.stdout.split()]


def main() -> None:
    """Measure both packages by turns."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    cases = [(name, of) for name in ("iris", "digits") for of in PACKAGES]
    turns = [[measured(name, *PACKAGES[of]) for name, of in cases] for _ in range(repeats)]
    rows = [[f"{name}, {of}", *map(float, times)]
            for (name, of), times in zip(cases, np.median(turns, axis=0), strict=True)]  # fmt: skip
    keep("cold_start", [{
        "title": "Cold start",
        "note": "Milliseconds in a new process that has loaded the data with scikit-learn; columns unscaled.",
        "header": ["set", "import", "first fit", "second fit"],
        "rows": rows,
    }])  # fmt: skip


if __name__ == "__main__":
    main()
