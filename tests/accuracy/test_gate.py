"""No function and no derivative is off by more than it promises, on any family of inputs, in any kernel."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from accuracy import families
from accuracy.measures import DXENT, POINTS, ROWS, measure_points, measure_rows, references
from dxent.functions import SoftmaxCrossEntropy, log_softmax, logsumexp, softmax
from dxent.operators import diagonal

pytestmark = pytest.mark.usefixtures("kernels")
every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])


@cache
def rows(dtype):
    return {name: (family, references(family)) for name, family in families.rows(dtype, 8).items()}


@every_dtype
@pytest.mark.parametrize("name", ROWS)
def test_functions_of_rows(name, dtype):
    for family, (inputs, exact) in rows(dtype).items():
        errors = measure_rows(DXENT, name, inputs, exact)
        assert errors.keeps(ROWS[name].allowed[dtype]), (family, str(errors))


@every_dtype
@pytest.mark.parametrize("name", POINTS)
def test_logistic_functions(name, dtype):
    for family, z in families.points(dtype, 20).items():
        errors = measure_points(DXENT, name, z)
        assert errors.keeps(POINTS[name].allowed[dtype]), (family, str(errors))


def among_absent(function):
    """Make a function of masked rows one of rows: between their entries are others that are left out."""

    def of_rows(x, *labels):
        wide = np.full((len(x), 2 * x.shape[1]), np.nan, x.dtype)
        wide[:, ::2] = x
        found = function(wide, np.arange(wide.shape[1]) % 2 == 0, *(2 * y for y in labels))
        return found[:, ::2] if found.ndim == 2 else found

    return of_rows


MASKED = SimpleNamespace(
    softmax=among_absent(lambda x, m: softmax(x, where=m)),
    log_softmax=among_absent(lambda x, m: log_softmax(x, where=m)),
    logsumexp=among_absent(lambda x, m: logsumexp(x, where=m)),
    cross_entropy=among_absent(lambda x, m, y: SoftmaxCrossEntropy(y, reduction="none", where=m)(x)),
    gradient=among_absent(lambda x, m, y: SoftmaxCrossEntropy(y, reduction="sum", where=m).gradient(x)),
    variance=among_absent(
        lambda x, m: diagonal(SoftmaxCrossEntropy(0 * x[:, 0], reduction="sum", where=m).hessian(x))
    ),
)


@every_dtype
@pytest.mark.parametrize("name", vars(MASKED))
def test_functions_of_rows_with_entries_left_out(name, dtype):
    for family, (inputs, exact) in rows(dtype).items():
        errors = measure_rows(MASKED, name, inputs, exact)
        assert errors.keeps(ROWS[name].allowed[dtype]), (family, str(errors))


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", ">f8", "g"])
def test_labels_and_the_soft_targets_they_stand_for_agree(dtype):
    rng = np.random.default_rng(0)
    x, labels, weight = (
        (3 * rng.normal(size=(2, 7, 5))).astype(dtype),
        rng.integers(0, 5, (2, 7)),
        rng.random((2, 7)),
    )
    for reduction in ("mean", "sum", "none"):
        hard = SoftmaxCrossEntropy(labels, weight, reduction=reduction)
        soft = SoftmaxCrossEntropy(np.eye(5)[labels], weight, reduction=reduction)
        (loss, J), (wanted, twin) = hard.linearize(x), soft.linearize(x)
        size = 8 * max(np.finfo(dtype).eps, np.finfo(float).eps)
        assert (loss.dtype, J.to_dense().dtype) == (wanted.dtype, twin.to_dense().dtype)
        np.testing.assert_allclose(loss, wanted, rtol=size)
        np.testing.assert_allclose(hard(x), wanted, rtol=size)
        np.testing.assert_allclose(J.to_dense(), twin.to_dense(), rtol=size)


def test_ignored_labels_count_nothing():
    x, labels = np.random.default_rng(0).normal(size=(4, 3)), np.array([0, -1, 2, -1])
    loss, kept = SoftmaxCrossEntropy(labels, ignore_index=-1), SoftmaxCrossEntropy(labels[::2])
    assert loss(x) == pytest.approx(kept(x[::2]), rel=1e-15)
    np.testing.assert_array_equal(loss.gradient(x)[1::2], 0)
    np.testing.assert_allclose(loss.gradient(x)[::2], kept.gradient(x[::2]), rtol=1e-15)
    np.testing.assert_allclose(loss.hessian(x).to_dense()[:3, :3], kept.hessian(x[::2]).to_dense()[:3, :3])
