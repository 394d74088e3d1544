"""Fuzz the compiled kernels in a directory with bad labels, odd shapes and special values, on every level.

python tools/sanitized.py BUILD        as tools/sanitize.sh does, whose build ends the process at a finding
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np

SPECIAL = [np.inf, -np.inf, np.nan, 1e308, -1e308, 5e-324, 0.0, -746.0]
LABELS = [-1, -100, 2**63 - 1, -(2**63), 10**6]


def load(build: str) -> ModuleType:
    """Return the extension module found under a directory."""
    (path,) = Path(build).rglob("_native*.so")
    spec = importlib.util.spec_from_file_location("_native", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def logits(rng: np.random.Generator, samples: int, classes: int, dtype: str) -> np.ndarray:
    """Return logits of every size, some of them special values."""
    with np.errstate(over="ignore"):
        x = (rng.choice([1, 30, 1e3], (samples, 1)) * rng.normal(size=(samples, classes))).astype(dtype)
        x[rng.random(x.shape) < 0.05] = rng.choice(SPECIAL).astype(dtype)
    return x


def rows(native: ModuleType, rng: np.random.Generator) -> None:
    """Call every function of rows once, with labels of which a third are no class."""
    samples, classes = int(rng.integers(0, 40)), int(rng.choice([1, 2, 3, 7, 8, 9, 31, 32, 33, 65, 1000]))
    dtype = str(rng.choice(["f8", "f4"]))
    x = logits(rng, samples, classes, dtype)
    out, numbers = np.empty_like(x), np.empty(samples, dtype)
    for name in ("softmax", "complement", "log_softmax"):
        getattr(native, name)(x, out)
    native.logsumexp(x, numbers)
    labels = rng.integers(0, classes, samples)
    bad = rng.random(samples) < 1 / 3
    labels[bad] = rng.choice([*LABELS, classes], bad.sum())
    losses, scale = np.empty(samples), rng.random(samples)
    native.cross_entropy(x, labels, scale, losses)
    assert np.isnan(losses[bad]).all()
    native.cross_entropy(x, labels, scale, losses, out)
    for row, label in zip(x, labels, strict=True):
        in_parts(native, row, label, int(rng.integers(1, classes + 1)))
    p = rng.dirichlet(np.ones(classes), samples)
    native.softmax_product(p, x.astype("f8"), np.empty_like(p))
    z = x.astype("f8").ravel()
    for name in ("sigmoid", "sigmoid_slope", "softplus"):
        getattr(native, name)(z, np.empty_like(z))


def in_parts(native: ModuleType, row: np.ndarray, label: int, cut: int) -> None:
    """Call the functions of rows on two parts of one row."""
    total = np.array([row.max(), 0.0, 0.0, 0.0])
    for part in (row[:cut], row[cut:]):
        sums = np.empty(3)
        native.part_of_total(part, total[0], sums)
        total[1:] += sums
    for part in (row[None, :cut], row[None, cut:]):
        if part.size:
            out, loss = np.empty_like(part), np.empty(1)
            for name in ("softmax", "complement", "log_softmax"):
                getattr(native, name)(part, out, total)
            native.logsumexp(part, np.empty(1, row.dtype), total)
            native.cross_entropy(part, np.array([label]), np.ones(1), loss, out, total)


def passes(native: ModuleType, rng: np.random.Generator) -> None:
    """Call the kernels of a fit once, on a matrix of any layout."""
    samples, features, outputs = (int(n) for n in rng.integers((0, 0, 1), (50, 40, 20)))
    features += 1000 * int(rng.random() < 0.2)
    X = np.abs(9 * rng.normal(size=(2 * samples, features))).astype(str(rng.choice(["f8", "f4", "u1"])))[::2]
    X = np.asfortranarray(X) if rng.random() < 0.5 else X
    W = rng.normal(size=(outputs, features + int(rng.integers(2))))
    centre = rng.normal(size=features) if rng.random() < 0.5 else None
    labels, weight = rng.integers(0, max(outputs, 2), samples), rng.random(samples)
    labels[rng.random(samples) < 0.2] = rng.choice(LABELS)
    _, _, probs = native.loss_pass(X, centre, W, labels, weight)
    native.hessian_pass(X, centre, probs, weight, W)
    native.hessian_pass(X, centre, probs, weight, W.astype("f4"))
    classes = np.arange(probs.shape[1])
    for rounded in (probs, probs.astype("f4")):
        native.pair_grams(
            X[:, :70], None, rounded, weight, classes, classes[::-1].copy(), bool(rng.integers(2))
        )
    changes(native, rng, W)
    native.logits(X, centre, W)
    native.pullback(X, centre, rng.normal(size=(samples, outputs)), bool(rng.integers(2)))
    native.column_spread(X, rng.normal(size=features), weight * (weight > 0.2), rng.random(features))
    Z = logits(rng, samples, outputs, "f8")
    native.weighted_cross_entropy(Z, labels, weight, np.empty(probs.shape), np.empty(Z.shape))
    native.weighted_softmax_jacobian(probs, Z, weight, np.empty(Z.shape))
    native.weighted_loss_slope(Z, np.asfortranarray(Z) if rng.random() < 0.5 else Z, 0.5, labels, weight)
    drawn = rng.integers(0, samples, 7 * min(samples, 1))
    native.draw_pairs(probs, drawn, rng.random((2, len(drawn))))


def changes(native: ModuleType, rng: np.random.Generator, W: np.ndarray) -> None:
    """Turn a matrix into contrasts and back, in any precision and order."""
    W = W[:1] if len(W) == 2 else W  # two classes have one output
    outputs, columns = W.shape
    order, dtype = str(rng.choice(["C", "F"])), str(rng.choice(["f8", "f4"]))
    theta = np.empty((outputs - (outputs > 1), columns), dtype, order)
    native.to_contrasts(np.asarray(W, order=order), np.ones(columns), theta)
    native.to_outputs(theta, np.ones(columns), np.empty((outputs, columns), "f8", order))


def sparse(native: ModuleType, rng: np.random.Generator) -> None:
    """Multiply a sparse matrix with a dense one of any width, and pass over its rows."""
    rows, features, outputs = (int(n) for n in rng.integers((0, 1, 1), (90, 40, 150)))
    starts = np.concatenate([[0], np.cumsum(rng.integers(0, 50, rows))])
    columns = rng.integers(0, features, starts[-1]).astype(str(rng.choice(["i4", "i8"])))
    values, dense = (("f8", "f8"), ("f4", "f8"), ("f4", "f4"))[int(rng.integers(3))]
    out = np.empty((rows, outputs), dense, str(rng.choice(["C", "F"])))
    B, u, v = rng.normal(size=(features, outputs)).astype(dense), np.ones(rows), np.ones(outputs)
    csr = rng.normal(size=starts[-1]).astype(values), columns, starts
    native.sparse_product(*csr, B, u, v, out)
    assert np.isfinite(out).all()
    places, drawn = rng.integers(-1, 5, features), rng.integers(0, rows, 7 * min(rows, 1))
    native.sparse_gather(*csr, drawn, places, np.zeros((len(drawn), 5)))
    csr = (None if rng.random() < 0.3 else csr[0]), columns, starts
    labels, weight = rng.integers(0, max(outputs, 2), rows), rng.random(rows)
    labels[rng.random(rows) < 0.2] = rng.choice(LABELS)
    probs = np.full((rows, max(outputs, 2)), np.nan, dense)
    native.sparse_loss_pass(*csr, B.T, v, labels, weight, probs)
    native.sparse_hessian_pass(*csr, probs, weight, B.T, v)
    native.sparse_column_spread(*csr, rng.normal(size=features), weight)
    classes = np.arange(min(probs.shape[1], 4))
    native.sparse_pair_grams(*csr, features, probs, weight, classes, classes[::-1].copy())


def main(build: str, rounds: int = 300) -> None:
    """Fuzz every instruction set."""
    native = load(build)
    for level in native.instruction_sets():
        native.use(level)
        rng = np.random.default_rng(0)
        for _ in range(rounds):
            rows(native, rng)
            passes(native, rng)
            sparse(native, rng)
        print(f"{level}: {rounds} rounds without a finding")


if __name__ == "__main__":
    main(sys.argv[1])
