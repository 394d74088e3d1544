"""Time one pass (loss, gradient, probabilities) beside NumPy's two matrix products and a softmax.

    python benchmarks/kernels.py [--repeats 15]

Both sides run on one thread, by turns, so that a busy machine slows both. The ratio's spread is over the
turns: its quartiles. A ratio above 1 says that the pass is faster.
"""

import argparse
import time

import numpy as np
from threadpoolctl import threadpool_limits

from dxent.kernels import dispatch

SHAPES = [(30_000, 784, 10), (200_000, 54, 7), (200_000, 54, 1), (20_000, 17, 26), (150, 4, 3)]


def make_problem(samples, features, outputs, dtype):
    """Return X, its centre, weights, labels and sample weights."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(samples, features)).astype(dtype)
    weights = (rng.normal(size=(outputs, features + 1)) / np.sqrt(features)).astype(dtype)
    labels = rng.integers(0, max(outputs, 2), samples)
    return X, X.mean(axis=0, dtype=np.float64), weights, labels, np.full(samples, 1 / samples)


def sized(shape):
    """Return a shape as text, thousands apart."""
    return " × ".join(f"{size:,}" for size in shape).replace(",", " ")


def numpy_pass(X, weights, labels, sample_weight):
    """Return loss, gradient and probabilities; without centring, which would cost NumPy a copy of X."""
    Z = X @ weights[:, :-1].T + weights[:, -1]
    if Z.shape[1] == 1:
        Z = np.column_stack([np.zeros_like(Z), Z])
    Z -= Z.max(axis=1, keepdims=True)
    probs = np.exp(Z)
    total = probs.sum(axis=1, keepdims=True)
    probs /= total
    rows = np.arange(len(X))
    loss = sample_weight @ (np.log(total[:, 0]) - Z[rows, labels])
    residuals = probs.copy()
    residuals[rows, labels] -= 1
    residuals *= sample_weight[:, None].astype(X.dtype)
    outputs = residuals[:, -len(weights) :]
    return loss, np.column_stack([outputs.T @ X, outputs.sum(axis=0)]), probs


def seconds(function, *arguments):
    """Return how long one call takes, after a pause in which the threads of the one before go to sleep."""
    time.sleep(0.2)
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def main():
    """Print a line for each shape and dtype."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    print(dispatch.show_config())
    print(f"{'samples × features × outputs':30} dtype    pass ms  NumPy ms   ratio (quartiles)")
    with threadpool_limits(1):
        for shape in SHAPES:
            for dtype in (np.float64, np.float32):
                X, centre, weights, labels, sample_weight = make_problem(*shape, dtype)
                ours = (dispatch.loss_pass, X, centre, weights, labels, sample_weight)
                theirs = (numpy_pass, X, weights, labels, sample_weight)
                pairs = np.array([(seconds(*ours), seconds(*theirs)) for _ in range(repeats + 1)])[1:]
                low, ratio, high = np.quantile(pairs[:, 1] / pairs[:, 0], [0.25, 0.5, 0.75])
                mine, numpy = 1e3 * np.median(pairs, axis=0)
                print(
                    f"{' × '.join(map(str, shape)):30} {dtype.__name__} {mine:8.3f} {numpy:9.3f}"
                    f"   {ratio:5.2f} ({low:.2f}–{high:.2f})"
                )


if __name__ == "__main__":
    main()
