"""The follow-ups (P. Roelants, How to implement a neural network, parts 2 and 4): statements R1–R7, on the
page that reproduces them; and E37, on columns that never vary."""

import numpy as np
import pytest

from dxent import LogisticRegression, sigmoid
from dxent.objective.scaling import coordinates, moments
from objective.problems import Data
from tutorial.pages import run


@pytest.fixture(scope="module")
def page():
    return run("networks")[0]


def test_R1_the_chain_for_one_neuron_collapses(page):
    X, t, w = page["X"], page["t"], page["start"]
    assert X.shape == (40, 2)
    y = sigmoid(X @ w)
    factors = X * (y * (1 - y) * (y - t) / (y * (1 - y)))[:, None]
    np.testing.assert_allclose(page["total"].gradient(w), (X * (y - t)[:, None]).sum(axis=0), rtol=1e-13)
    np.testing.assert_allclose(page["total"].gradient(w), factors.sum(axis=0), rtol=1e-8)


def test_R2_the_coded_gradient_is_the_sum_not_the_mean_of_the_text(page):
    total, mean, start = page["total"], page["mean"], page["start"]
    np.testing.assert_allclose(total.gradient(start), [-38.60352, -14.93379], atol=5e-6)
    np.testing.assert_allclose(mean.gradient(start), [-0.96509, -0.37334], atol=5e-6)
    path = page["by_sum"]
    np.testing.assert_allclose(path[1], [-2.069824, -1.253310], atol=5e-7)
    np.testing.assert_allclose(path[3], [0.896702, 0.111248], atol=5e-7)
    np.testing.assert_allclose(path[10], [1.831320, 0.810023], atol=5e-7)
    np.testing.assert_allclose(page["by_mean"][10], [-3.518994, -1.812983], atol=5e-7)
    assert page["errors"](path[10]) == (2, 4)
    assert page["errors"](page["by_mean"][10]) == (18, 16)


def test_R3_the_maximum_of_the_likelihood(page):
    np.testing.assert_allclose(page["best"], [2.2281495355, 1.0396977819], atol=5e-10)
    assert page["total"](page["best"]) == pytest.approx(11.6452064814, abs=5e-11)
    assert page["errors"](page["best"]) == (2, 4)
    assert page["model"].optimality_.certified


def test_R4_without_a_bias_the_boundary_passes_through_the_origin(page):
    model = page["model"]
    assert model.intercept_ == 0
    np.testing.assert_array_equal(model.predict_proba([[0.0, 0.0]]), [[0.5, 0.5]])


def test_R5_back_propagation_is_the_chain_rule(page):
    for found, expected in zip((page["in_hidden"], page["in_output"]), page["by_hand"], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
    assert page["worst"] < 1.6e-8
    assert page["worst"] == pytest.approx(1.5e-8, rel=0.05)


def test_R6_momentum_classifies_every_point(page):
    assert page["history"][0] == pytest.approx(69.474, abs=5e-4)
    assert page["history"][300] == pytest.approx(0.3808, abs=5e-5)
    assert page["mistakes"] == 0


def test_R7_rounding_sends_one_half_to_the_other_class(page):
    assert page["half"] == 0.5
    assert np.around(page["half"]) == 0
    # On the line between the classes the estimator answers as scikit-learn does: the first class.
    assert page["model"].decision_function([[0.0, 0.0]]) == 0
    assert page["model"].predict([[0.0, 0.0]]) == 0


def test_E37_a_column_that_never_varies_is_left_at_scale_one():
    constant = Data(np.full((4, 1), 7.0), np.arange(4) % 2, np.ones(4), 2).rows()
    assert coordinates(constant, moments(constant), 0.0, True).scale == 1
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), rng.integers(0, 3, size=60)
    with_constant = np.column_stack([X, np.full(60, 7.0)])
    plain, wide = (LogisticRegression(tol=1e-12).fit(data, y) for data in (X, with_constant))
    np.testing.assert_allclose(wide.coef_[:, :2], plain.coef_, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(wide.coef_[:, 2], 0, atol=1e-9)
    np.testing.assert_allclose(wide.predict_proba(with_constant), plain.predict_proba(X), rtol=1e-6)
