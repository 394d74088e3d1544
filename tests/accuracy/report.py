"""Measure every function on many inputs, beside other libraries, and write the table in the documentation.

python -m accuracy.report [ROWS]        with tests/ on the path; `make accuracy` does it
"""

import platform
import sys
import warnings
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from math import fsum
from pathlib import Path
from textwrap import fill

import numpy as np

import dxent
from accuracy import families, peers, tested
from accuracy.measures import DXENT, POINTS, ROWS, measure_points, measure_rows, references
from accuracy.ulps import Errors
from dxent.kernels import dispatch

PAGE = Path(__file__).resolve().parents[2] / "docs" / "accuracy.md"
HEAD = """\
# Accuracy

The largest error in units of the last place, over all families of inputs in `tests/accuracy/families.py`; in
parentheses the mean. `n lost`: so many results are 0 where the exact one is a normal number. `n wrong`: not
finite. The exact results have at least 120 digits. `logsumexp` and `product` (of the Jacobian with a vector)
are measured in units of their largest term, since the terms may cancel.
"""

SOFTMAX = ("softmax", "complement", "log_softmax", "cross_entropy", "gradient", "variance")
SUMS = ("logsumexp", "product")
SUBNORMAL = "down to the subnormal"
PROMISES = [
    ("softmax, 1 − p, log_softmax, cross-entropy and gradient, p (1 − p)", SOFTMAX),
    ("logsumexp, Jacobian · vector", SUMS),
    ("logistic functions, losses, first and second derivatives", tuple(POINTS)),
]


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


def inputs_of(dtype, count):
    """Return named families for functions of rows, each with its exact rows, and for logistic functions."""
    rows = {name: (f, references(f)) for name, f in families.rows(dtype, count).items()}
    million = families.a_million_classes(dtype)
    points = {name: (z, None) for name, z in families.points(dtype, 10 * count).items()}
    return rows, (million, references(million)), points


def results(dtype, count):
    """Return the errors by function, provider, and whether they are those of subnormal results alone."""
    rows, million, points = inputs_of(dtype, count)
    found, native = {}, dispatch.native
    for name in ROWS | POINTS:
        named = points if name in POINTS else rows
        tiny = [inputs for family, inputs in named.items() if family.startswith(SUBNORMAL)]
        # The most expensive reference: a million differences for each entry.
        every = [*named.values(), million] if name in ROWS and name != "product" else list(named.values())
        for column, provider in providers().items():
            dispatch.native = None if column == "dxent, NumPy" else native
            for alone, inputs in ((False, every), (True, tiny)):
                found[name, column, alone] = measured(name, provider, inputs)
            dispatch.native = native
        print(
            dtype,
            name,
            *(str(found[name, column, False] or "") for column in providers()),
            sep=" | ",
            flush=True,
        )
    return found


def table(dtype, found):
    """Return the lines of one dtype's table."""
    columns = list(providers())
    lines = [
        "",
        f"## {dtype}",
        "",
        "| | promised | " + " | ".join(columns) + " |",
        "|---" * (len(columns) + 2) + "|",
    ]
    for name, measure in (ROWS | POINTS).items():
        cells = [str(found[name, column, False] or "") for column in columns]
        lines.append(f"| {name} | {measure.allowed[dtype]} | " + " | ".join(cells) + " |")
    return lines


def ours(found, names, alone=False):
    """Return the errors of this package's functions, whatever the kernels."""
    total = Errors()
    for column, provider in providers().items():
        if provider is DXENT:
            for name in names:
                total = total.joined(found[name, column, alone])
    return total


def promises(found):
    """Return the lines that say what is promised and what was reached."""
    lines = ["", "| | promised | reached |", "|---|---|---|"]
    for what, names in PROMISES:
        for dtype, errors in found.items():
            allowed = max((ROWS | POINTS)[name].allowed[dtype] for name in names)
            lines.append(f"| {what}, {dtype} | {allowed} ulp | {ours(errors, names)} |")
    every = (*SOFTMAX, *SUMS, *POINTS)
    lost = sum(ours(errors, every).lost for errors in found.values())
    count = sum(ours(errors, every).count for errors in found.values())
    lines.append(f"| normal numbers returned as 0 | none | {lost} of {count:,} |")
    tiny = ours(found["float64"], ("softmax", "gradient", "sigmoid", "sigmoid_slope"), alone=True)
    lines.append(f"| subnormal results, float64 | 1 of the smallest number | {tiny} |")
    excess = fsum([*dxent.softmax(families.a_million_classes("float64").logits[0]), -1.0])
    lines.append(f"| Σ p − 1 for a million classes | 1 ulp | {abs(excess) / np.finfo(float).eps:.2g} ulp |")
    return [*lines, *tested.lines()]


def circumstances():
    """Return a sentence that says when, where and with which versions this was measured."""
    versions = []
    for name in ("dxent", "numpy", "scipy", "torch", "jax", "scikit-learn", "mpmath"):
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    config = dxent.show_config()
    return fill(
        f"Measured by `make accuracy` on {datetime.now(UTC).date()} with {', '.join(versions)}; Python "
        f"{platform.python_version()} on {platform.system()}, {platform.machine()}, instruction set "
        f"{config['instruction_set']}.",
        width=110,
    )


def kept(dtype, found):
    """Tell whether this package keeps all its promises."""
    return all(ours(found, [name]).keeps(m.allowed[dtype]) for name, m in (ROWS | POINTS).items())


def main(count=20):
    """Write the page; return the exit code."""
    warnings.simplefilter("ignore")
    found = {dtype: results(dtype, count) for dtype in ("float64", "float32")}
    lines = [HEAD, circumstances(), *promises(found)]
    for dtype, errors in found.items():
        lines += table(dtype, errors)
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0 if all(kept(dtype, errors) for dtype, errors in found.items()) else 1


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        sys.exit(main(*map(int, sys.argv[1:])))
