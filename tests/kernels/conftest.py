"""A random problem of any shape, memory layout and pair of dtypes."""

from dataclasses import dataclass

import numpy as np
import pytest


@dataclass(frozen=True, eq=False)
class Problem:
    X: np.ndarray
    centre: np.ndarray | None
    weights: np.ndarray
    direction: np.ndarray
    labels: np.ndarray
    sample_weight: np.ndarray

    @property
    def with_bias(self):
        return self.weights.shape[1] > self.X.shape[1]

    @property
    def arguments(self):
        return self.X, self.centre, self.weights, self.labels, self.sample_weight


def stored(X, data):
    return np.abs(9 * X).astype(data) if np.dtype(data).kind == "u" else X.astype(data)


@pytest.fixture
def make_problem():
    def make(samples, features, outputs, *, data="f8", arithmetic="f8", centre=True, bias=True, seed=0):
        rng = np.random.default_rng([seed, samples, features, outputs])
        shape = (outputs, features + bias)
        sample_weight = rng.random(samples)
        return Problem(
            X=stored(rng.normal(size=(samples, features)) + 1, data),
            centre=rng.normal(size=features) if centre else None,
            weights=(3 * rng.normal(size=shape) / np.sqrt(max(features, 1))).astype(arithmetic),
            direction=rng.normal(size=shape).astype(arithmetic),
            labels=rng.integers(0, max(outputs, 2), samples),
            sample_weight=sample_weight / max(sample_weight.sum(), 1e-300),
        )

    return make
