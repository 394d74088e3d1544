"""The promises that tests keep rather than tables of errors, each with a figure."""

from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from accuracy import families
from dxent.functions import SoftmaxCrossEntropy, sigmoid

TESTS = Path(__file__).resolve().parents[1]


class _Counts:
    """How many tests ran, and how many of them passed."""

    ran = passed = 0

    def pytest_runtest_logreport(self, report):
        if report.when == "call" and not report.skipped:
            self.ran += 1
            self.passed += report.passed


def passed(path, pattern=""):
    """Run the tests of a file whose names match, and say how many of them passed."""
    counts = _Counts()
    with redirect_stdout(StringIO()):
        pytest.main(["-q", "-p", "no:cacheprovider", "-k", pattern, str(TESTS / path)], plugins=[counts])
    assert counts.ran
    return f"{counts.passed} of {counts.ran} tests in `tests/{path}` pass"


def asymmetry(dtype):
    """Return the largest of |H − Hᵀ|, |H 1| and |σ′(z) − σ′(−z)| over all families."""
    found = [0.0]
    for family in families.rows(dtype, 4).values():
        if family.logits.shape[1] <= 10:
            H = SoftmaxCrossEntropy(family.labels, reduction="sum").hessian(family.logits)
            dense = H.to_dense()
            found += [np.abs(dense - dense.T).max(), np.abs(H.mv(np.ones_like(family.logits))).max()]
    for z in families.points(dtype, 200).values():
        found.append(np.abs(sigmoid.jacobian(z).entries - sigmoid.jacobian(-z).entries).max())
    return float(np.max(found))


def lines():
    """Return the lines of the table of promises."""
    bad = "functions/test_bad_input.py"
    rows = [f"row_{n}_" for n in range(1, 17)]
    sizes = " and ".join(f"{asymmetry(dtype):.2g} ({dtype})" for dtype in ("float64", "float32"))
    return [
        "| integers, half precision, masks, one class or none | right, or an error that says what to do "
        f"| {passed(bad, ' or '.join(rows))} |",
        "| infinities, NaN, the ends of the range | the [table](special-values.md), without a warning "
        f"| {passed('accuracy/test_special.py')} |",
        f"| symmetry: Hᵀ = H, H 1 = 0, σ′(z) = σ′(−z) | bit for bit | largest difference {sizes} |",
        "| labels that are no class | no access out of bounds "
        f"| {passed(bad, 'label')}; no finding in 300 rounds of `tools/sanitize.sh` on each level |",
    ]
