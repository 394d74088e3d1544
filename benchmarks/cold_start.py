"""The first small fit of a fresh process: import, fit, and the whole process from its start to its end.

python benchmarks/cold_start.py [--repeats 9]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from reports import keep
from sets import BUNDLED

PROGRAM = """
import sys, time
import numpy
X, y = (numpy.load(sys.argv[1])[name] for name in "Xy")
start = time.perf_counter()
from {package} import LogisticRegression
imported = time.perf_counter()
LogisticRegression({options}).fit(X, y)
print(imported - start, time.perf_counter() - imported)
"""
PACKAGES = {"dxent": ("dxent", ""), "scikit-learn": ("sklearn.linear_model", "max_iter=10_000")}


def measured(file: Path, package: str, options: str) -> list[float]:
    """Return the milliseconds of import, fit, and a whole new process."""
    program = PROGRAM.format(package=package, options=options)
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program, file], stdout=subprocess.PIPE, text=True, check=True
    )
    whole = time.perf_counter() - start
    return [1e3 * float(number) for number in [*done.stdout.split(), whole]]


def main() -> None:
    """Measure both packages by turns."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    cases = [(name, of) for name in ("iris", "digits") for of in PACKAGES]
    with tempfile.TemporaryDirectory() as place:
        files = {name: Path(place, f"{name}.npz") for name, _ in cases}
        for name, file in files.items():
            np.savez(file, **dict(zip("Xy", BUNDLED[name](return_X_y=True), strict=True)))
        turns = [[measured(files[name], *PACKAGES[of]) for name, of in cases] for _ in range(repeats)]
    rows = [[f"{name}, {of}", *map(float, times)]
            for (name, of), times in zip(cases, np.median(turns, axis=0), strict=True)]  # fmt: skip
    keep("cold_start", [{
        "title": "Cold start",
        "note": "Milliseconds in a new process, which also starts Python, imports NumPy and loads a file. "
        "Columns unscaled.",
        "header": ["set", "import", "fit", "whole process"],
        "rows": rows,
    }])  # fmt: skip


if __name__ == "__main__":
    main()
