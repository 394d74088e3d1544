"""What an estimator remembers: warm starts, copies, interrupts, failures, threads."""

import pickle

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine

from dxent import LogisticRegression
from dxent.estimators import NotCertifiedWarning, checks, search
from dxent.kernels import threads, tiles

X, y = load_iris(return_X_y=True)


@pytest.mark.parametrize("solver", ["newton", "newton-cg", "lbfgs"])
@pytest.mark.parametrize("intercept", [True, False])
def test_a_warm_start_from_the_optimum_stays_there(solver, intercept):
    model = LogisticRegression(solver=solver, warm_start=True, fit_intercept=intercept).fit(X, y)
    cold, coef = model.n_iter_[0], model.coef_.copy()
    model.fit(X, y)
    assert model.n_iter_[0] <= 1 < cold
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-9)


def test_a_warm_start_goes_on_where_the_last_fit_ended():
    model = LogisticRegression(warm_start=True, max_iter=2)
    with pytest.warns(NotCertifiedWarning, match="max_iter"):
        model.fit(X, y)
    reached = model.trace_[-1].objective
    model.set_params(max_iter=1000).fit(X, y)
    assert model.optimality_.certified
    np.testing.assert_allclose(model.trace_[0].objective, reached, rtol=1e-12)


@pytest.mark.parametrize("solver", ["newton", "newton-cg", "lbfgs"])
def test_a_warm_start_from_far_away_arrives(solver):
    """Where every row is certain of the wrong class the curvature says nothing of the way back."""
    rng = np.random.default_rng(1)
    table = rng.normal(size=(80, 6)) + 0.3
    labels = table.sum(axis=1) + rng.logistic(size=80) > 0
    model = LogisticRegression(C=100, solver=solver, warm_start=True).fit(table, labels)
    best = model.trace_[-1].objective
    model.coef_ = np.full((1, 6), -20.0)
    model.fit(table, labels)
    assert model.optimality_.certified
    np.testing.assert_allclose(model.trace_[-1].objective, best, rtol=1e-8)


def test_row_68_a_warm_start_needs_the_same_features_and_classes():
    model = LogisticRegression(warm_start=True).fit(X, y)
    for other_X, other_y in [(X[:, :3], y), (X, y + 1), (X[y > 0], y[y > 0])]:
        with pytest.raises(ValueError, match=r"warm_start: .* 4 features and classes .*set warm_start=False"):
            model.fit(other_X, other_y)
    assert LogisticRegression(warm_start=False).fit(X, y).fit(X[:, :3], y).coef_.shape == (3, 3)


@pytest.mark.parametrize("classes", [2, 3])
def test_row_71_copies_predict_the_same_bits(classes):
    rows = y < classes
    model = LogisticRegression(C=2.0).fit(X[rows], y[rows])
    twin = pickle.loads(pickle.dumps(model))
    again = clone(model).fit(X[rows], y[rows])
    reset = LogisticRegression().set_params(**model.get_params()).fit(X[rows], y[rows])
    for other in (twin, again, reset):
        np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))
        assert other.optimality_ == model.optimality_
    assert twin.trace_ == model.trace_


def test_row_70_a_fit_that_fails_leaves_the_last_one_whole():
    model = LogisticRegression().fit(X, y)
    before = {name: pickle.dumps(value) for name, value in vars(model).items()}
    broken = X[:, :3].copy()
    broken[7, 1] = np.nan
    narrow, same, negative = X[:, :2], np.zeros(150), -np.ones(150)
    for words, *arguments in [
        ("NaN", broken, y),
        ("one class", narrow, same),
        ("sample_weight", narrow, y, negative),
    ]:
        with pytest.raises(ValueError, match=words):
            model.fit(*arguments)
        assert {name: pickle.dumps(value) for name, value in vars(model).items()} == before
    model.predict(X)


def test_row_70_a_first_fit_that_fails_leaves_nothing():
    model = LogisticRegression()
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.full((4, 2), np.nan), [0, 1, 0, 1])
    assert vars(model).keys() == model.get_params().keys()


@pytest.mark.parametrize("after", [1, 3])
def test_row_69_an_interrupt_keeps_the_newest_iterate_and_goes_on_up(after, monkeypatch):
    newton = search.SOLVERS["newton"].iterates

    def interrupted(problem, start):
        for number, here in enumerate(newton(problem, start)):
            if number + 1 == after:
                raise KeyboardInterrupt
            yield here

    monkeypatch.setitem(search.SOLVERS, "newton", search.Solver(interrupted, 5))
    model = LogisticRegression(solver="newton")
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert not model.optimality_.certified
    assert "interrupted" in model.optimality_.reason
    assert model.n_iter_.tolist() == [after - 1]
    assert model.predict_proba(X).shape == (150, 3)
    monkeypatch.undo()
    whole = LogisticRegression(solver="newton").fit(X, y)
    np.testing.assert_allclose(model.trace_[-1].objective, whole.trace_[after - 1].objective, rtol=1e-12)
    assert model.set_params(warm_start=True).fit(X, y).optimality_.certified


def test_row_69_an_interrupt_before_there_is_a_point_keeps_the_last_fit(monkeypatch):
    model = LogisticRegression().fit(X, y)
    before = pickle.dumps(vars(model))

    def interrupted(rows):
        raise KeyboardInterrupt

    monkeypatch.setattr(checks, "moments", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X[:, :2], y)
    assert pickle.dumps(vars(model)) == before


@pytest.mark.parametrize("store", [np.asarray, np.asfortranarray, np.float32, scipy.sparse.csr_matrix])
@pytest.mark.parametrize("solver", ["newton", "newton-cg", "lbfgs"])
def test_row_72_the_same_bits_for_any_number_of_threads(store, solver, monkeypatch):
    for name in ("ENTRIES_A_TILE", "WORK_A_TILE", "GRAM_ROWS_A_TILE"):  # tiles enough for four threads
        monkeypatch.setattr(tiles, name, 1 << 8)
    rng = np.random.default_rng(0)
    table, labels = store(rng.normal(size=(3000, 12)).round(1)), rng.integers(0, 3, size=3000)
    fits = []
    for count in (1, 2, 4):
        monkeypatch.setattr(threads, "thread_count", lambda count=count: count)
        fits.append(LogisticRegression(solver=solver).fit(table, labels))
    for other in fits[1:]:
        np.testing.assert_array_equal(other.coef_, fits[0].coef_)
        np.testing.assert_array_equal(other.intercept_, fits[0].intercept_)
        assert other.trace_ == fits[0].trace_


def test_row_72_the_same_fit_twice_has_the_same_bits():
    for solver in ("newton", "newton-cg", "lbfgs"):
        here, there = (LogisticRegression(solver=solver).fit(*load_wine(return_X_y=True)) for _ in range(2))
        np.testing.assert_array_equal(here.coef_, there.coef_)
        assert here.trace_ == there.trace_
