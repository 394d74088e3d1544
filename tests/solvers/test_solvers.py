"""Every solver reaches the optimum of convex problems that it knows nothing of."""

from dataclasses import replace
from itertools import islice, pairwise

import numpy as np
import pytest

from dxent.operators.elementary import Dense
from dxent.solvers.lbfgs import lbfgs
from dxent.solvers.newton import chord, newton
from dxent.solvers.newton_cg import conjugate_gradients, newton_cg, plain_newton_cg
from solvers.problems import Logistic, Quadratic, Scaling

SOLVERS = [newton, newton_cg, plain_newton_cg, lbfgs]


@pytest.fixture(params=[Quadratic, Logistic], ids=lambda kind: kind.__name__)
def problem(request):
    return request.param.draw()


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.__name__)
def test_it_reaches_the_optimum_and_never_climbs(problem, solver, precision):
    problem = replace(problem, precision=precision)
    path = [problem.evaluate(problem.start)]
    for here in solver(problem, path[0]):
        path.append(here)
        if np.linalg.norm(here.gradient) < 1e-10 or len(path) == 400:
            break
    assert len(path) < 400
    np.testing.assert_allclose(path[-1].point, problem.optimum, rtol=0, atol=1e-6)
    assert all(there.value <= here.value + here.rounding for here, there in pairwise(path))


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.__name__)
def test_it_ends_by_itself_where_nothing_improves(solver):
    """From an optimum known to the last bit there is nowhere to go."""
    problem = Quadratic(np.diag([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 4.0]))
    assert not list(solver(problem, problem.evaluate(np.ones(3))))


def test_newton_solves_a_quadratic_in_one_step():
    problem = Quadratic.draw()
    first = next(newton(problem, problem.evaluate(problem.start)))
    np.testing.assert_allclose(first.point, problem.optimum, rtol=1e-9)


def test_newton_is_quadratic_near_the_optimum():
    problem = Logistic.draw()
    near = problem.evaluate(problem.optimum + 1e-2)
    errors = [np.linalg.norm(here.point - problem.optimum) for here in islice(newton(problem, near), 2)]
    assert errors[0] < 1e-3
    assert errors[1] < 1e-7


def test_newton_cg_is_superlinear():
    problem = Logistic.draw()
    start = problem.evaluate(problem.start)
    sizes = [np.linalg.norm(here.gradient) for here in islice(newton_cg(problem, start), 25)]
    assert min(b / a for a, b in pairwise(sizes) if a > 1e-10) < 0.01


def test_chord_descends_with_the_hessian_of_a_point_nearby():
    problem = Logistic.draw()
    anchor, here = problem.evaluate(problem.optimum + 1e-3), problem.evaluate(problem.optimum - 1e-3)
    path = [here, *chord(problem, anchor, here)]
    assert 2 < len(path) < 12
    assert np.linalg.norm(path[-1].gradient) < 1e-12 * len(problem.M)


def test_chord_stops_where_the_hessian_is_no_guide():
    problem = Logistic.draw()
    anchor, here = problem.evaluate(problem.start), problem.evaluate(-problem.start)
    assert len(list(chord(problem, anchor, here))) <= 1


@pytest.mark.parametrize("tolerance", [0.5, 1e-2, 1e-6, 1e-10])
def test_conjugate_gradients_reach_the_residual_asked_for(tolerance):
    problem = Quadratic.draw()
    operator, M = problem.evaluate(problem.start).hessian, problem.preconditioner(None)
    x, products = conjugate_gradients(operator, problem.b, M, tolerance)
    residual = problem.b - problem.A @ x
    size, first = (np.sqrt(r @ M.apply(r)) for r in (residual, problem.b))
    assert size <= tolerance * first * (1 + 1e-6)
    assert 0 < products <= 10 * len(x)


def test_conjugate_gradients_with_the_exact_inverse_take_one_product():
    A = np.diag([1.0, 10.0, 1e4])
    x, products = conjugate_gradients(Dense(A, (3,), (3,)), np.ones(3), Scaling(np.diag(A)), 1e-12)
    assert products == 1
    np.testing.assert_allclose(x, 1 / np.diag(A), rtol=1e-14)


def test_conjugate_gradients_stop_where_there_is_no_curvature():
    flat = Dense(np.diag([0.0, 0.0]), (2,), (2,))
    x, products = conjugate_gradients(flat, np.array([3.0, 4.0]), Scaling(np.array([1.0, 2.0])), 1e-6)
    assert products == 1
    np.testing.assert_array_equal(x, [3.0, 2.0])


def test_conjugate_gradients_of_zero_are_zero():
    x, products = conjugate_gradients(Dense(np.eye(2), (2,), (2,)), np.zeros(2), Scaling(np.ones(2)), 0.1)
    assert products == 0
    assert not x.any()


def test_preconditioners_are_rebuilt_when_that_has_paid():
    built = []

    class Counting(Quadratic):
        def preconditioner(self, here):
            built.append(here.point)
            return super().preconditioner(here)

    problem = Counting(*(getattr(Quadratic.draw(), name) for name in ("A", "b")))
    for here in islice(lbfgs(problem, problem.evaluate(problem.start)), 40):
        last = here
    # at the start, after 11 steps, and after 21 more
    assert [len(built), last.point.shape] == [3, (12,)]


def test_newton_cg_goes_on_in_double_precision_where_single_is_of_no_use():
    class Overflowing(Dense):
        def mv(self, v):
            return super().mv(v) if v.dtype == np.float64 else np.full_like(v, np.nan)

    class Large(Quadratic):
        def evaluate(self, point):
            here = super().evaluate(point)
            return replace(here, hessian=Overflowing(self.A, point.shape, point.shape))

    problem = replace(Large.draw(), precision=np.float32)
    path = list(islice(newton_cg(problem, problem.evaluate(problem.start)), 50))
    np.testing.assert_allclose(path[-1].point, problem.optimum, rtol=0, atol=1e-6)
