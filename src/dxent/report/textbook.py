"""Every function of the package at a point, beside the formula that a textbook writes.

The formulas are analytic, so that a step into the complex plane differentiates them to full accuracy; they
are right at moderate points, which is all that a check of derivatives needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from dxent import functions as F
from dxent.functions import Function
from dxent.operators import Dense

__all__ = ["Known", "known_functions"]

Numbers = NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class Known:
    """A function, a point, and the textbook's formula where there is one."""

    f: Function
    x: Numbers
    formula: Callable[[Numbers], Any] | None = None


def softmax(z: Numbers) -> Numbers:
    """Divide exponentials by their sum, row by row."""
    probs: Numbers = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    return probs


def cross_entropy(p: Numbers, t: Numbers) -> Any:
    """Average −Σ t log p over the samples."""
    return -(t * np.log(p)).sum() / t.sum()


def binary_cross_entropy(p: Numbers, t: Numbers) -> Any:
    """Average −t log p − (1 − t) log(1 − p)."""
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()


def sigmoid(z: Numbers) -> Numbers:
    """Divide one by 1 + e^−z."""
    return 1 / (1 + np.exp(-z))


def known_functions() -> dict[str, Known]:
    """Return the functions by name; a variant is named after a comma."""
    rng = np.random.default_rng(17)
    z, W, X = rng.normal(size=(3, 4)), rng.normal(size=(4, 3)), rng.normal(size=(3, 3))
    return {**_elementwise(z), **_normalizers(z), **_linear(W, X), **_losses(z), **_compositions(W, X)}


def _elementwise(z: Numbers) -> dict[str, Known]:
    p = softmax(z / 3)
    return {
        "exp": Known(F.exp, z, np.exp),
        "log": Known(F.log, p, np.log),
        "sigmoid": Known(F.sigmoid, z, sigmoid),
        "log_sigmoid": Known(F.log_sigmoid, z, lambda z: -np.log(1 + np.exp(-z))),
        "softplus": Known(F.softplus, z, lambda z: np.log(1 + np.exp(z))),
        "logit": Known(F.logit, p, lambda p: np.log(p / (1 - p))),
        "tanh": Known(F.tanh, z, np.tanh),
        "square": Known(F.square, z, lambda z: z * z),
        "relu": Known(F.relu, z, lambda z: z * (z.real > 0)),
        "identity": Known(F.identity, z, lambda z: z),
        "function": Known(
            F.function(lambda x: x**3, lambda x: np.diag(3 * x**2)), z[0], lambda x: x * x * x
        ),
    }  # fmt: skip


def _normalizers(z: Numbers) -> dict[str, Known]:
    wide = np.array([[30.0, 0.0, -5.0, 29.0], [-40.0, 3.0, 2.0, 0.0], [0.5, 0.5, 0.5, 0.5]])
    return {
        "softmax": Known(F.softmax, z, softmax),
        "softmax, nearly one-hot": Known(F.softmax, wide, softmax),
        "softmax, axis=0": Known(F.Softmax(axis=0), z, lambda z: softmax(z.T).T),
        "log_softmax": Known(F.log_softmax, z, lambda z: np.log(softmax(z))),
        "logsumexp": Known(F.logsumexp, z, lambda z: np.log(np.exp(z).sum(axis=-1))),
    }


def _linear(W: Numbers, X: Numbers) -> dict[str, Known]:
    A, two, ones = W[:2], X[:, :2], np.ones((3, 1))
    return {
        "Linear": Known(F.Linear(X), W, lambda W: X @ W.T),
        "Linear, one sample": Known(F.Linear(X[0]), W, lambda W: W @ X[0]),
        "Affine": Known(F.Affine(two), W, lambda W: np.hstack([two, ones]) @ W.T),
        "Map": Known(F.Map(Dense(A, (3,), (2,))), X[0], lambda x: A @ x),
    }


def _losses(z: Numbers) -> dict[str, Known]:
    p, labels, events = softmax(z / 3), np.array([2, 0, 3]), np.array([[0, 1, 1, 0]] * 3)
    one_hot, soft = np.eye(4)[labels], softmax(z[::-1])
    return {
        "CrossEntropy": Known(F.CrossEntropy(labels), p, lambda p: cross_entropy(p, one_hot)),
        "CrossEntropy, soft targets": Known(F.CrossEntropy(soft), p, lambda p: cross_entropy(p, soft)),
        "BinaryCrossEntropy": Known(
            F.BinaryCrossEntropy(events), p, lambda p: binary_cross_entropy(p, events)
        ),
        "SoftmaxCrossEntropy": Known(
            F.SoftmaxCrossEntropy(labels), z, lambda z: cross_entropy(softmax(z), one_hot)
        ),
        "SoftmaxCrossEntropy, soft targets": Known(
            F.SoftmaxCrossEntropy(soft), z, lambda z: cross_entropy(softmax(z), soft)
        ),
        "SigmoidCrossEntropy": Known(
            F.SigmoidCrossEntropy(events), z, lambda z: binary_cross_entropy(sigmoid(z), events)
        ),
    }  # fmt: skip


def _compositions(W: Numbers, X: Numbers) -> dict[str, Known]:
    A, labels, events = W[:, :2].T, np.array([2, 0, 3]), np.array([1, 0, 1])
    return {
        "Composition": Known(
            F.CrossEntropy(labels) @ F.softmax @ F.Linear(X),
            W,
            lambda W: cross_entropy(softmax(X @ W.T), np.eye(4)[labels]),
        ),
        "Composition, logistic": Known(
            F.BinaryCrossEntropy(events) @ F.sigmoid @ F.Linear(X),
            W[0],
            lambda w: binary_cross_entropy(sigmoid(X @ w), events),
        ),
        "Composition, two layers": Known(
            F.CrossEntropy(1) @ F.softmax @ F.Map(Dense(A, (4,), (2,))) @ F.tanh @ F.Linear(X[0]),
            W,
            lambda W: cross_entropy(softmax(A @ np.tanh(W @ X[0])), np.array([0, 1])),
        ),
    }
