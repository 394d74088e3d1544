"""The compiled functions of rows against their definition, on every instruction set of the processor."""

import numpy as np
import pytest

from dxent.kernels import dispatch, logistic
from dxent.kernels.rows import deviation, shift
from dxent.kernels.rowwise import by_number, label_losses, label_terms, rows_of, softmax_product

pytestmark = pytest.mark.skipif(dispatch.native is None, reason="the kernels were not compiled")
LEVELS = dispatch.native.instruction_sets() if dispatch.native else []
NAMES = ["softmax", "complement", "log_softmax", "logsumexp"]
LENGTHS = [1, 2, 3, 7, 8, 9, 16, 17, 31, 32, 33, 40, 63, 64, 65, 1001]
INF, NAN = np.inf, np.nan
SPECIAL = np.array(
    [
        [INF, 0, 1],
        [0, INF, -INF],
        [INF, INF, 0],
        [-INF, -INF, -INF],
        [-INF, 0, 1],
        [NAN, 0, 1],
        [0, NAN, 1],
        [0, 1, NAN],
        [INF, NAN, 0],
        [NAN, -INF, -INF],
        [1e308, -1e308, 0],
        [-1e308, -1e308, -1e308],
        [5e-324, 0, -5e-324],
        [0, -744, -800],
    ]
)


@pytest.fixture(params=LEVELS, autouse=True)
def level(request):
    before = dispatch.native.instruction_set()
    dispatch.native.use(request.param)
    yield request.param
    dispatch.native.use(before)


def close(found, wanted, ulps, dtype):
    info = np.finfo(dtype)
    np.testing.assert_allclose(found, wanted, rtol=ulps * info.eps, atol=ulps * info.smallest_subnormal)
    assert np.asarray(found).dtype == dtype


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("classes", LENGTHS)
@pytest.mark.parametrize("name", NAMES)
def test_definition(name, classes, dtype):
    rng = np.random.default_rng(classes)
    for samples in (1, 5, 70):
        x = (rng.normal(size=(samples, classes)) * rng.choice([1, 10, 300], size=(samples, 1))).astype(dtype)
        close(getattr(rows_of(x), name)(), getattr(shift(x), name)(), 3, dtype)


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("classes", [3, 50])
@pytest.mark.parametrize("name", NAMES)
def test_special_values(name, classes, dtype):
    with np.errstate(over="ignore"):
        short = SPECIAL.astype(dtype)
    for place in (0, classes - 3):
        x = np.full((len(short), classes), -INF, dtype)
        x[:, place : place + 3] = short
        close(getattr(rows_of(x), name)(), getattr(shift(x), name)(), 3, dtype)


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("part", [1, 16, 60])
@pytest.mark.parametrize("name", NAMES)
def test_rows_in_parts(name, part, dtype, monkeypatch):
    monkeypatch.setattr("dxent.kernels.rowwise.ENTRIES_A_TILE", part)
    x = (np.random.default_rng(0).normal(size=(3, 65)) * [[1], [10], [300]]).astype(dtype)
    close(getattr(rows_of(x), name)(), getattr(shift(x), name)(), 3, dtype)
    with np.errstate(over="ignore"):
        special = np.pad(SPECIAL, ((0, 0), (40, 22)), constant_values=-INF).astype(dtype)
    special[:, 0] = special[:, 41]
    close(getattr(rows_of(special), name)(), getattr(shift(special), name)(), 3, dtype)


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("part", [1, 16])
def test_cross_entropy_in_parts(part, dtype, monkeypatch):
    rng = np.random.default_rng(1)
    x, labels, scale = (5 * rng.normal(size=(4, 40))).astype(dtype), np.array([0, 15, 16, 39]), rng.random(4)
    losses, gradient = label_terms(x, labels, scale)
    monkeypatch.setattr("dxent.kernels.rowwise.ENTRIES_A_TILE", part)
    shared, shared_gradient = label_terms(x, labels, scale)
    close(shared, losses, 2, "f8")
    close(shared_gradient, gradient, 2, dtype)
    np.testing.assert_array_equal(label_losses(x, labels), shared)
    np.testing.assert_array_equal(np.isnan(label_losses(x, labels - 1)), [True, False, False, False])


@pytest.mark.parametrize("classes", LENGTHS)
def test_product(classes):
    rng = np.random.default_rng(classes)
    p = shift(10 * rng.normal(size=(70, classes))).softmax()
    v = rng.normal(size=(2, 70, classes))
    size = p * np.sum(np.abs(p * v), axis=-1, keepdims=True) + p * np.abs(v)
    found, wanted = softmax_product(p, v, (-1,)), p * deviation(p, v, (-1,))
    assert (np.abs(found - wanted) <= 4 * np.finfo(float).eps * size).all()


def test_product_with_rows_that_are_masked_out_is_zero():
    p, v = np.zeros((2, 3)), np.ones((2, 3))
    np.testing.assert_array_equal(softmax_product(p, v, (-1,)), p)


@pytest.mark.parametrize("name", ["sigmoid", "sigmoid_slope", "softplus"])
def test_logistic_functions(name, monkeypatch):
    z = np.concatenate([np.linspace(-800, 800, 3001), [0.0, -0.0, 5e-324, INF, -INF, NAN, 1e308]])
    found = by_number(name, z)
    monkeypatch.setattr(dispatch, "native", None)
    with np.errstate(all="ignore"):
        close(found, getattr(logistic, name)(np, z), 4, "f8")


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("classes", [1, 3, 10, 40])
def test_cross_entropy(classes, dtype):
    rng = np.random.default_rng(classes)
    x = (20 * rng.normal(size=(21, classes))).astype(dtype)
    labels, scale = rng.integers(0, classes, 21), rng.random(21)
    losses, gradient = np.empty(21), np.empty_like(x)
    dispatch.native.cross_entropy(x, labels, scale, losses, gradient)
    rows, places = shift(x), (np.arange(21), labels)
    close(losses.astype(dtype), -rows.log_softmax()[places], 3, dtype)
    expected = shift(x).unrounded().softmax()
    expected[places] = -shift(x).unrounded().complement()[places]
    close(gradient, (scale[:, None] * expected).astype(dtype), 3, dtype)
    alone = np.empty_like(losses)
    dispatch.native.cross_entropy(x, labels, scale, alone)
    np.testing.assert_array_equal(alone, losses)


@pytest.mark.parametrize("classes", [1, 3, 40])
@pytest.mark.parametrize("label", [-1, -(2**63), 2**63 - 1, 40])
def test_a_label_that_is_no_class_gives_nan_and_reads_nothing(classes, label):
    x, losses = np.zeros((3, classes)), np.empty(3)
    dispatch.native.cross_entropy(x, np.array([0, label, 0]), np.ones(3), losses, np.empty_like(x))
    np.testing.assert_array_equal(np.isnan(losses), [False, True, False])


def test_results_do_not_depend_on_the_rows_around(monkeypatch):
    x = np.random.default_rng(0).normal(size=(1000, 11))
    whole = rows_of(x).softmax()
    monkeypatch.setattr("dxent.kernels.rowwise.ENTRIES_A_TILE", 100)
    np.testing.assert_array_equal(rows_of(x).softmax(), whole)
    np.testing.assert_array_equal(np.concatenate([rows_of(row[None]).softmax() for row in x]), whole)


def test_shapes_are_checked():
    x = np.zeros((2, 3))
    for kernel, arguments in {
        "softmax": (x, np.empty((2, 2))),
        "logsumexp": (x, np.empty(3)),
        "softmax_product": (x, np.zeros((3, 2)), np.empty((2, 3))),
        "cross_entropy": (x, np.zeros(1, int), np.ones(2), np.empty(2), None),
        "log_softmax": (x[:1], np.empty((1, 3)), np.empty(3)),
        "complement": (x, np.empty((2, 3)), np.empty(4)),
        "part_of_total": (x[0], 0.0, np.empty(4)),
        "sigmoid": (np.zeros(2), np.empty(3)),
    }.items():
        with pytest.raises(ValueError, match=r"shape|entry for each row|total has four|three sums"):
            getattr(dispatch.native, kernel)(*arguments)
