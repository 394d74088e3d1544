"""One pass over sparse rows beside SciPy's products X W and Xᵀ R, which other fits spend their time on.

    python benchmarks/sparse_passes.py --data DIR [--repeats 15]

Our passes use all threads, SciPy's products have one. All take turns, so that a busy machine slows all.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from reports import keep
from sets import load

from dxent.kernels import dispatch
from kernels import seconds

SETS = ("20news", "reuters", "a9a", "ijcnn1")


def row(name: str, directory: Path, repeats: int) -> list[str | float]:
    """Return the set, SciPy's milliseconds, and ours with the ratio: of a pass, of a Hessian product."""
    X, y = load(name, directory)
    classes, labels = np.unique(y, return_inverse=True)
    outputs = 1 if len(classes) == 2 else len(classes)
    rng = np.random.default_rng(0)
    weights, direction = rng.normal(size=(2, outputs, X.shape[1] + 1)) / 100
    sample_weight, centre = np.full(len(y), 1 / len(y)), np.asarray(X.mean(axis=0)).ravel()
    design, tall = dispatch.prepare(X), np.ascontiguousarray(weights[:, :-1].T)
    probs = dispatch.loss_pass(design, centre, weights, labels, sample_weight)[2]
    residuals = np.ascontiguousarray(probs[:, -outputs:])
    calls = (
        (X.__matmul__, tall),
        (X.T.__matmul__, residuals),
        (dispatch.loss_pass, design, centre, weights, labels, sample_weight),
        (dispatch.hessian_pass, design, centre, probs, sample_weight, direction),
    )
    turns = np.array([[seconds(*call) for call in calls] for _ in range(repeats + 1)])[1:]
    forth, back, loss, hessian = 1e3 * np.median(turns, axis=0)
    scipy = forth + back
    what = f"{name}: {X.shape[0]} × {X.shape[1]} × {len(classes)}, {X.nnz} entries"
    return [what, scipy, loss, scipy / loss, hessian, scipy / hessian]


def main() -> None:
    """Measure every set."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    keep("sparse_passes", [{
        "title": "One pass over sparse rows",
        "note": "samples × features × classes; SciPy: X W and Xᵀ R, in one thread.",
        "header": ["set", "SciPy ms", "pass ms", "SciPy ÷ pass", "Hessian product ms", "SciPy ÷ product"],
        "rows": [row(name, options.data, options.repeats) for name in SETS],
    }])  # fmt: skip


if __name__ == "__main__":
    main()
