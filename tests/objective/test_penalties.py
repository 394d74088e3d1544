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
    penalty.add_to(H, free)
    np.testing.assert_array_equal(H, H.T)
    np.testing.assert_allclose(H @ theta.ravel(), penalty.apply(theta).ravel(), atol=1e-14)
    np.testing.assert_allclose(theta.ravel() @ H @ theta.ravel() / 2, penalty.value(theta), rtol=1e-13)
    ridge = np.sum(STRENGTHS * theta**2) / 2
    gauge = 0 if penalty.gauge is None else np.linalg.norm(theta @ penalty.gauge) ** 2 / 2
    np.testing.assert_allclose(penalty.value(theta), ridge + gauge, rtol=1e-13)


def test_it_is_added_in_the_precision_of_the_matrix(penalty):
    H = np.ones((8, 8), np.float32)
    penalty.add_to(H, 2)
    assert H.dtype == np.float32
    assert (H[:4, 4:] == 1).all()
