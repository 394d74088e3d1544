"""Half a matrix, factorised by parts, solves as the whole does."""

import numpy as np
import pytest

from dxent.objective import block_cholesky
from dxent.objective.block_cholesky import BlockColumns


def filled(matrix, classes, dtype=np.float64):
    width = len(matrix) // classes
    H = BlockColumns.zeros(classes, width, dtype)
    whole = matrix.reshape(classes, width, classes, width).astype(dtype)
    for first, blocks in H.blocks():
        blocks += whole[first:, :, first : first + blocks.shape[2]]
    return H


def positive(size, seed=0):
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(size, 2 * size))
    return half @ half.T / size


@pytest.mark.parametrize(("classes", "width"), [(1, 1), (1, 9), (3, 4), (5, 7), (9, 2)])
@pytest.mark.parametrize("together", [1, 8, 1000])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-11), (np.float32, 1e-3)])
def test_it_solves(monkeypatch, classes, width, together, dtype, tolerance):
    monkeypatch.setattr(block_cholesky, "COLUMNS_TOGETHER", together)
    monkeypatch.setattr(block_cholesky, "ROWS_TOGETHER", 5)
    A = positive(classes * width)
    H, v = filled(A, classes, dtype), np.random.default_rng(1).normal(size=classes * width)
    assert H.factorise()
    given = v.astype(dtype)
    x = H.solve(given)
    assert x.dtype == dtype
    np.testing.assert_array_equal(given, v.astype(dtype))
    np.testing.assert_allclose(x, np.linalg.solve(A, v), rtol=0, atol=tolerance * np.abs(x).max())


def test_it_holds_half_of_the_matrix():
    H = BlockColumns.zeros(10, 600, np.float32)
    assert sum(column.nbytes for column in H.columns) == 4 * 600**2 * 55


@pytest.mark.parametrize("together", [1, 1000])
def test_a_matrix_that_is_not_positive_definite_is_refused(monkeypatch, together):
    monkeypatch.setattr(block_cholesky, "COLUMNS_TOGETHER", together)
    A = positive(12)
    A[7, 7] = -1.0
    assert not filled(A, 4).factorise()


def test_a_lift_mends_what_rounding_made_indefinite():
    A = np.ones((6, 6)) - 1e-13 * np.eye(6)
    assert not filled(A, 3).factorise()
    H = filled(A, 3)
    H.lift(1e-10)
    assert H.factorise()
    zeros = BlockColumns.zeros(2, 3, np.float64)
    zeros.lift(1e-12)
    assert zeros.factorise()
    np.testing.assert_allclose(zeros.solve(np.ones(6)), 1.0)
