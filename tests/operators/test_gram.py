"""The matrix of a batch's Hessian, and what it takes to form it."""

import tracemalloc

import numpy as np
import pytest

from dxent.kernels.rows import deviation
from dxent.operators import Design, Diagonal, SoftmaxCurvature, SoftmaxJacobian
from dxent.operators.gram import gram
from dxent.operators.ordering import multiply_out

rng = np.random.default_rng(8)
n, T, N = 7, 3, 4
X = rng.normal(size=(n, N))
e = np.exp(rng.normal(size=(n, T)))
p = e / e.sum(axis=1, keepdims=True)
w = rng.uniform(size=(n, 1))
MIDDLES = {
    "softmax": SoftmaxJacobian(p, 1 - p),
    "weighted": SoftmaxJacobian(p, 1 - p, (-1,), w),
    "curvature": SoftmaxCurvature(p, deviation(p, rng.normal(size=(n, T)), (-1,))),
    "diagonal": Diagonal(rng.normal(size=(n, T))),
}


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("H", MIDDLES.values(), ids=MIDDLES)
def test_gram_is_the_product(H, intercept):
    design = Design(X, (T,), intercept)
    expected = multiply_out((design.T, H, design))
    np.testing.assert_allclose((design.T @ H @ design).to_dense(), expected, rtol=1e-12, atol=1e-13)


def test_gram_of_one_output():
    design, d = Design(X, ()), rng.normal(size=n)
    np.testing.assert_allclose(
        (design.T @ Diagonal(d) @ design).to_dense(), X.T @ (d[:, None] * X), rtol=1e-13
    )


def test_other_operators_are_multiplied_out():
    across = SoftmaxJacobian(p / p.sum(axis=0), 1 - p / p.sum(axis=0), (-2,))
    design = Design(X, (T,))
    assert gram(design, across) is None
    dense = design.to_dense()
    np.testing.assert_allclose(
        (design.T @ across @ design).to_dense(), dense.T @ across.to_dense() @ dense, rtol=1e-11, atol=1e-14
    )


def test_a_large_batch_takes_little_memory():
    samples, classes, features = 20_000, 10, 20
    design = Design(np.ones((samples, features)), (classes,))
    uniform = np.full((samples, classes), 1 / classes)
    H = SoftmaxJacobian(uniform, 1 - uniform)
    tracemalloc.start()
    G = gram(design, H)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert G.shape == (classes * features,) * 2
    assert peak < 4 * design.features.nbytes
