"""Units and offsets of the columns, order and scale of the weights: none of them changes the optimum."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_breast_cancer, load_iris, load_wine

from dxent import LogisticRegression
from objective.problems import Truth, draw

SETS = {
    "iris": load_iris(return_X_y=True),
    "wine": load_wine(return_X_y=True),
    "breast cancer": load_breast_cancer(return_X_y=True),
}


@pytest.fixture(params=SETS)
def named(request):
    return SETS[request.param]


@pytest.mark.parametrize("solver", ["newton", "newton-cg", "lbfgs"])
def test_row_52_features_moved_by_a_million(named, solver):
    X, y = named
    # the data at hand are those that the move leaves: their last digits are gone from both
    moved = X + 1e6
    here = LogisticRegression(tol=1e-14).fit(moved - 1e6, y)
    there = LogisticRegression(tol=1e-14, solver=solver).fit(moved, y)
    assert there.optimality_.certified
    np.testing.assert_allclose(there.trace_[-1].objective, here.trace_[-1].objective, rtol=1e-10)
    np.testing.assert_allclose(there.coef_, here.coef_, rtol=0, atol=1e-10)


@pytest.mark.parametrize("C", [1.0, 1e4])
def test_row_52_features_moved_by_a_billion(named, C):
    """Only what is left of the data counts; a warning would be an error here."""
    X, y = named
    moved = X + 1e9
    here = LogisticRegression(C=C).fit(moved - 1e9, y)
    there = LogisticRegression(C=C).fit(moved, y)
    assert there.optimality_.certified
    np.testing.assert_allclose(there.trace_[-1].objective, here.trace_[-1].objective, rtol=1e-7)
    # an intercept of size |coef| 1e9 has its own rounding, 1e-7 of a logit or so
    np.testing.assert_allclose(there.predict_log_proba(moved), here.predict_log_proba(moved - 1e9), atol=1e-4)
    np.testing.assert_allclose(there.coef_, here.coef_, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("offset", [1e3, -1e6])
def test_row_52_moved_rows_have_the_same_probabilities(offset):
    data = draw(0)
    data.X[:] = np.round(data.X * 1024) / 1024  # exact after the move
    here = LogisticRegression().fit(data.X, data.labels)
    there = LogisticRegression().fit(data.X + offset, data.labels)
    np.testing.assert_allclose(there.coef_, here.coef_, atol=1e-10)
    np.testing.assert_allclose(
        there.predict_proba(data.X + offset),
        here.predict_proba(data.X),
        atol=1e-9 * max(1, abs(offset) / 1e5),
    )


@pytest.mark.parametrize("exponent", [-40, -13, 13, 40])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("solver", ["newton", "newton-cg", "lbfgs"])
def test_row_53_a_column_in_another_unit_is_the_same_problem_under_another_penalty(exponent, classes, solver):
    """X diag(s) with the penalty λ is X with λ_j = λ/s_j²: that problem is solved by the textbook here."""
    data, strength = draw(11, classes=classes), 0.01
    unit = np.array([1.0, 2.0**exponent, 1.0])
    truth = Truth(data, strength, True)
    vars(truth)["strengths"] = np.append(strength / unit**2, 0.0)
    optimum = truth.minimise().astype(float)
    model = LogisticRegression(C=1 / (strength * 60), solver=solver, tol=1e-12)
    share = data.sample_weight / data.sample_weight.mean()
    model.fit(data.X * unit, data.labels, sample_weight=share)
    assert model.optimality_.certified
    np.testing.assert_allclose(model.coef_ * unit, optimum[:, :3], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(model.trace_[-1].objective, float(truth.value(optimum)), rtol=1e-11)


@pytest.mark.parametrize("C", [1.0, np.inf])
def test_row_53_columns_in_all_units_at_once(C):
    data = draw(12, samples=200, features=9, noise=5)
    unit = 10.0 ** np.array([-12, -9, -6, -3, 0, 3, 6, 9, 12])
    model = LogisticRegression(C=C).fit(data.X * unit, data.labels)
    assert model.optimality_.certified
    if np.inf == C:
        free = LogisticRegression(C=C).fit(data.X, data.labels)
        np.testing.assert_allclose(model.coef_ * unit, free.coef_, rtol=1e-7)


@pytest.mark.parametrize("scale", [1e-6, 7.0, 1e6])
def test_row_46_the_scale_of_the_weights_is_that_of_c(scale):
    data = draw(13)
    here = LogisticRegression(C=2.0, tol=1e-14).fit(data.X, data.labels, data.sample_weight)
    there = LogisticRegression(C=2.0 / scale, tol=1e-14).fit(data.X, data.labels, data.sample_weight * scale)
    np.testing.assert_allclose(there.coef_, here.coef_, rtol=1e-9)


def test_row_72_order_of_rows_columns_and_classes():
    data = draw(14, classes=4)
    rng = np.random.default_rng(0)
    rows, columns, classes = rng.permutation(60), rng.permutation(3), rng.permutation(4)
    here = LogisticRegression(tol=1e-14).fit(data.X, data.labels)
    there = LogisticRegression(tol=1e-14).fit(data.X[rows][:, columns], classes[data.labels[rows]])
    np.testing.assert_allclose(there.coef_[classes], here.coef_[:, columns], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(there.intercept_[classes], here.intercept_, rtol=1e-8, atol=1e-10)


def test_two_classes_are_a_softmax_at_half_the_c():
    """One row of weights is the difference of the two rows of a softmax."""
    data = replace(draw(15, classes=2), sample_weight=np.ones(60))
    model = LogisticRegression(C=0.7, tol=1e-14).fit(data.X, data.labels)
    softmax = Truth(data, 1 / (0.35 * 60), True)
    vars(softmax)["expand"] = np.eye(2)  # a row of weights for each of the two classes
    W = np.zeros((2, 4), np.longdouble)
    for _ in range(30):
        H = softmax.hessian(W) + np.kron(np.ones((2, 2)), np.eye(4))  # fills in what is common to both
        W = W - np.linalg.solve(H, softmax.gradient(W).ravel().astype(float)).reshape(2, 4)
    np.testing.assert_allclose(model.coef_[0], (W[1, :3] - W[0, :3]).astype(float), rtol=1e-9)
    np.testing.assert_allclose(model.intercept_[0], float(W[1, 3] - W[0, 3]), rtol=1e-9)


@pytest.mark.parametrize("C", [0.1, 100.0])
def test_sparse_columns_are_centred_without_filling_them(C):
    rng = np.random.default_rng(0)
    X = scipy.sparse.random_array((300, 30), density=0.1, format="csr", rng=rng)
    labels = rng.integers(0, 3, size=300)
    here, there = (LogisticRegression(C=C, tol=1e-14).fit(table, labels) for table in (X, X.toarray()))
    np.testing.assert_allclose(here.coef_, there.coef_, rtol=1e-8, atol=1e-10)
    assert here.optimality_.certified
