"""Measure every function on many inputs, beside other libraries, and write the table in the documentation.

python -m accuracy.report [ROWS]        with tests/ on the path; `make accuracy` does it
"""

import sys
import warnings
from pathlib import Path

import numpy as np

from accuracy import families, peers
from accuracy.measures import DXENT, POINTS, ROWS, measure_points, measure_rows, references
from accuracy.ulps import Errors
from dxent.kernels import dispatch

PAGE = Path(__file__).resolve().parents[2] / "docs" / "accuracy.md"
HEAD = """\
# Accuracy

The largest error in units of the last place, over all families of inputs in `tests/accuracy/families.py`; in
parentheses the mean. `n lost`: so many results are 0 where the exact one is a normal number. `n wrong`: not
finite. The exact results have at least 120 digits. `logsumexp` and `product` (of the Jacobian with a vector)
are measured in units of their largest term, since the terms may cancel. Written by `make accuracy`.
"""


def providers():
    """Return what is compared: this package with both kernels, and the libraries that are installed."""
    ours = ["dxent, compiled", "dxent, NumPy"] if dispatch.native else ["dxent, NumPy"]
    return {**dict.fromkeys(ours, DXENT), **peers.installed()}


def measured(name, provider, inputs):
    """Return the errors of a provider's function over all families together; a refusal counts as wrong."""
    if not hasattr(provider, name):
        return None
    total = Errors()
    for family, exact in inputs:
        try:
            one = (
                measure_points(provider, name, family)
                if exact is None
                else measure_rows(provider, name, family, exact)
            )
        except Exception:
            if provider is DXENT:
                raise
            one = Errors(count=1, wrong=1)
        total = total.joined(one)
    return total


def table(dtype, count):
    """Return the lines of one dtype's table, and whether this package keeps what it promises."""
    rows = [(f, references(f)) for f in families.rows(dtype, count).values()]
    rows.append((million := families.a_million_classes(dtype), references(million)))
    points = [(z, None) for z in families.points(dtype, 10 * count).values()]
    columns, kept = providers(), True
    lines = [
        "",
        f"## {dtype}",
        "",
        "| | promised | " + " | ".join(columns) + " |",
        "|---" * (len(columns) + 2) + "|",
    ]
    for name, measure in (ROWS | POINTS).items():
        cells = []
        for column, provider in columns.items():
            native = dispatch.native
            dispatch.native = None if column == "dxent, NumPy" else native
            # The most expensive reference: a million differences for each entry.
            errors = measured(
                name, provider, points if name in POINTS else rows[:-1] if name == "product" else rows
            )
            dispatch.native = native
            cells.append("" if errors is None else str(errors))
            kept &= provider is not DXENT or errors.keeps(measure.allowed[dtype])
        lines.append(f"| {name} | {measure.allowed[dtype]} | " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
    return lines, kept


def main(count=20):
    """Write the page; return the exit code."""
    warnings.simplefilter("ignore")
    results = [table(dtype, count) for dtype in ("float64", "float32")]
    PAGE.write_text(
        "\n".join([HEAD.rstrip(), *(line for lines, _ in results for line in lines)]) + "\n", encoding="utf-8"
    )
    return 0 if all(kept for _, kept in results) else 1


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        sys.exit(main(*map(int, sys.argv[1:])))
