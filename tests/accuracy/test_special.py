"""The table of special values holds for every function, kernel, dtype and array library, and none warns."""

import numpy as np
import pytest

from accuracy import special
from accuracy.measures import DXENT
from dxent.functions import (
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    log_sigmoid,
    log_softmax,
    logsumexp,
    sigmoid,
    softmax,
    softplus,
)
from dxent.operators import diagonal

every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])
every_row = pytest.mark.parametrize(("row", "values"), special.ROWS, ids=lambda case: str(case)[:30])

every_left_out = pytest.mark.parametrize(("row", "values"), special.LEFT_OUT, ids=lambda case: str(case)[:30])


def library_of(name):
    xp = pytest.importorskip(name)
    if name == "jax.numpy":
        import jax

        jax.config.update("jax_enable_x64", True)
    return xp


def same(found, wanted, dtype):
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=4 * np.finfo(dtype).eps)


@every_dtype
@every_row
@pytest.mark.usefixtures("kernels")
def test_rows(row, values, dtype):
    largest = np.finfo(dtype).max
    # A row of another kind beside it must not notice.
    x = np.array([special.numbers(row, largest), [0.0] * len(row)], dtype)
    labels = np.array([0, 0])
    for name, expected in zip(special.ROW_FUNCTIONS, values, strict=True):
        arguments = (x, labels) if name in ("cross_entropy", "gradient") else (x,)
        found = getattr(DXENT, name)(*arguments)
        same(found[0], special.numbers(expected, largest), dtype)
        assert np.isfinite(found[1]).all()


def masked(row, dtype, xp=np):
    """A row of the table, with NaN in the places that are left out, and its mask."""
    present = [value is not None for value in row]
    values = [np.nan if value is None else value for value in row]
    return xp.asarray([values], dtype=getattr(xp, dtype)), xp.asarray([present])


def of_masked(x, present, targets):
    """Return what the table has columns for."""
    each, total = (SoftmaxCrossEntropy(targets, reduction=how, where=present) for how in ("none", "sum"))
    functions = (softmax(x, where=present), log_softmax(x, where=present), logsumexp(x, where=present))
    return *functions, each(x), total.gradient(x), diagonal(total.hessian(x))


@every_dtype
@every_left_out
@pytest.mark.usefixtures("kernels")
def test_rows_with_entries_left_out(row, values, dtype):
    x, present = masked(row, dtype)
    for targets in (np.array([0]), np.eye(len(row))[:1]):
        for found, expected in zip(of_masked(x, present, targets), values, strict=True):
            same(found[0], expected, dtype)


@pytest.mark.parametrize("library", ["array_api_strict", "torch", "jax.numpy"])
def test_entries_left_out_in_other_libraries(library):
    xp = library_of(library)
    for row, values in special.LEFT_OUT:
        x, present = masked(row, "float64", xp)
        for found, expected in zip(of_masked(x, present, xp.asarray([0])), values, strict=True):
            same(found[0, ...], expected, "float64")


@every_dtype
@pytest.mark.usefixtures("kernels")
def test_points(dtype):
    largest = np.finfo(dtype).max
    z = np.array([special.numbers(point, largest) for point, _ in special.POINTS], dtype)
    for k, name in enumerate(special.POINT_FUNCTIONS):
        expected = [special.numbers(values[k], largest) for _, values in special.POINTS]
        same(getattr(DXENT, name)(z), expected, dtype)


@pytest.mark.parametrize("library", ["array_api_strict", "torch", "jax.numpy"])
def test_other_libraries(library):
    xp = library_of(library)
    largest = np.finfo("float64").max
    for row, values in special.ROWS:
        x = xp.asarray([special.numbers(row, largest)], dtype=xp.float64)
        loss = SoftmaxCrossEntropy(xp.asarray([0]))
        found = (softmax(x)[0, :], log_softmax(x)[0, :], logsumexp(x)[0], loss(x), loss.gradient(x)[0, :])
        for result, expected in zip(found, values, strict=False):
            same(result, special.numbers(expected, largest), "float64")
    for point, values in special.POINTS:
        z = xp.asarray([special.numbers(point, largest)], dtype=xp.float64)
        yes, no = (SigmoidCrossEntropy(xp.asarray([label])) for label in (1.0, 0.0))
        found = {"sigmoid": sigmoid(z), "log_sigmoid": log_sigmoid(z), "softplus": softplus(z)}
        found |= {"loss_of_yes": yes(z), "loss_of_no": no(z), "gradient_of_yes": yes.gradient(z)}
        for name, result in found.items():
            expected = special.numbers(values[special.POINT_FUNCTIONS.index(name)], largest)
            same(result, expected, "float64")


@pytest.mark.usefixtures("kernels")
def test_no_classes_and_no_rows():
    assert softmax(np.empty((2, 0))).shape == log_softmax(np.empty((2, 0))).shape == (2, 0)
    np.testing.assert_array_equal(logsumexp(np.empty((2, 0))), [-np.inf] * 2)
    assert softmax(np.empty((0, 3))).shape == (0, 3)
    assert np.isnan(SoftmaxCrossEntropy(np.empty(0, int))(np.empty((0, 3))))


def test_the_page_says_what_is_tested():
    assert special.PAGE.read_text(encoding="utf-8") == special.page()
