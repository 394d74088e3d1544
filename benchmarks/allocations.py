"""The memory that a fit allocates beyond X: the peak of the arrays alive, as tracemalloc counts them.

    python benchmarks/allocations.py [--data DIR]

The table of fits.py has what the process takes from the system, which is more: BLAS's own buffers, and what
the allocator keeps of arrays that are gone.
"""

from __future__ import annotations

import argparse
import tracemalloc
from pathlib import Path

from reports import keep
from sets import allowed_mb, facts, prepared

from dxent import LogisticRegression

MADE = ("million", "collinear", "wide")
FROM_DIRECTORY = ("mnist", "adult", "covtype")


def row(name: str, directory: Path | None) -> list[str | float]:
    """Return the set, its megabytes, those of the fit that needs most, and the ratio to what is allowed."""
    X, y = prepared(name, directory)
    size, peaks = facts(name, directory), []
    for C in (1e-2, 1.0, 1e2):
        tracemalloc.start()
        LogisticRegression(C=C, tol=1e-6).fit(X, y)
        peaks.append(tracemalloc.get_traced_memory()[1] / 1e6)
        tracemalloc.stop()
    what = " × ".join(f"{size[count]:,}" for count in ("samples", "features", "classes"))
    return [f"{name}: {what}", size["mb"], max(peaks), max(peaks) / allowed_mb(size)]


def main() -> None:
    """Measure every set."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path)
    directory = parser.parse_args().data
    names = MADE + (FROM_DIRECTORY if directory else ())
    keep("allocations", [{
        "title": "Memory that a fit allocates",
        "note": "MB of arrays beyond X, the highest peak over C = 0.01, 1 and 100. Allowed: 0.3 of X, and "
        "8 bytes for each sample and class.",
        "header": ["set: samples × features × classes", "X", "peak", "peak ÷ allowed"],
        "rows": [row(name, directory) for name in names],
    }])  # fmt: skip


if __name__ == "__main__":
    main()
