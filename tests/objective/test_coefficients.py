"""From θ to coefficients and back: no digit is lost, whatever the offset of the columns."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from dxent.data.blocks import Rows
from dxent.objective.coefficients import effective, plus_product, raw
from dxent.objective.objective import Objective
from dxent.objective.rank import null_space
from dxent.objective.scaling import coordinates, moments
from objective.problems import draw


@pytest.mark.parametrize("size", [1.0, 1e-9, 1e9, 1e150])
def test_a_bias_plus_a_product_is_rounded_once(size):
    rng = np.random.default_rng(0)
    coef, centre = rng.normal(size=(3, 7)), rng.normal(size=7) * size
    bias = -(coef @ centre) + rng.normal(size=3)
    exact = [
        float(Fraction(b) + sum(Fraction(w) * Fraction(m) for w, m in zip(row, centre.tolist(), strict=True)))
        for b, row in zip(bias.tolist(), coef.tolist(), strict=True)
    ]
    np.testing.assert_array_equal(plus_product(bias, coef, centre), exact)


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("offset", [0.0, 1e6, 1e9])
def test_there_and_back(classes, intercept, offset):
    data = draw(0, classes=classes)
    objective = replace(data, X=data.X + offset).objective(0.1, intercept)
    theta = np.random.default_rng(1).normal(size=objective.size)
    coef, intercepts = raw(objective, theta)
    assert coef.shape == (1 if classes == 2 else classes, 3)
    assert intercept or not intercepts.any()
    # what comes back is θ but for the rounding of an intercept of the size of the offset
    error = 4 * np.finfo(float).eps * (np.abs(intercepts).max() + np.abs(theta).max())
    np.testing.assert_allclose(effective(objective, coef, intercepts), theta, rtol=0, atol=error)


def test_free_directions_are_left_out_of_both():
    data = draw(0)
    X = np.column_stack([data.X, data.X[:, 0]])
    rows = Rows.of(X, data.labels, data.sample_weight, 3)
    coords = coordinates(rows, moments(rows), 0.0, True)
    gauge = null_space(rows, coords)
    objective = Objective.of(rows, coords, moments(rows), 0.0, gauge=gauge)
    theta = np.random.default_rng(1).normal(size=objective.size)
    coef, intercepts = raw(objective, theta)
    np.testing.assert_allclose(coef[:, 0], coef[:, 3], atol=1e-14)
    back = effective(objective, coef, intercepts)
    np.testing.assert_allclose(back.reshape(coords.shape) @ gauge, 0, atol=1e-14)
    np.testing.assert_allclose(raw(objective, back)[0], coef, atol=1e-13)
