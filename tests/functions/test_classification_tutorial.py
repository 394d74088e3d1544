"""Softmax classification with cross-entropy: the statements Q1–Q10 of the second classification tutorial
(P. Roelants, Softmax classification with cross-entropy), one test each."""

import numpy as np
import pytest

from dxent.functions import (
    CrossEntropy,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    sigmoid,
    softmax,
    softmax_cross_entropy,
)

rng = np.random.default_rng(2)
z, labels = rng.normal(size=(6, 4)), np.array([0, 1, 2, 3, 3, 0])
onehot = np.eye(4)[labels]
grid = np.stack(np.meshgrid(*[np.linspace(-10, 10, 33)] * 2), axis=-1)


def test_Q1_the_denominator_normalizes():
    e = np.exp(z)
    np.testing.assert_allclose(softmax(z), e / e.sum(axis=1, keepdims=True), rtol=1e-14)


def test_Q2_the_surface_of_two_classes():
    y = softmax(grid)
    assert y.shape == (33, 33, 2)
    np.testing.assert_allclose(y.sum(axis=-1), 1, rtol=1e-15)
    np.testing.assert_allclose(y[..., 0], sigmoid(grid[..., 0] - grid[..., 1]), rtol=1e-14)


def test_Q3_derivatives_by_case():
    y, J = softmax(z[0]), softmax.jacobian(z[0]).to_dense()
    for i in range(4):
        for j in range(4):
            assert J[i, j] == pytest.approx(y[i] * (1 - y[i]) if i == j else -y[i] * y[j], rel=1e-14)


def test_Q4_the_diagonal_looks_like_the_logistic_derivative():
    a = np.array([0.7, -0.4])
    J = softmax.jacobian(a).to_dense()
    slope = sigmoid.jacobian(a[0] - a[1]).entries
    np.testing.assert_allclose(J, [[slope, -slope], [-slope, slope]], rtol=1e-14)


def test_Q5_likelihood_is_a_product_over_classes():
    y = softmax(z)
    likelihood = np.prod(y**onehot)
    assert np.exp(-CrossEntropy(onehot, reduction="sum")(y)) == pytest.approx(likelihood, rel=1e-13)


def test_Q6_two_classes_are_the_logistic_loss():
    far = np.linspace(-800, 800, 201)
    pairs = np.stack([far, np.zeros_like(far)], axis=-1)
    for y in (0, 1):
        two = SoftmaxCrossEntropy(np.full(201, y), reduction="none")(pairs)
        one = SigmoidCrossEntropy(np.full(201, 1 - y), reduction="none")(far)
        np.testing.assert_allclose(two, one, rtol=4e-16, atol=0)


def test_Q7_a_batch_is_a_sum():
    each = softmax_cross_entropy(z, labels, reduction="none")
    assert each.shape == (6,)
    assert softmax_cross_entropy(z, labels, reduction="sum") == pytest.approx(each.sum(), rel=1e-15)
    assert softmax_cross_entropy(z, labels) == pytest.approx(each.mean(), rel=1e-15)
    by_loop = [SoftmaxCrossEntropy(y)(row) for row, y in zip(z, labels, strict=True)]
    np.testing.assert_array_equal(each, by_loop)


def test_Q8_the_chain_collapses_to_a_difference():
    loss = CrossEntropy(onehot, reduction="sum") @ softmax
    np.testing.assert_allclose(loss.gradient(z), softmax(z) - onehot, rtol=1e-12)
    np.testing.assert_allclose(loss.gradient(z, simplify=False), softmax(z) - onehot, rtol=1e-12)


def test_Q8_targets_that_do_not_add_to_one():
    t = rng.uniform(size=(6, 4))
    expected = softmax(z) * t.sum(axis=1, keepdims=True) - t
    loss = CrossEntropy(t, reduction="sum") @ softmax
    np.testing.assert_allclose(loss.gradient(z), expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(loss.gradient(z, simplify=False), expected, rtol=1e-12, atol=1e-15)


def test_Q9_the_same_form_as_the_logistic_result():
    two = SoftmaxCrossEntropy(0).gradient([1.3, 0.0])
    one = SigmoidCrossEntropy(1).gradient(1.3)
    np.testing.assert_allclose(two, [one, -one], rtol=1e-15)


def test_Q10_large_inputs_need_the_shift():
    with np.errstate(over="ignore"):
        assert np.exp(710.0) == np.inf
    np.testing.assert_allclose(softmax([710.0, 709.0]), softmax([1.0, 0.0]), rtol=1e-15)
