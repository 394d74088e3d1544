"""Step lengths: full where possible, at rounding level too; none uphill."""

from dataclasses import replace

import numpy as np
import pytest

from dxent.solvers.line_search import flat_point, line_search
from solvers.problems import Logistic, Quadratic


def newton_step(here):
    return -np.linalg.solve(here.hessian.matrix, here.gradient)


def test_the_full_newton_step_of_a_quadratic_is_taken():
    problem = Quadratic.draw()
    here = problem.evaluate(problem.start)
    there = line_search(problem, here, newton_step(here), flatness=0.1)
    np.testing.assert_array_equal(there.point, here.point + newton_step(here))


@pytest.mark.parametrize("distance", [1e-5, 1e-7, 1e-9, 1e-11])
def test_full_steps_are_taken_where_values_no_longer_tell(distance):
    problem = Logistic.draw()
    here = problem.evaluate(problem.optimum + distance)
    problem.visited.clear()
    there = line_search(problem, here, newton_step(here), flatness=0.1)
    assert len(problem.visited) == 1
    assert np.linalg.norm(there.gradient) < max(1e-3 * np.linalg.norm(here.gradient), 1e-12)


@pytest.mark.parametrize("length", [1.0, 1e-3, 1e3])
def test_directions_that_do_not_descend_are_refused_unseen(length):
    problem = Logistic.draw()
    here = problem.evaluate(problem.start)
    problem.visited.clear()
    for direction in (length * here.gradient, np.zeros(6), np.full(6, np.nan)):
        assert line_search(problem, here, direction, flatness=0.5) is None
    assert not problem.visited


@pytest.mark.parametrize("problem", [Quadratic.draw(), Logistic.draw()], ids=["quadratic", "logistic"])
@pytest.mark.parametrize("length", [1e-9, 1e-3, 3.0, 1e2, 1e5])
@pytest.mark.parametrize("flatness", [0.1, 0.9])
def test_steps_of_the_wrong_length_are_mended(problem, length, flatness):
    here = problem.evaluate(problem.start)
    direction = length * newton_step(here)
    there = line_search(problem, here, direction, flatness=flatness)
    assert there.value < here.value
    assert abs(there.gradient @ direction) <= flatness * -(here.gradient @ direction) * (1 + 1e-9)


class Line:
    """A slope that is given as a function."""

    def __init__(self, slope):
        self.slope = slope


SHAPES = {  # each rises through 0 at 1
    "line": lambda t: t - 1,
    "exponential": lambda t: np.expm1(min(t, 1e2) - 1),
    "saturating": lambda t: np.tanh(t - 1),
    "cubic": lambda t: (t - 1) ** 3,
    "hockey stick": lambda t: min(max(-1.0, 20 * (t - 1)), 0.2),
}


@pytest.mark.parametrize("root", [1e-8, 0.3, 1.0, 7.0, 1e8])
@pytest.mark.parametrize("flatness", [0.5, 1e-3])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_flat_point_is_found_wherever_it_lies(root, flatness, shape):
    ray = Line(lambda t: float(SHAPES[shape](t / root)))
    first = ray.slope(0.0)
    step = flat_point(ray, first, ray.slope(1.0), flatness)
    assert abs(ray.slope(step)) <= flatness * -first
    # far up the flat side of a valley the slope is small too, but the value is not
    assert np.mean([ray.slope(t) for t in np.linspace(0, step, 1000)]) < 0


def test_a_slope_that_stays_negative_has_no_flat_point_but_long_steps_are_good():
    assert flat_point(Line(lambda t: -1.0), -1.0, -1.0, 0.5) > 1e15


def test_a_slope_that_jumps_up_at_once_has_none():
    assert flat_point(Line(lambda t: 1.0), -1.0, 1.0, 0.5) is None


def test_it_gives_up_where_no_step_decreases():
    """A gradient that lies: the value rises along what it calls a descent."""

    class Liar(Quadratic):
        def evaluate(self, point):
            return replace(honest.evaluate(point), gradient=-point, rounding=0.0)

    honest = Quadratic(np.eye(2), np.zeros(2))
    problem = Liar(np.eye(2), np.zeros(2))
    here = problem.evaluate(np.array([3.0, 4.0]))
    assert line_search(problem, here, here.point, flatness=0.5) is None
