"""The loop that follows a solver: why it ends, and where."""

from itertools import islice

import numpy as np
import pytest

from dxent.solvers.base import Step, descend
from dxent.solvers.newton import newton
from solvers.problems import Logistic, Quadratic


@pytest.fixture
def problem():
    return Logistic.draw()


def never(here):
    return False


@pytest.mark.parametrize("max_iter", [0, 1, 3])
def test_it_ends_after_max_iter_steps(problem, max_iter):
    start = problem.evaluate(problem.start)
    here, reason = descend(start, newton(problem, start), finished=never, max_iter=max_iter, patience=5)
    assert reason == "max_iter"
    expected = [start, *islice(newton(problem, start), max_iter)][-1]
    np.testing.assert_array_equal(here.point, expected.point)


def test_it_ends_at_the_first_iterate_that_is_finished(problem):
    seen, start = [], problem.evaluate(problem.start)

    def finished(here):
        seen.append(here)
        return np.linalg.norm(here.gradient) < 1e-6

    here, reason = descend(start, newton(problem, start), finished=finished, max_iter=100, patience=5)
    assert reason == "finished"
    assert here is seen[-1]
    assert np.linalg.norm(seen[-2].gradient) >= 1e-6
    np.testing.assert_allclose(here.point, problem.optimum, atol=1e-6)


def test_finished_is_said_even_at_the_last_iteration_allowed(problem):
    start = problem.evaluate(problem.start)
    _, reason = descend(start, newton(problem, start), finished=lambda here: True, max_iter=1, patience=5)
    assert reason == "finished"


def test_it_ends_where_the_solver_ends():
    problem = Quadratic(np.diag([1.0, 2.0]), np.array([1.0, 2.0]))
    start = problem.evaluate(np.zeros(2))
    here, reason = descend(start, newton(problem, start), finished=never, max_iter=100, patience=5)
    assert reason == "rounding floor"
    np.testing.assert_array_equal(here.point, [1, 1])
    assert descend(here, iter([]), finished=never, max_iter=100, patience=5) == (here, "rounding floor")


def test_it_ends_where_nothing_improves_any_more(problem):
    here, seen = problem.evaluate(problem.start), []
    stuck = iter([here] * 100)
    _, reason = descend(here, stuck, finished=seen.append, max_iter=100, patience=5)
    assert reason == "rounding floor"
    assert len(seen) == 5


def test_slow_progress_is_progress():
    """Values that fall by little more than their rounding go on to the end."""
    problem = Quadratic(np.eye(1), np.zeros(1))
    path = [problem.evaluate(np.array([x])) for x in np.linspace(2, 1, 50)]
    assert descend(path[0], iter(path[1:]), finished=never, max_iter=49, patience=5) == (path[-1], "max_iter")


def test_a_step_of_the_history_in_words():
    step = Step(iteration=3, objective=0.25, gradient_norm=1e-3, passes=9)
    assert str(step) == "iteration 3: objective 0.25, gradient 1.0e-03, 9 passes"
