"""Value, gradient and Hessian are those of one function, and blocks, weights and storage do not matter."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from objective.problems import Truth, draw, raw

STRENGTH = 0.03


@pytest.fixture(params=[2, 3, 5], ids=lambda classes: f"{classes} classes")
def classes(request):
    return request.param


@pytest.fixture(params=[True, False], ids=["intercept", "no intercept"])
def intercept(request):
    return request.param


@pytest.fixture(params=["dense", "csr"])
def store(request):
    return scipy.sparse.csr_matrix if request.param == "csr" else np.asarray


@pytest.fixture(params=[np.float64, np.float32], ids=["float64", "float32"])
def dtype(request):
    return request.param


@pytest.fixture
def data(classes, store, dtype):
    plain = draw(classes, classes=classes)
    X = plain.X.astype(dtype)
    middle = np.median(X, axis=0)
    X[middle > X] = 0
    return replace(plain, X=store(X))


@pytest.fixture
def objective(data, intercept):
    return data.objective(STRENGTH, intercept, cuts=(7, 31))


@pytest.fixture
def point(objective):
    return np.random.default_rng(5).normal(size=objective.size)


def differences(f, point, h=1e-3):
    """Central differences of fourth order along each axis."""
    return np.stack(
        [
            (8 * (f(point + e) - f(point - e)) - (f(point + 2 * e) - f(point - 2 * e))) / (12 * h)
            for e in h * np.eye(point.size)
        ]
    )


def test_value_is_the_mean_loss_plus_the_penalty(data, objective, intercept, point):
    dense = data if isinstance(data.X, np.ndarray) else replace(data, X=data.X.toarray())
    truth = Truth(dense, STRENGTH, intercept)
    here = objective.evaluate(point)
    expected = float(truth.value(raw(objective, point)))
    assert abs(here.value - expected) <= here.rounding < 1e-13 * expected


def test_gradient_is_the_derivative_of_the_value(objective, point):
    gradient = differences(lambda x: objective.evaluate(x).value, point)
    np.testing.assert_allclose(objective.evaluate(point).gradient, gradient, rtol=0, atol=1e-10)


def test_hessian_is_the_derivative_of_the_gradient(objective, point):
    hessian = differences(lambda x: objective.evaluate(x).gradient, point, h=5e-4)
    np.testing.assert_allclose(objective.evaluate(point).hessian.to_dense(), hessian, rtol=0, atol=1e-10)


def test_steps_are_computed_in_single_precision_where_that_will_do(data, intercept):
    assert data.objective(STRENGTH, intercept).precision == np.float32
    assert data.objective(0.0, intercept).precision == np.float64
    few = np.where(data.labels == 0, 1e-9, data.sample_weight)
    assert replace(data, sample_weight=few).objective(STRENGTH, intercept).precision == np.float64
    far = replace(data, X=data.X.astype(np.float64) * 1e15)
    assert far.objective(STRENGTH, intercept).precision == np.float64
    if isinstance(data.X, np.ndarray):
        offset = data.X.astype(np.float64) + 1e6  # which dense rows lose in double precision
        assert replace(data, X=offset).objective(STRENGTH, intercept).precision == np.float32
        sparse = replace(data, X=scipy.sparse.csr_array(offset)).objective(STRENGTH, intercept)
        assert sparse.precision == (np.float64 if intercept else np.float32)


def test_products_with_the_hessian_are_those_of_its_matrix(objective, point):
    hessian = objective.evaluate(point).hessian
    products = np.stack([hessian.mv(e) for e in np.eye(objective.size)], axis=1)
    dense = hessian.to_dense()
    np.testing.assert_allclose(products, dense, rtol=0, atol=1e-13 * np.abs(dense).max())
    products = np.stack([hessian.mv(e) for e in np.eye(objective.size, dtype=np.float32)], axis=1)
    assert products.dtype == np.float32  # a product is computed in the precision of the vector
    np.testing.assert_allclose(products, dense, rtol=0, atol=1e-5 * np.abs(dense).max())
    np.testing.assert_allclose(dense, dense.T, rtol=0, atol=1e-14 * np.abs(dense).max())
    assert np.linalg.eigvalsh(dense).min() > 0


def test_blocks_do_not_matter(data, objective, intercept, point):
    one, many = data.objective(STRENGTH, intercept), objective
    for field in ("mean", "variance"):
        np.testing.assert_allclose(getattr(many.moments, field), getattr(one.moments, field), rtol=1e-13)
    here, there = one.evaluate(point), many.evaluate(point)
    np.testing.assert_allclose(there.value, here.value, rtol=1e-13)
    np.testing.assert_allclose(there.gradient, here.gradient, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(there.hessian.to_dense(), here.hessian.to_dense(), rtol=1e-12, atol=1e-14)


def test_weight_2_is_a_row_twice(data, intercept):
    vstack = np.concatenate if isinstance(data.X, np.ndarray) else scipy.sparse.vstack
    weight = np.where(np.arange(len(data.labels)) < 9, 2.0, 1.0)
    twice = replace(
        data,
        X=vstack([data.X, data.X[:9]]).astype(data.X.dtype),
        sample_weight=np.ones(69),
        labels=np.append(data.labels, data.labels[:9]),
    )
    if not isinstance(twice.X, np.ndarray):
        twice = replace(twice, X=twice.X.tocsr())
    heavy = replace(data, sample_weight=weight).objective(STRENGTH, intercept)
    repeated = twice.objective(STRENGTH, intercept)
    point = np.random.default_rng(6).normal(size=heavy.size)
    here, there = heavy.evaluate(point), repeated.evaluate(point)
    np.testing.assert_allclose(there.value, here.value, rtol=1e-13)
    np.testing.assert_allclose(there.gradient, here.gradient, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("step", [0.0, 0.3, 1.0, 50.0])
def test_the_slope_along_a_ray_is_that_of_the_gradient(objective, point, step):
    direction = np.random.default_rng(7).normal(size=objective.size)
    ray = objective.along(objective.evaluate(point), direction)
    expected = objective.evaluate(point + step * direction)
    np.testing.assert_allclose(ray.slope(step), expected.gradient @ direction, rtol=1e-10, atol=1e-12)
    there = ray.evaluate(step)
    np.testing.assert_allclose(there.value, expected.value, rtol=1e-12)
    np.testing.assert_allclose(there.gradient, expected.gradient, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(
        there.hessian.mv(direction), expected.hessian.mv(direction), rtol=1e-9, atol=1e-12
    )


def test_classes_come_back_along_a_ray_from_where_their_probability_is_zero(objective, point):
    here = objective.evaluate(3000 * point)
    assert any((probs == 0).any() for probs in here.hessian.probs)
    ray = objective.along(here, -here.point)
    for step in (0.5, 0.99, 1.0, 1.001, 2.0):
        expected = objective.evaluate((1 - step) * here.point).gradient @ -here.point
        np.testing.assert_allclose(ray.slope(step), expected, rtol=1e-9, atol=1e-9)


def test_passes_are_counted(objective, point):
    here = objective.evaluate(point)
    here.hessian.mv(point)
    here.hessian.to_dense()
    ray = objective.along(here, point)
    ray.slope(0.5)
    ray.slope(0.7)
    assert objective.count.passes == 3
    ray.evaluate(0.7)
    assert objective.count.passes == 4


def test_the_start_is_the_optimum_of_the_intercept_alone(objective, intercept):
    gradient = objective.evaluate(objective.start()).gradient.reshape(objective.coordinates.shape)
    assert not objective.start().reshape(objective.coordinates.shape)[:, :3].any()
    if intercept:
        np.testing.assert_allclose(gradient[:, -1], 0, atol=1e-15)
