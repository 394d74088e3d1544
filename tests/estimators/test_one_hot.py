"""Tables of one-hot columns, given as dense arrays: read without their zeros, to the same optimum."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse

from dxent import LogisticRegression
from dxent.data.blocks import Rows
from dxent.kernels.compiled import native

pytestmark = pytest.mark.skipif(native is None, reason="needs the compiled kernels")


@pytest.fixture(scope="module")
def table():
    """20 000 rows of six columns of twenty levels, and two numbers, one of them about 3."""
    rng = np.random.default_rng(2)
    levels = np.minimum(rng.geometric(0.2, size=(20_000, 6)), 20) - 1
    numbers = rng.normal([0, 3], size=(20_000, 2))
    X = np.column_stack([(levels[:, :, None] == np.arange(20)).reshape(-1, 120), numbers])
    logits = rng.normal(size=(20, 3))[levels].sum(axis=1) + numbers @ rng.normal(size=(2, 3))
    return X, (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)


@pytest.fixture
def stored(monkeypatch):
    """What the rows were stored as, each time that this was decided."""
    seen, without_zeros = [], Rows.without_zeros

    def noted(rows):
        found = without_zeros(rows)
        seen.append(type(found.blocks[0].X))
        return found

    monkeypatch.setattr(Rows, "without_zeros", noted)
    return seen


@pytest.mark.parametrize("store", [np.ascontiguousarray, np.asfortranarray, np.float32])
@pytest.mark.parametrize("intercept", [True, False])
def test_the_optimum_is_that_of_the_sparse_matrix(table, stored, store, intercept):
    X, y = store(table[0]), table[1]
    before = X.copy()
    model = LogisticRegression(tol=1e-12, fit_intercept=intercept).fit(X, y)
    assert stored == [scipy.sparse.csr_matrix]
    assert model.optimality_.certified
    given = LogisticRegression(tol=1e-12, fit_intercept=intercept).fit(scipy.sparse.csr_matrix(X), y)
    np.testing.assert_allclose(model.coef_, given.coef_, rtol=1e-9, atol=1e-10)
    np.testing.assert_array_equal(X, before)


def test_a_number_far_from_zero_keeps_the_rows_dense(table, stored):
    X, y = table[0].copy(), table[1]
    X[:, -1] += 1e4
    model = LogisticRegression(tol=1e-12).fit(X, y)
    assert stored == []
    assert model.optimality_.certified
    near = LogisticRegression(tol=1e-12).fit(*table)
    np.testing.assert_allclose(model.coef_, near.coef_, atol=1e-4)


def test_it_takes_less_than_the_memory_that_a_fit_may_take(table):
    X, y = np.tile(table[0], (3, 1)), np.tile(table[1] > 0, 3)
    LogisticRegression(tol=1e-6).fit(*table)
    tracemalloc.start()
    try:
        LogisticRegression(tol=1e-6).fit(X, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.3 * X.nbytes
