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
DTYPES = [
    ("f8", "f8", 1e-12),
    ("f4", "f8", 1e-12),
    ("u1", "f8", 1e-12),
    ("f4", "f4", 2e-5),
    ("f8", "f4", 2e-5),
    ("u1", "f4", 2e-5),
]


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
    probs = np.full_like(expected[2], np.nan)
    native.loss_pass(*problem.arguments, probs)
    assert_close(probs, expected[2], tolerance)
    hessian = (X, centre, expected[2], sample_weight, problem.direction)
    assert_close(native.hessian_pass(*hessian), reference.hessian_pass(*hessian), tolerance)
    Z = reference.logits(X, centre, weights)
    assert_close(native.logits(X, centre, weights), Z, tolerance)
    about, unit = problem.direction[:2, : X.shape[1]].astype(np.float64)[[0, -1]]
    spread = (X, about, sample_weight * (problem.labels > 0), unit)
    for result, wanted in zip(native.column_spread(*spread), reference.column_spread(*spread), strict=True):
        assert_close(result, wanted, 1e-12)
    back = (X, centre, Z, problem.with_bias)
    assert_close(native.pullback(*back), reference.pullback(*back), tolerance)
    pairs = [classes[:: 1 + X.shape[1] // 16] for classes in reference.class_pairs(expected[2].shape[1])]
    some = (X, centre, expected[2], sample_weight, *pairs, problem.with_bias)
    grams = native.pair_grams(*some)
    assert_close(grams, reference.pair_grams(*some), tolerance)
    blocks = grams.reshape(len(pairs[0]), *[X.shape[1] + problem.with_bias] * 2)
    np.testing.assert_array_equal(blocks, blocks.transpose(0, 2, 1))


@pytest.mark.parametrize(("data", "arithmetic", "tolerance"), DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shapes_and_dtypes(make_problem, shape, data, arithmetic, tolerance):
    for seed, (centre, bias) in enumerate([(True, True), (True, False), (False, True), (False, False)]):
        problem = make_problem(*shape, data=data, arithmetic=arithmetic, centre=centre, bias=bias, seed=seed)
        assert_same_as_reference(problem, tolerance)


@pytest.mark.parametrize("features", [1200, 2500])
def test_a_gram_of_so_many_columns_that_few_rows_have_room_together(features):
    rng = np.random.default_rng(0)
    X, probs = rng.normal(size=(30, features)), rng.dirichlet(np.ones(2), 30)
    class_1 = np.ones(1, np.int64)
    some = slice(features - 40, None)  # the last of a tile's lines
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 2e-5)):
        weighed = probs.astype(dtype), np.ones(30), class_1, class_1, True
        whole = native.pair_grams(X, None, *weighed)
        assert_close(whole[some, some], reference.pair_grams(X, None, *weighed)[some, some], tolerance)


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def inside(X):
    hole = np.nan if X.dtype.kind == "f" else 255
    frame = np.full((len(X) + 3, X.shape[1] + 5), hole, X.dtype)
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


@pytest.mark.parametrize("data", ["f8", "f4", "u1"])
@pytest.mark.parametrize("shape", [(70, 21, 4), (70, 700, 4)], ids=["by column", "by row"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(make_problem, layout, shape, data):
    problem = make_problem(*shape, data=data)
    before = problem.X.copy()
    other = replace(problem, X=LAYOUTS[layout](problem.X), weights=np.asfortranarray(problem.weights))
    assert_same_as_reference(other, 1e-12)
    np.testing.assert_array_equal(problem.X, before)


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("outputs", [*range(1, 11), 17, 20, 130, 600])
def test_given_logits(outputs, dtype):
    rng = np.random.default_rng(outputs)
    Z, U = rng.normal(size=(2, 150, outputs)).astype(dtype)
    labels, sample_weight = rng.integers(0, max(outputs, 2), 150), rng.random(150)
    tolerance = 1e-14 if dtype == "f8" else 1e-6

    def cross_entropy(kernels, logits):
        probs, residuals = np.empty((150, max(outputs, 2)), dtype), np.empty_like(Z)
        loss = kernels.weighted_cross_entropy(logits, labels, sample_weight, probs, residuals)
        return loss, probs, residuals

    def softmax_jacobian(kernels):
        out = np.empty_like(U)
        kernels.weighted_softmax_jacobian(probs, U, sample_weight, out)
        return out

    expected = cross_entropy(reference, Z)
    for order in "CF":
        for result, wanted in zip(cross_entropy(native, np.asarray(Z, order=order)), expected, strict=True):
            assert_close(result, wanted, 10 * tolerance)
    slopes = native.weighted_loss_slope, reference.weighted_loss_slope
    slope, wanted = (of(Z, U, 0.7, labels, sample_weight) for of in slopes)
    assert slope == pytest.approx(wanted, rel=100 * tolerance, abs=tolerance)
    probs = expected[1].astype(np.float64)
    assert_close(softmax_jacobian(native), softmax_jacobian(reference), tolerance)


def test_logits_without_a_column_are_refused():
    Z, labels, weights = np.empty((3, 0)), np.zeros(3, np.int64), np.ones(3)
    with pytest.raises(ValueError, match="a logit or more"):
        native.weighted_cross_entropy(Z, labels, weights, Z, Z)
    with pytest.raises(ValueError, match="a logit or more"):
        native.weighted_loss_slope(Z, Z, 0.5, labels, weights)
    with pytest.raises(ValueError, match="a logit or more"):
        native.weighted_softmax_jacobian(Z, Z, weights, Z)


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("classes", [2, 3, 40])
def test_pairs_are_drawn_as_often_as_they_bend_the_loss(classes, dtype):
    rng = np.random.default_rng(classes)
    probs = np.asfortranarray(rng.dirichlet(np.ones(classes), 6).astype(dtype))
    probs[5] = np.arange(classes) == 1
    rows, chances = np.repeat(np.arange(6), 40_000), rng.random((2, 240_000))
    pairs = native.draw_pairs(probs, rows, chances)
    assert np.mean(pairs == reference.draw_pairs(probs, rows, chances)) > 0.99999  # but for ties
    assert np.all(pairs[0, :-40_000] != pairs[1, :-40_000])
    for row, p in enumerate(probs[:5].astype(float)):
        first, second = pairs[:, rows == row]
        often = np.bincount(first * classes + second, minlength=classes**2).reshape(classes, classes) / 40_000
        expected = np.outer(p, p) * (1 - np.eye(classes)) / np.sum(p * (1 - p))
        np.testing.assert_allclose(often, expected, atol=5 * np.sqrt(expected.max() / 40_000))


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_the_slope_of_confident_rows_keeps_its_digits(classes):
    """Where p_y rounds to 1 the slope is that of the other classes' terms."""
    Z, U = np.zeros((1, classes - (classes == 2))), np.ones((1, classes - (classes == 2)))
    Z[0, -1], U[0, -1] = 60.0, 3.0
    label = np.array([classes - 1])
    others = np.log(max(classes - 1, 1)) - 60.0
    expected = -(2.0 if classes > 2 else 3.0) * np.exp(others)
    for kernels in (native, reference):
        assert kernels.weighted_loss_slope(Z, U, 0.0, label, np.ones(1)) == pytest.approx(expected, rel=1e-14)
        assert not kernels.weighted_loss_slope(Z, U, 1e306, label, np.ones(1)) > 0


@pytest.mark.parametrize(("values", "dense"), [("f8", "f8"), ("f4", "f8"), ("f4", "f4")])
@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("columns", [*range(1, 11), 16, 20, 59, 64, 65, 130])
def test_sparse_products(columns, index, values, dense):
    rng = np.random.default_rng(columns)
    A = rng.integers(0, 3, (75, 30)).astype(values)
    A[::4] = 0
    B, u, v = rng.normal(size=(30, columns)).astype(dense), rng.normal(size=75), rng.normal(size=columns)
    rows, places = np.nonzero(A)
    csr = A[rows, places], places.astype(index), np.searchsorted(rows, np.arange(76)).astype(np.int64)
    for order in "CF":
        out = np.full((75, columns), np.nan, dense, order)
        native.sparse_product(*csr, B, u, v, out)
        assert_close(out, (A @ B - np.outer(u, v)).astype(dense), 1e-14 if dense == "f8" else 1e-5)


def sparse_parts(X, index):
    rows, columns = np.nonzero(X)
    starts = np.searchsorted(rows, np.arange(len(X) + 1)).astype(np.int64)
    values = X[rows, columns]
    return None if np.all(values == 1) else values, columns.astype(index), starts


@pytest.mark.parametrize(
    ("values", "arithmetic", "tolerance"), [("f8", "f8", 1e-13), ("f4", "f8", 1e-13), ("f8", "f4", 1e-5)]
)
@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("outputs", [1, 2, 3, 8, 9, 20])
@pytest.mark.parametrize(
    ("samples", "ones"), [(0, False), (1, False), (64, True), (1100, False), (1100, True)]
)
def test_sparse_passes(make_problem, samples, ones, outputs, index, values, arithmetic, tolerance):
    problem = make_problem(samples, 6, outputs, data=values, arithmetic=arithmetic, centre=False)
    X, _, weights, labels, s = problem.arguments
    X[X < 1], X[::5], s[::7] = 0, 0, 0
    X[X > 0] = 1 if ones else X[X > 0]
    csr, shift = sparse_parts(X, index), -weights[:, -1].astype(np.float64)
    loss, gradient, probs = reference.loss_pass(*problem.arguments)
    out = np.full_like(probs, np.nan)
    for result, wanted in zip(
        native.sparse_loss_pass(*csr, weights[:, :-1], shift, labels, s, out), (loss, gradient), strict=True
    ):
        assert_close(result, wanted, tolerance)
    assert_close(out, probs, tolerance)
    V, offset = problem.direction[:, :-1], -problem.direction[:, -1].astype(np.float64)
    product = reference.hessian_pass(X, None, probs, s, problem.direction)
    assert_close(native.sparse_hessian_pass(*csr, probs, s, V, offset), product, tolerance)
    pairs = reference.class_pairs(probs.shape[1])
    wanted = reference.pair_grams(X, None, probs, s, *pairs, True)
    assert_close(native.sparse_pair_grams(*csr, 6, probs, s, *pairs), wanted, tolerance)


@pytest.mark.parametrize("values", ["f8", "f4", "ones"])
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_sparse_column_spread(make_problem, index, values):
    problem = make_problem(1100, 6, 1, data="f8" if values == "ones" else values)
    X, s, centre = problem.X, problem.sample_weight, problem.centre
    X[X < 1], X[:, 2], X[::5], s[::7] = 0, 0, 0, 0
    X[X > 0] = 1 if values == "ones" else X[X > 0]
    stored, counted = X != 0, s > 0
    about = np.where(stored & counted[:, None], X - centre, 0)
    wanted = [s @ about, s @ about**2, s @ stored, counted * 1.0 @ stored, np.abs(about).max(axis=0)]
    results = native.sparse_column_spread(*sparse_parts(X, index), centre, s)
    np.testing.assert_allclose(results, wanted, rtol=1e-12, atol=1e-15)


def test_a_long_sparse_row_keeps_its_digits_in_single_precision():
    count = 100_000
    out = np.empty((1, 1), np.float32)
    ones, places = np.full(count, 0.1, np.float32), np.zeros(count, np.int32)
    B = np.ones((1, 1), np.float32)
    native.sparse_product(ones, places, np.array([0, count]), B, np.zeros(1), np.zeros(1), out)
    assert out[0, 0] == pytest.approx(count * float(np.float32(0.1)), rel=1e-5)


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
    with pytest.raises(ValueError, match="out has a row for each row"):
        native.loss_pass(X, centre, weights, labels, sample_weight, probs[:-1])
    with pytest.raises(ValueError, match="out has a row for each row"):
        native.loss_pass(X, centre, weights, labels, sample_weight, probs.astype(np.float32))
    with pytest.raises(ValueError, match="residuals have a row for each row"):
        native.pullback(X, centre, probs[:-1], True)
    with pytest.raises(ValueError, match="probs have a row for each row"):
        native.hessian_pass(X, centre, probs[:, :1], sample_weight, weights)
    with pytest.raises(ValueError, match="sample_weight has an entry for each row"):
        native.hessian_pass(X, centre, probs, sample_weight[:-1], weights)
    with pytest.raises(ValueError, match="sample_weight has an entry for each row"):
        native.column_spread(X, centre, sample_weight[:-1], centre)
    with pytest.raises(ValueError, match="unit has one entry for each column"):
        native.column_spread(X, centre, sample_weight, centre[:-1])
    one, three = np.ones(1, int), np.full(1, 3)
    with pytest.raises(ValueError, match="pairs have two classes"):
        native.pair_grams(X, centre, probs, sample_weight, one, one[:0], True)
    with pytest.raises(ValueError, match="pairs are of classes"):
        native.pair_grams(X, centre, probs, sample_weight, one, three, True)
    with pytest.raises(ValueError, match="instruction set"):
        native.use("abacus")
    with pytest.raises(TypeError, match="float32, float64 or uint8"):
        native.logits(X.astype(np.int64), centre, weights)
    with pytest.raises(TypeError, match="all matrices but X"):
        native.logits(X, centre, weights.astype(np.uint8))
    csr = np.ones(4), np.zeros(4, np.int32), np.array([0, 4])
    with pytest.raises(ValueError, match="an index a value"):
        native.sparse_product(csr[0][:-1], *csr[1:], weights, np.ones(1), np.ones(4), np.empty((1, 4)))
    with pytest.raises(ValueError, match="u and the result have a row"):
        native.sparse_product(*csr, weights, np.ones(2), np.ones(4), np.empty((1, 4)))
    with pytest.raises(ValueError, match="indices are int32 or int64"):
        native.sparse_product(
            csr[0], csr[1].astype(np.int16), csr[2], weights, np.ones(1), np.ones(4), np.empty((1, 4))
        )
    ones, few = np.ones(1), np.full((1, 2), 0.5)
    with pytest.raises(ValueError, match="shift has an entry"):
        native.sparse_loss_pass(*csr, weights, ones, ones.astype(int), ones, few)
    with pytest.raises(ValueError, match="an entry for each row"):
        native.sparse_loss_pass(*csr, weights, np.ones(2), ones.astype(int), np.ones(2), few)
    with pytest.raises(ValueError, match="out has the type of the weights"):
        native.sparse_loss_pass(*csr, weights, np.ones(2), ones.astype(int), ones, few.astype(np.float32))
    with pytest.raises(ValueError, match="probs have a row"):
        native.sparse_hessian_pass(*csr, few[:, :1], ones, weights, np.ones(2))
    with pytest.raises(ValueError, match="pairs are of classes"):
        native.sparse_pair_grams(*csr, 4, few, ones, one, three)
    with pytest.raises(ValueError, match="float32 or float64"):
        native.sparse_column_spread(csr[0].astype(np.uint8), *csr[1:], np.ones(4), ones)
    with pytest.raises(ValueError, match="a sparse matrix is float32, or float64"):
        native.sparse_product(
            *csr, weights.astype("f4"), np.ones(1), np.ones(4), np.empty((1, 4), np.float32)
        )


def test_what_is_next_to_nothing_counts_as_zero_in_single_precision_alone(make_problem):
    problem = make_problem(40, 6, 3, arithmetic="f4")
    tiny = np.full((40, 3), 1e-39, np.float32)
    residuals = np.ones_like(tiny)
    native.weighted_softmax_jacobian(tiny, np.ones_like(tiny), np.ones(40), residuals)
    assert not residuals.any()
    X, probs, rows = np.ones((40, 6)), tiny.astype(float), problem.sample_weight
    assert not native.hessian_pass(X, None, probs, rows, np.ones((3, 7), np.float32)).any()
    assert (tiny * np.float32(0.5) > 0).all()  # afterwards, and elsewhere, it does not
