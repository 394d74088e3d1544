"""The ridge: value, gradient and Hessian of one quadratic form."""

import numpy as np
import pytest

from dxent.objective.penalties import L2

RNG = np.random.default_rng(0)
STRENGTHS = np.array([0.5, 2.0, 0.1, 0.0])


@pytest.fixture(params=[None, 1, 2], ids=["no gauge", "one direction", "two directions"])
def penalty(request):
    if request.param is None:
        return L2(STRENGTHS)
    return L2(STRENGTHS, np.linalg.qr(RNG.normal(size=(4, request.param)))[0])


@pytest.mark.parametrize("free", [1, 3])
def test_all_three_are_of_one_quadratic_form(penalty, free):
    theta = RNG.normal(size=(free, 4))
    H = np.zeros((4 * free, 4 * free))
    penalty.add_to(H.reshape(free, 4, free, 4), np.eye(free))
    np.testing.assert_array_equal(H, H.T)
    gradient = np.ones(theta.shape)
    penalty.add_gradient(theta, gradient)
    np.testing.assert_allclose(H @ theta.ravel() + 1, gradient.ravel(), atol=1e-14)
    np.testing.assert_allclose(theta.ravel() @ H @ theta.ravel() / 2, penalty.value(theta), rtol=1e-13)
    ridge = np.sum(STRENGTHS * theta**2) / 2
    gauge = 0 if penalty.gauge is None else np.linalg.norm(theta @ penalty.gauge) ** 2 / 2
    np.testing.assert_allclose(penalty.value(theta), ridge + gauge, rtol=1e-13)


def test_it_is_added_in_the_precision_of_the_matrix(penalty):
    block, exact = np.ones((1, 4, 1, 4), np.float32), np.ones((1, 4, 1, 4))
    penalty.add_to(block, np.full((1, 1), 2.0))
    penalty.add_to(exact, np.full((1, 1), 2.0))
    assert block.dtype == np.float32
    np.testing.assert_allclose(block, exact, rtol=1e-6)


def test_it_is_added_in_any_class_coordinates_and_for_some_columns():
    """In U = R θ the quadratic form has R⁻ᵀ R⁻¹ on the class side."""
    penalty = L2(STRENGTHS)
    R, theta, columns = RNG.normal(size=(3, 3)), RNG.normal(size=(3, 4)), np.array([0, 2])
    back, H = np.linalg.inv(R), np.zeros((3, 2, 3, 2))
    penalty.take(columns).add_to(H, back.T @ back)
    U = (R @ theta)[:, columns].ravel()
    some = np.zeros((3, 4))
    some[:, columns] = theta[:, columns]
    np.testing.assert_allclose(U @ H.reshape(6, 6) @ U / 2, penalty.value(some), rtol=1e-10)
