"""Directions that no row sees, against NumPy's pseudo-inverse."""

import numpy as np
import pytest
import scipy.sparse

from dxent.data import blocks
from dxent.data.blocks import Rows
from dxent.objective.rank import null_space, shortest
from dxent.objective.scaling import coordinates, moments

RNG = np.random.default_rng(0)
UNITS = np.array([1.0, 1e3, 1e-4, 1.0, 50.0, 1.0, 1e6])


@pytest.fixture(params=[3, 4], ids=lambda rank: f"rank {rank}")
def X(request):
    columns = RNG.normal(size=(30, request.param))
    return columns @ RNG.normal(size=(request.param, 7)) * UNITS


@pytest.fixture(params=[True, False], ids=["intercept", "no intercept"])
def intercept(request):
    return request.param


@pytest.fixture(params=[2, 3], ids=["2 classes", "3 classes"])
def classes(request):
    return request.param


def settle(X, intercept, classes=2):
    rows = Rows.of(X, np.arange(X.shape[0]) % classes, np.ones(X.shape[0]), classes)
    coords = coordinates(rows, moments(rows), 0.0, intercept)
    return rows, coords, null_space(rows, coords)


def test_the_null_space_is_orthonormal_unseen_and_complete(X, intercept):
    _, coords, null = settle(X, intercept)
    seen = (X - (X.mean(axis=0) if intercept else 0)) / coords.scale
    N = null[:7]
    assert N.shape == (7, 7 - np.linalg.matrix_rank(seen, tol=1e-10))
    np.testing.assert_allclose(null.T @ null, np.eye(null.shape[1]), atol=1e-13)
    np.testing.assert_allclose(seen @ N, 0, atol=1e-12 * np.abs(seen).max())
    assert not intercept or not null[7].any()


def test_independent_columns_have_none(intercept):
    assert settle(RNG.normal(size=(30, 7)) * UNITS, intercept)[2] is None


def test_more_columns_than_rows(intercept):
    _, _, null = settle(RNG.normal(size=(5, 12)), intercept)
    assert null.shape == (12 + intercept, 12 - 5 + intercept)


@pytest.mark.parametrize("entries", [1, 40, 1 << 20])
def test_tiles_and_storage_do_not_matter(X, intercept, entries, monkeypatch):
    monkeypatch.setattr(blocks, "TILE_ENTRIES", entries)
    dense, csr = (settle(store(X), intercept)[2][:7] for store in (np.asarray, scipy.sparse.csr_matrix))
    np.testing.assert_allclose(csr @ csr.T, dense @ dense.T, atol=1e-11)


def test_a_constant_column_is_unseen_beside_an_intercept():
    X = RNG.normal(size=(30, 3))
    X[:, 1] = 5.0
    np.testing.assert_allclose(np.abs(settle(X, True)[2][:, 0]), [0, 1, 0, 0], atol=1e-14)
    assert settle(X, False)[2] is None


def test_the_shortest_weights_are_those_of_the_pseudoinverse(X, intercept, classes):
    _, coords, null = settle(X, intercept, classes)
    outputs = 1 if classes == 2 else classes
    W = RNG.normal(size=(outputs, 7 + intercept)) / np.append(coords.scale, [1.0] * intercept)
    seen = X - (X.mean(axis=0) if intercept else 0)
    short = shortest(W, null, coords)
    # In units where the columns are alike the pseudo-inverse finds the predictions' row space; the shortest
    # solution in the columns' own units is then unique there.
    basis = np.linalg.svd(seen / UNITS)[2][: np.linalg.matrix_rank(seen / UNITS, tol=1e-10)] * UNITS
    expected = np.linalg.pinv(basis) @ (basis @ W[:, :7].T)
    np.testing.assert_allclose(short[:, :7], expected.T, rtol=1e-6, atol=1e-9 * np.abs(expected).max())
    np.testing.assert_allclose(
        seen @ short[:, :7].T, seen @ W[:, :7].T, atol=1e-9 * np.abs(seen @ W[:, :7].T).max()
    )
    np.testing.assert_array_equal(short[:, 7:], W[:, 7:])
    assert (np.linalg.norm(short[:, :7], axis=1) <= np.linalg.norm(W[:, :7], axis=1) * (1 + 1e-12)).all()
