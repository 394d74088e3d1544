"""The compiled kernels against their definitions, for all shapes, layouts and dtypes."""

from dataclasses import replace

import numpy as np
import pytest

from dxent.kernels import reference
from dxent.kernels.dispatch import native

pytestmark = pytest.mark.skipif(native is None, reason="needs the compiled kernels")


@pytest.fixture(params=native.instruction_sets() if native else ["none"], autouse=True)
def instruction_set(request):
    best = native.instruction_set()
    native.use(request.param)
    yield request.param
    native.use(best)


SHAPES = [
    (0, 3, 2),
    (9, 0, 3),
    (1, 1, 1),
    (2, 1, 2),
    (33, 1, 3),
    (7, 2, 1),
    (50, 16, 2),
    (129, 17, 3),
    (200, 54, 7),
    (65, 100, 10),
    (65, 1000, 10),
    (20, 448, 5),
    (41, 9, 11),
    (90, 5, 26),
    (31, 33, 48),
    (31, 33, 49),
    (20, 12, 60),
]
DTYPES = [("f8", "f8", 1e-12), ("f4", "f8", 1e-12), ("f4", "f4", 2e-5), ("f8", "f4", 2e-5)]


def assert_close(actual, expected, tolerance):
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    scale = np.max(np.abs(expected), initial=1.0)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale)


def assert_same_as_reference(problem, tolerance):
    X, centre, weights, _, sample_weight = problem.arguments
    expected = reference.loss_pass(*problem.arguments)
    for result, wanted in zip(native.loss_pass(*problem.arguments), expected, strict=True):
        assert_close(result, wanted, tolerance)
    hessian = (X, centre, expected[2], sample_weight, problem.direction)
    assert_close(native.hessian_pass(*hessian), reference.hessian_pass(*hessian), tolerance)
    Z = reference.logits(X, centre, weights)
    assert_close(native.logits(X, centre, weights), Z, tolerance)
    spread = (X, problem.direction[0, : X.shape[1]].astype(np.float64), sample_weight)
    assert_close(native.column_spread(*spread), reference.column_spread(*spread), 1e-12)
    back = (X, centre, Z, problem.with_bias)
    assert_close(native.pullback(*back), reference.pullback(*back), tolerance)


@pytest.mark.parametrize(("data", "arithmetic", "tolerance"), DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shapes_and_dtypes(make_problem, shape, data, arithmetic, tolerance):
    for seed, (centre, bias) in enumerate([(True, True), (True, False), (False, True), (False, False)]):
        problem = make_problem(*shape, data=data, arithmetic=arithmetic, centre=centre, bias=bias, seed=seed)
        assert_same_as_reference(problem, tolerance)


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def inside(X):
    frame = np.full((len(X) + 3, X.shape[1] + 5), np.nan, X.dtype)
    frame[2:-1, 4:-1] = X
    return frame[2:-1, 4:-1]


LAYOUTS = {
    "F order": np.asfortranarray,
    "part of a larger array": inside,
    "every other column": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "every third row, backwards": lambda X: np.repeat(X, 3, axis=0)[::-3][::-1],
    "read-only": read_only,
    "rows of one memory": lambda X: np.broadcast_to(X[:1], X.shape),
}


@pytest.mark.parametrize("data", ["f8", "f4"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(make_problem, layout, data):
    problem = make_problem(70, 21, 4, data=data)
    before = problem.X.copy()
    other = replace(problem, X=LAYOUTS[layout](problem.X), weights=np.asfortranarray(problem.weights))
    assert_same_as_reference(other, 1e-12)
    np.testing.assert_array_equal(problem.X, before)


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_confident_rows(outputs):
    rng = np.random.default_rng(outputs)
    logits = rng.normal(size=(100, outputs)) * np.logspace(-1, 2.8, 100)[:, None]
    labels = (logits[:, 0] > 0).astype(np.int64) if outputs == 1 else logits.argmax(axis=1)
    for i in range(100):  # one row at a time: the loss is that row's
        row = (logits[i : i + 1], None, np.eye(outputs), labels[i : i + 1], np.ones(1))
        for result, wanted in zip(native.loss_pass(*row), reference.loss_pass(*row), strict=True):
            np.testing.assert_allclose(result, wanted, rtol=4e-15, atol=5e-324)


def test_exponential_to_one_unit_in_the_last_place():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(-745.1, 709.7, 20_000), -np.logspace(-18, 2.8, 20_000)])
    assert worst_error(native.exp(x)[0], np.exp(x.astype(np.longdouble))) <= 1.0
    special = native.exp(np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -746.0, 709.8]))[0]
    np.testing.assert_array_equal(special, [1, 1, np.inf, 0, np.nan, 0, np.inf])


def test_log1p_to_one_unit_in_the_last_place():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(0, 60, 20_000), np.logspace(-307, 12, 20_000), [0.0]])
    assert worst_error(native.log1p(x)[0], np.log1p(x.astype(np.longdouble))) <= 1.0
    assert np.isnan(native.log1p(np.array([np.nan]))[0, 0])


def worst_error(actual, exact):
    if np.finfo(np.longdouble).nmant <= np.finfo(np.float64).nmant:
        pytest.skip("needs a long double wider than double")
    return float(np.max(np.abs(actual - exact) / np.spacing(np.abs(exact.astype(np.float64)))))


def test_arrays_that_do_not_fit_together_are_refused(make_problem):
    problem = make_problem(10, 3, 2)
    X, centre, weights, labels, sample_weight = problem.arguments
    probs = np.full((10, 2), 0.5)
    with pytest.raises(ValueError, match="centre has one entry for each column"):
        native.logits(X, centre[:-1], weights)
    with pytest.raises(ValueError, match="weights have a row for each output"):
        native.logits(X, centre, weights[:, :2])
    with pytest.raises(ValueError, match="labels have an entry for each row"):
        native.loss_pass(X, centre, weights, labels[:-1], sample_weight)
    with pytest.raises(ValueError, match="sample_weight has an entry for each row"):
        native.loss_pass(X, centre, weights, labels, sample_weight[:-1])
    with pytest.raises(ValueError, match="residuals have a row for each row"):
        native.pullback(X, centre, probs[:-1], True)
    with pytest.raises(ValueError, match="probs have a row for each row"):
        native.hessian_pass(X, centre, probs[:, :1], sample_weight, weights)
    with pytest.raises(ValueError, match="sample_weight has an entry for each row"):
        native.hessian_pass(X, centre, probs, sample_weight[:-1], weights)
    with pytest.raises(ValueError, match="sample_weight has an entry for each row"):
        native.column_spread(X, centre, sample_weight[:-1])
    with pytest.raises(ValueError, match="instruction set"):
        native.use("abacus")
    with pytest.raises(TypeError, match="float32 or float64"):
        native.logits(X.astype(np.int64), centre, weights)
