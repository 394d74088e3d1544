"""A search that begins with a sample of the rows: nearer, and never elsewhere than without."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from dxent import LogisticRegression
from dxent.data.blocks import Rows
from dxent.estimators import beginning, search
from dxent.estimators.plan import NEWTON_PASSES, SAMPLED_NEWTON_PASSES, newton_passes, plan
from objective.problems import draw

SHARES = np.log([0.7, 0.2, 0.1])


@pytest.fixture
def problem():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(12000, 4)) + np.array([0, 0, 0, 50])
    logits = np.column_stack([np.zeros(12000), X[:, 0] - X[:, 1], 2 * X[:, 2] + 0.5]) + SHARES
    return X, (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)


@pytest.fixture
def sampled(monkeypatch):
    monkeypatch.setattr(beginning, "LONG", 0)


@pytest.mark.parametrize("store", [np.asarray, np.float32, scipy.sparse.csr_matrix])
@pytest.mark.parametrize("solver", ["auto", "newton-cg", "lbfgs"])
@pytest.mark.parametrize("intercept", [True, False])
def test_it_starts_nearer_and_ends_at_the_same_optimum(
    problem, sampled, monkeypatch, store, solver, intercept
):
    X, y = store(problem[0]), problem[1]
    weights = np.arange(12000) % 3 * 1.0
    here = LogisticRegression(tol=1e-12, solver=solver, fit_intercept=intercept).fit(X, y, weights)
    monkeypatch.setattr(beginning, "LONG", np.inf)
    there = LogisticRegression(tol=1e-12, solver=solver, fit_intercept=intercept).fit(X, y, weights)
    assert here.optimality_.certified
    np.testing.assert_allclose(here.coef_, there.coef_, rtol=1e-5, atol=1e-6)
    least = there.trace_[-1].objective
    np.testing.assert_allclose(here.trace_[-1].objective, least, rtol=1e-12)
    assert here.trace_[0].objective - least < 0.1 * (there.trace_[0].objective - least)


def test_a_sample_of_a_sample_is_taken_where_there_are_many_rows(problem, sampled, monkeypatch):
    monkeypatch.setattr(beginning, "ROWS_A_PARAMETER", 1)
    monkeypatch.setattr(beginning, "ROWS_A_COLUMN", 0)
    sizes, plan = [], search.plan

    def noted(objective, *rest):
        sizes.append(objective.rows.samples)
        return plan(objective, *rest)

    monkeypatch.setattr(search, "plan", noted)
    assert LogisticRegression().fit(*problem).optimality_.certified
    assert len(sizes) == 3
    assert sizes[0] < sizes[1] < sizes[2] == 12000


def test_a_misleading_sample_is_forgotten(problem, sampled, monkeypatch):
    draw = Rows.sample

    def misled(rows, share, seed):
        (block,) = draw(rows, share, seed).blocks
        return replace(rows, blocks=[replace(block, labels=(block.labels + 1) % 3)])

    monkeypatch.setattr(Rows, "sample", misled)
    here = LogisticRegression(solver="newton").fit(*problem)
    monkeypatch.setattr(beginning, "LONG", np.inf)
    there = LogisticRegression(solver="newton").fit(*problem)
    assert [step.objective for step in here.trace_] == [step.objective for step in there.trace_]


def test_an_interrupt_during_the_sample_keeps_what_it_has_found(problem, sampled, monkeypatch):
    newton = search.SOLVERS["newton"].iterates

    def interrupted(objective, start):
        assert objective.rows.samples < 12000
        yield next(newton(objective, start))
        raise KeyboardInterrupt

    monkeypatch.setitem(search.SOLVERS, "newton", search.Solver(interrupted, 5))
    model = LogisticRegression(solver="newton")
    with pytest.raises(KeyboardInterrupt):
        model.fit(*problem)
    assert "interrupted" in model.optimality_.reason
    shares = np.bincount(problem[1]) / 12000
    assert model.trace_[0].objective < -shares @ np.log(shares)


def test_rare_columns_are_not_left_to_a_sample(problem, sampled, monkeypatch):
    X, y = problem[0], problem[1] > 0
    rare = np.zeros((12000, 3))
    rare[:90, 0] = rare[90:150, 1] = rare[150:190, 2] = 1
    monkeypatch.setattr(Rows, "sample", None)
    assert LogisticRegression().fit(np.column_stack([X, rare]), y).optimality_.certified
    with pytest.raises(TypeError):
        LogisticRegression().fit(X, y)


@pytest.mark.parametrize(
    ("start", "solvers"),
    [
        ("cold", ["plain newton-cg", "newton"]),
        ("warm", ["newton"]),
        ("sample", ["lbfgs", "newton-cg", "newton"]),
        ("sampled", ["lbfgs", "newton-cg", "newton"]),
    ],
)
def test_a_hessian_of_some_passes_is_formed_at_each_step_unless_a_sample_comes_first(start, solvers):
    objective = draw(0, samples=20_000, features=54, classes=7).objective(1e-3, True)
    assert SAMPLED_NEWTON_PASSES < newton_passes(objective) < NEWTON_PASSES
    assert [stage.solver for stage in plan(objective, "auto", 100, start)] == solvers
