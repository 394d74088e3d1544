"""A dense matrix of little but zeros, stored without them: the same matrix, and only where that pays."""

import numpy as np
import pytest
import scipy.sparse

from dxent.kernels import zeros
from dxent.kernels.compiled import native
from dxent.kernels.zeros import without_zeros

pytestmark = pytest.mark.skipif(native is None, reason="needs the compiled kernels")


@pytest.fixture
def one_hot(monkeypatch):
    """2000 rows of eight columns of ten levels each, and a number that is mostly not zero."""
    monkeypatch.setattr(zeros, "LEAST_ENTRIES", 2000 * 81)
    rng = np.random.default_rng(0)
    levels = (rng.integers(0, 10, size=(2000, 8))[:, :, None] == np.arange(10)).reshape(2000, 80)
    return np.column_stack([levels, rng.normal(size=2000) * (rng.random(2000) < 0.9)])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("order", ["C", "F"])
def test_all_that_is_not_zero_stays_where_it_was(one_hot, monkeypatch, dtype, order):
    monkeypatch.setattr(zeros, "ENTRIES_A_TILE", 81 * 300)
    X = np.asarray(one_hot, dtype=dtype, order=order)
    few, told = without_zeros(X, 1), scipy.sparse.csr_matrix(X)
    assert few.dtype == dtype
    assert few.has_canonical_format
    np.testing.assert_array_equal(few.indptr, told.indptr)
    np.testing.assert_array_equal(few.indices, told.indices)
    np.testing.assert_array_equal(few.data, told.data)


def test_rows_may_be_empty(one_hot):
    one_hot[::2] = 0
    one_hot[-5:] = 0
    np.testing.assert_array_equal(without_zeros(one_hot, 1).toarray(), one_hot)


def unsorted(X):
    """All zeros but for a few full rows, which a look at some rows misses."""
    X = np.zeros_like(X)
    X[np.arange(len(X)) % 3 == 1] = 1
    return X


@pytest.mark.parametrize(
    "changed",
    [lambda X: X[:-1], lambda X: X + 1, unsorted, lambda X: X.astype(np.uint8), scipy.sparse.csr_matrix],
    ids=["small", "full", "full where nobody looked", "bytes", "sparse"],
)
def test_a_matrix_that_gains_nothing_is_the_same_object(one_hot, changed):
    X = changed(one_hot)
    assert without_zeros(X, 1) is X


def test_few_columns_and_many_outputs_gain_nothing(one_hot, monkeypatch):
    assert without_zeros(one_hot, 1000) is one_hot
    monkeypatch.setattr(zeros, "LEAST_FEATURES", 82)
    assert without_zeros(one_hot, 1) is one_hot
