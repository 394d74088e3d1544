"""Problems that others fail on: fitted and proved, or returned with a warning that says what they are.

The numbers are those of the list of bad inputs that the package is held to.
"""

import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_iris

from dxent import LogisticRegression, RankWarning
from dxent.estimators import NotCertifiedWarning
from dxent.kernels.compiled import native
from objective.problems import draw

X, y = load_iris(return_X_y=True)


@pytest.mark.parametrize("solver", ["newton", "newton-cg", "lbfgs"])
def test_row_47_to_49_separated_classes_without_a_penalty_are_not_certified(solver):
    """Complete separation, quasi-complete separation, and one class of three apart."""
    quasi = np.array([[-2.0], [-1.0], [0.0], [0.0], [1.0], [2.0]])
    for table, labels in [(X[:100], y[:100]), (quasi, [0, 0, 0, 1, 1, 1]), (X, y)]:
        model = LogisticRegression(C=np.inf, solver=solver)
        with pytest.warns(NotCertifiedWarning, match="separated.*finite C"):
            model.fit(table, labels)
        assert not model.optimality_.certified
        assert model.optimality_.gap_bound > 1e-12
        assert np.isfinite(model.coef_).all()


@pytest.mark.parametrize("solver", ["newton", "newton-cg", "lbfgs"])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("seed", range(12))
def test_row_48_a_class_that_a_column_excludes(solver, intercept, seed):
    """Two of three classes occur where the column is 1: one coefficient is infinite, no row is decided."""
    rng = np.random.default_rng(seed)
    column = np.repeat([1.0, 0.0], 20)
    labels = np.where(column == 1, rng.integers(1, 3, size=40), rng.integers(0, 3, size=40))
    with pytest.warns(NotCertifiedWarning, match=r"separated.*finite C"):
        model = LogisticRegression(C=np.inf, solver=solver, fit_intercept=intercept).fit(
            column[:, None], labels
        )
    assert model.optimality_.coef_distance_bound == np.inf
    assert model.optimality_.prob_factor_bound == np.inf


@pytest.mark.parametrize("solver", ["newton", "newton-cg", "lbfgs"])
@pytest.mark.parametrize("kind", ["tails", "integers", "cells"])
def test_almost_no_penalty_on_separated_classes(solver, kind):
    """Coefficients of hundreds, curvatures of 1e-10, and yet an optimum that is proved."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 12))
    X = {"tails": np.exp(3 * X), "integers": np.round(X), "cells": (X > 1).astype(float)}[kind]
    labels = (X @ rng.normal(size=(12, 4)) * 5 / np.abs(X).mean() + rng.gumbel(size=(80, 4))).argmax(axis=1)
    model = LogisticRegression(C=1e6, solver=solver, fit_intercept=False).fit(X, labels)
    assert model.optimality_.certified


@pytest.mark.parametrize("classes", [2, 3])
def test_row_50_dependent_columns_without_a_penalty(classes):
    data = draw(1, samples=100, classes=classes)
    whole = np.column_stack([data.X, 2 * data.X[:, 0] - data.X[:, 1], data.X[:, 2]])
    model = LogisticRegression(C=np.inf)
    with pytest.warns(RankWarning, match="Columns 0, 1, 2, 3, 4 are linearly dependent"):
        model.fit(whole, data.labels)
    small = LogisticRegression(C=np.inf).fit(data.X, data.labels)
    assert model.optimality_.certified
    np.testing.assert_allclose(model.decision_function(whole), small.decision_function(data.X), atol=1e-8)
    change = np.linalg.lstsq(data.X, whole, rcond=None)[0]
    shortest = small.coef_ @ np.linalg.pinv(change).T
    np.testing.assert_allclose(model.coef_, shortest, atol=1e-8)


def test_row_50_columns_are_named_and_independent_ones_left_out():
    import pandas

    data = draw(1, samples=100)
    table = pandas.DataFrame(np.column_stack([data.X, data.X[:, 0]]), columns=["left", "b", "c", "right"])
    with pytest.warns(RankWarning, match="Columns 'left', 'right' are"):
        LogisticRegression(C=np.inf).fit(table, data.labels)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 1e9, 1e-300])
def test_row_51_constant_columns_get_zero(value):
    constant = np.full((150, 1), value)
    here = LogisticRegression().fit(np.hstack([X, constant]), y)
    there = LogisticRegression().fit(X, y)
    assert not here.coef_[:, 4].any()
    np.testing.assert_allclose(here.coef_[:, :4], there.coef_, rtol=1e-9)
    assert here.optimality_.certified


def test_nothing_but_zeros_leaves_the_classes_equal():
    model = LogisticRegression(fit_intercept=False).fit(np.zeros((90, 3)), np.arange(90) % 3)
    assert model.optimality_.certified
    np.testing.assert_array_equal(model.coef_, np.zeros((3, 3)))


@pytest.mark.skipif(native is None, reason="NumPy forms Hessians from dense rows")
@pytest.mark.parametrize("C", [1.0, 1e6])
def test_where_rows_hold_next_to_nothing_a_hessian_costs_next_to_nothing(C):
    rng = np.random.default_rng(1)
    table = scipy.sparse.random_array((20_000, 100), density=0.002, rng=rng, format="csr")
    logits = table @ rng.normal(size=(100, 3)) * 3
    model = LogisticRegression(C=C).fit(table, (logits + rng.gumbel(size=logits.shape)).argmax(axis=1))
    assert model.optimality_.certified
    assert model.trace_[-1].passes < 60


@pytest.mark.parametrize("scale", [1e90, 1e99])
def test_row_54_huge_columns_are_fitted_in_scaled_coordinates(scale):
    here = LogisticRegression(C=np.inf).fit(X[50:] * scale, y[50:])
    there = LogisticRegression(C=np.inf).fit(X[50:], y[50:])
    np.testing.assert_allclose(here.coef_ * scale, there.coef_, rtol=1e-7)
    assert here.optimality_.certified


@pytest.mark.parametrize(
    ("samples", "features", "classes"), [(10, 50, 2), (10, 50, 3), (4, 30, 4), (2, 1, 2)]
)
@pytest.mark.parametrize("C", [1e-3, 1.0, 1e3])
def test_row_55_fewer_rows_than_columns_and_one_row_a_class(samples, features, classes, C):
    rng = np.random.default_rng(0)
    table, labels = rng.normal(size=(samples, features)), np.arange(samples) % classes
    model = LogisticRegression(C=C).fit(table, labels)
    assert model.optimality_.certified
    assert model.score(table, labels) > 1 / classes or C < 1


def test_row_56_a_class_of_one_in_a_million():
    table = np.zeros((2000, 1))
    table[0] = 1e-3
    labels, weight = np.arange(2000) % 2, np.where(np.arange(2000) % 2, 1e-6, 1.0)
    model = LogisticRegression().fit(table, labels, sample_weight=weight)
    assert model.optimality_.certified
    np.testing.assert_allclose(model.intercept_, np.log(1e-6), rtol=1e-8)


@pytest.mark.parametrize("C", [1e-300, 1e-12, 1e12, 1e300])
def test_row_58_strengths_at_the_ends_of_the_range(C):
    data = draw(2)
    model = LogisticRegression(C=C).fit(data.X, data.labels)
    assert model.optimality_.certified
    if C > 1:
        free = LogisticRegression(C=np.inf).fit(data.X, data.labels)
        np.testing.assert_allclose(model.coef_, free.coef_, rtol=1e-8)
    else:
        assert np.abs(model.coef_).max() < 1e3 * C


@pytest.mark.parametrize("max_iter", [0, 1])
def test_row_59_a_fit_cut_short_is_usable_and_says_so(max_iter):
    model = LogisticRegression(max_iter=max_iter)
    with pytest.warns(NotCertifiedWarning, match="max_iter"):
        model.fit(X, y)
    assert not model.optimality_.certified
    assert model.n_iter_.tolist() == [max_iter]
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    if max_iter == 0:
        np.testing.assert_allclose(model.predict_proba(X), 1 / 3, rtol=1e-12)


@pytest.mark.parametrize("solver", ["newton", "newton-cg", "lbfgs"])
def test_row_60_a_tolerance_below_rounding_ends_at_the_floor_and_says_so(solver):
    model = LogisticRegression(tol=0.0, solver=solver)
    with pytest.warns(NotCertifiedWarning, match="rounding"):
        model.fit(X, y)
    assert not model.optimality_.certified
    assert model.optimality_.relative_gap < 1e-13
    assert model.n_iter_ < 100


def test_row_62_explicit_zeros_and_empty_columns():
    table = np.hstack([X, np.zeros((150, 1))])
    here = LogisticRegression().fit(scipy.sparse.csr_matrix(table), y)
    np.testing.assert_allclose(here.coef_[:, :4], LogisticRegression().fit(X, y).coef_, rtol=1e-9)
    assert not here.coef_[:, 4].any()


def test_row_72_the_order_of_the_rows_does_not_matter():
    order = np.random.default_rng(0).permutation(150)
    here = LogisticRegression(tol=1e-14).fit(X, y)
    there = LogisticRegression(tol=1e-14).fit(X[order], y[order])
    np.testing.assert_allclose(here.coef_, there.coef_, rtol=1e-9)


def test_a_good_fit_says_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LogisticRegression().fit(X, y).predict(X)
