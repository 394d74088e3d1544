"""The logistic function and binary cross-entropy: the statements P1–P12 of the first classification tutorial
(P. Roelants, Logistic classification with cross-entropy), one test each."""

import mpmath
import numpy as np
import pytest

from dxent.functions import (
    BinaryCrossEntropy,
    Linear,
    SigmoidCrossEntropy,
    log_sigmoid,
    logit,
    sigmoid,
    sigmoid_cross_entropy,
)
from dxent.operators import Diagonal, is_psd

rng = np.random.default_rng(1)
z = np.linspace(-8, 8, 101)


def test_P1_the_logistic_function():
    assert sigmoid(0) == 0.5
    assert (np.diff(sigmoid(z)) > 0).all()
    np.testing.assert_allclose(sigmoid(-z), 1 - sigmoid(z), rtol=1e-12)


def test_P2_the_probability_of_the_other_class_keeps_its_digits():
    assert 1 - sigmoid(40) == 0
    assert sigmoid(-40) == pytest.approx(4.248354255291589e-18, rel=1e-15)


def test_P3_log_odds_are_the_input():
    np.testing.assert_allclose(log_sigmoid(z) - log_sigmoid(-z), z, rtol=1e-13, atol=1e-15)
    far = np.linspace(-36, 36, 145)
    # σ(z) is rounded to half an ulp of itself, which is e^|z| times that in the log-odds.
    error = np.abs(logit(sigmoid(far)) - far)
    assert (error <= 4 * np.finfo(float).eps * (np.exp(np.abs(far)) + np.abs(far) + 1)).all()
    assert (log_sigmoid(800.0) - log_sigmoid(-800.0)) == 800


def test_P4_derivative_of_the_logistic_function():
    J = sigmoid.jacobian(z)
    assert isinstance(J, Diagonal)
    y = sigmoid(z)
    np.testing.assert_allclose(J.entries, y * (1 - y), rtol=1e-12)
    assert J.entries.max() == J.entries[50] == 0.25
    np.testing.assert_array_equal(J.entries, sigmoid.jacobian(-z).entries)
    np.testing.assert_array_equal(sigmoid.jacobian([-800.0, 800.0]).entries, [0.0, 0.0])


def test_P5_likelihood_of_independent_events_is_a_product():
    p, t = sigmoid(rng.normal(size=6)), rng.integers(0, 2, 6)
    likelihood = np.prod(p**t * (1 - p) ** (1 - t))
    assert np.exp(-BinaryCrossEntropy(t, reduction="sum")(p)) == pytest.approx(likelihood, rel=1e-13)


def test_P6_the_logarithm_avoids_underflow():
    p = np.full(1000, 1e-4)
    assert np.prod(p) == 0.0
    log_likelihood = -BinaryCrossEntropy(np.ones(1000), reduction="sum")(p)
    assert log_likelihood == pytest.approx(-9210.340372, abs=5e-7)


def test_P7_the_negative_log_likelihood():
    p, t = sigmoid(rng.normal(size=6)), rng.uniform(size=6)
    expected = -np.sum(t * np.log(p) + (1 - t) * np.log(1 - p))
    assert BinaryCrossEntropy(t, reduction="sum")(p) == pytest.approx(expected, rel=1e-13)


def test_P8_one_case_for_each_target():
    assert BinaryCrossEntropy(1)(0.3) == pytest.approx(-np.log(0.3), rel=1e-15)
    assert BinaryCrossEntropy(0)(0.3) == pytest.approx(-np.log(0.7), rel=1e-15)


def test_P9_zero_when_right_and_unbounded_when_wrong():
    assert sigmoid_cross_entropy(np.inf, 1) == 0
    assert sigmoid_cross_entropy(-800, 1) == 800
    assert BinaryCrossEntropy(1)(0.0) == np.inf
    assert BinaryCrossEntropy(1)(1.0) == 0


def test_P10_convex_in_the_weights():
    X, t = rng.normal(size=(20, 3)), rng.integers(0, 2, 20)
    loss = SigmoidCrossEntropy(t, reduction="sum") @ Linear(X)
    w, v = rng.normal(size=(2, 3))
    y = sigmoid(X @ w)
    H = loss.hessian(w)
    assert is_psd(H)
    np.testing.assert_allclose(H.to_dense(), X.T @ np.diag(y * (1 - y)) @ X, rtol=1e-12)
    assert np.linalg.eigvalsh(H.to_dense())[0] >= -1e-14
    assert loss((w + v) / 2) <= (loss(w) + loss(v)) / 2


def test_P11_derivative_in_the_probability():
    y, t = sigmoid(z), np.where(z > 1, 1.0, 0.25)
    gradient = BinaryCrossEntropy(t, reduction="sum").gradient(y)
    np.testing.assert_allclose(gradient, (y - t) / (y * (1 - y)), rtol=1e-10)


def test_P12_derivative_in_the_input_is_the_difference():
    t = (z > 1).astype(float)
    loss = BinaryCrossEntropy(t, reduction="sum") @ sigmoid
    np.testing.assert_allclose(loss.gradient(z), sigmoid(z) - t, rtol=1e-12)
    np.testing.assert_allclose(loss.gradient(z, simplify=False), sigmoid(z) - t, rtol=1e-12)


def test_P12_the_product_fails_where_the_difference_does_not():
    loss = BinaryCrossEntropy([1.0, 0.0], reduction="sum") @ sigmoid
    far = np.array([-800.0, 800.0])
    assert np.isnan(loss.gradient(far, simplify=False)).all()
    np.testing.assert_array_equal(loss.gradient(far), [-1.0, 1.0])


def test_P12_the_difference_keeps_its_digits_in_both_tails():
    for far, t in ((40.0, 1), (-40.0, 0), (700.0, 1)):
        with mpmath.workdps(400):
            exact = mpmath.mpf(1) / (1 + mpmath.exp(-mpmath.mpf(far))) - t
        assert SigmoidCrossEntropy(t).gradient(far) == pytest.approx(float(exact), rel=1e-15)
