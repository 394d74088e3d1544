"""Far from the optimum L-BFGS reads the data in single precision: sooner there, and never elsewhere."""

import warnings
from itertools import chain, islice

import numpy as np
import pytest
import scipy.sparse
from scipy.special import log_softmax

from dxent import LogisticRegression
from dxent.estimators import NotCertifiedWarning, search
from dxent.estimators.run import Run
from dxent.kernels import choice
from dxent.objective.objective import Objective
from objective.problems import draw

DATA = draw(5, samples=600, features=12, classes=5, noise=0.5)
X, y = DATA.X, DATA.labels


@pytest.fixture
def looks(monkeypatch):
    """Whether each evaluation was rough, in their order."""
    seen, evaluation = [], Objective.evaluation

    def noted(objective, point, loss, gradient, hessian):
        seen.append(hessian.is_rough)
        return evaluation(objective, point, loss, gradient, hessian)

    monkeypatch.setattr(Objective, "evaluation", noted)
    return seen


@pytest.fixture(params=["once", "twice"])
def sweeps(request, monkeypatch):
    """Passes that read the matrix once, and that keep logits between two sweeps."""
    if request.param == "twice":
        monkeypatch.setattr(choice, "READING_ONCE", ())


@pytest.mark.parametrize("store", [np.asarray, np.float32, np.asfortranarray, scipy.sparse.csr_matrix])
@pytest.mark.parametrize("intercept", [True, False])
def test_the_first_steps_are_rough_and_the_optimum_is_the_same(sweeps, looks, monkeypatch, store, intercept):
    model = LogisticRegression(solver="lbfgs", tol=1e-12, fit_intercept=intercept).fit(store(X), y)
    last = len(looks) - looks[::-1].index(True)
    assert model.optimality_.certified
    assert looks[:2] == [False, True]
    assert not any(looks[last:])
    assert 3 < last < len(looks)
    monkeypatch.setattr(search, "FAR", np.inf)
    looks.clear()
    precise = LogisticRegression(solver="lbfgs", tol=1e-12, fit_intercept=intercept).fit(store(X), y)
    assert not any(looks)
    np.testing.assert_allclose(model.coef_, precise.coef_, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(model.trace_[-1].objective, precise.trace_[-1].objective, rtol=1e-12)


@pytest.mark.parametrize("given", [{"C": 1e-6}, {"C": np.inf}, {"solver": "newton"}])
def test_few_steps_a_missing_penalty_and_exact_hessians_need_every_digit(looks, given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotCertifiedWarning)
        LogisticRegression(**{"solver": "lbfgs", **given}).fit(X, y)
    assert looks
    assert not any(looks)


def test_rough_passes_end_where_they_tell_no_step_from_another(looks, monkeypatch):
    monkeypatch.setattr(Run, "is_far", lambda *given: True)
    model = LogisticRegression(solver="lbfgs", C=1e4, tol=1e-10).fit(X, y)
    last = len(looks) - looks[::-1].index(True)
    assert not any(looks[last:])
    assert 3 < last < len(looks)
    assert model.optimality_.certified


def some_steps(then):
    """L-BFGS that takes two steps where passes are rough, and ends as it is told."""
    lbfgs = search.SOLVERS["lbfgs"].iterates

    def iterates(problem, here):
        if not problem.count.rough:
            return lbfgs(problem, here)
        return chain(islice(lbfgs(problem, here), 2), then())

    return search.Solver(iterates, 50, takes_many=True)


def test_where_single_precision_finds_no_more_steps_double_goes_on(looks, monkeypatch):
    monkeypatch.setitem(search.SOLVERS, "lbfgs", some_steps(then=tuple))
    model = LogisticRegression(solver="lbfgs").fit(X, y)
    assert looks[:5] == [False, True, True, False, False]
    assert model.optimality_.certified
    assert model.trace_[3].objective < model.trace_[2].objective


def interrupt():
    raise KeyboardInterrupt
    yield


def test_an_interrupted_rough_search_is_judged_in_double_precision(looks, monkeypatch):
    monkeypatch.setitem(search.SOLVERS, "lbfgs", some_steps(then=interrupt))
    model = LogisticRegression(solver="lbfgs")
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert looks == [False, True, True, False]
    loss = -log_softmax(model.decision_function(X), axis=1)[np.arange(len(y)), y].mean()
    penalty = np.sum(model.coef_**2) / 2 / len(X)
    np.testing.assert_allclose(model.trace_[-1].objective, loss + penalty, rtol=1e-13)
    assert 0 < model.optimality_.relative_gap < np.inf
