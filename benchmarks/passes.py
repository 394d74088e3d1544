"""One pass over the data beside what the machine allows, with all threads on each side.

    python benchmarks/passes.py [--repeats 15]

The roofline is the longer of two times: that of reading X once at the bandwidth of a dot product of X with
itself, and that of the pass's 4 · samples · features · outputs operations at the rate of a large matrix
product. All take turns, so that a busy machine slows all.
"""

from __future__ import annotations

import argparse

import numpy as np
from reports import keep

from dxent.kernels import dispatch
from kernels import make_problem, numpy_pass, seconds, sized

SHAPES = (
    (60_000, 784, 10),
    (200_000, 54, 7),
    (200_000, 54, 1),
    (20_000, 17, 26),
    (20_000, 768, 100),
    (5_000, 20_000, 20),
)
SIDE = 2000


def row(shape: tuple[int, int, int], dtype: type, repeats: int) -> list[str | float]:
    """Return name, milliseconds of a pass, and the ratios."""
    X, centre, weights, labels, sample_weight = make_problem(*shape, dtype)
    flat, square = X.ravel(), np.ones((SIDE, SIDE), dtype)
    calls = (
        (dispatch.loss_pass, X, centre, weights, labels, sample_weight),
        (numpy_pass, X, weights, labels, sample_weight),
        (np.dot, flat, flat),
        (np.matmul, square, square),
    )
    turns = np.array([[seconds(*call) for call in calls] for _ in range(repeats + 1)])[1:]
    ours, numpy, reading, product = np.median(turns, axis=0)
    samples, features, outputs = shape
    computing = 4 * samples * features * outputs * product / (2 * SIDE**3)
    return [
        f"{sized(shape)}, {dtype.__name__}",
        1e3 * ours,
        numpy / ours,
        ours / reading,
        max(reading, computing) / ours,
    ]


def main() -> None:
    """Measure every shape in both precisions."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    keep("passes", [{
        "title": "One pass: loss, gradient, probabilities",
        "note": "samples × features × outputs; NumPy: two matrix products and a softmax.",
        "header": ["problem", "ms", "NumPy ÷ pass", "pass ÷ reading X once", "share of the roofline"],
        "rows": [row(shape, dtype, repeats) for shape in SHAPES for dtype in (np.float64, np.float32)],
    }])  # fmt: skip


if __name__ == "__main__":
    main()
