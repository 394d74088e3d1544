"""The laws that every operator keeps, each stated once."""

import numpy as np
import pytest

from cases.operators import CASES
from dxent.operators import as_scipy, diagonal, is_psd, is_symmetric, pinv, rank, sqrt, trace
from dxent.operators.ordering import apply_to_columns
from dxent.testing import check_operator

rng = np.random.default_rng(0)
every_case = pytest.mark.parametrize(("A", "twin"), CASES.values(), ids=CASES)
SQUARE = {name: case for name, case in CASES.items() if case[0].in_shape == case[0].out_shape}
every_square_case = pytest.mark.parametrize(("A", "twin"), SQUARE.values(), ids=SQUARE)
PSD = {name: case for name, case in CASES.items() if is_psd(case[0])}
every_psd_case = pytest.mark.parametrize(("A", "twin"), PSD.values(), ids=PSD)


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@every_case
def test_dense_is_the_twin(A, twin):
    close(A.to_dense(), twin)


@every_case
def test_product_with_a_vector(A, twin):
    v = rng.normal(size=A.in_shape)
    close(A @ v, (twin @ v.ravel()).reshape(A.out_shape))


@every_case
def test_adjoint_identity(A, twin):
    u, v = rng.normal(size=A.out_shape), rng.normal(size=A.in_shape)
    close(np.sum(u * (A @ v)), np.sum((u @ A) * v))


@every_case
def test_transpose_of_the_transpose(A, twin):
    close(A.T.to_dense(), twin.T)
    close(A.T.T.to_dense(), twin)


@every_case
def test_claimed_structure_is_true(A, twin):
    check_operator(A)


@every_case
def test_columns_at_once_are_columns_one_by_one(A, twin):
    M = rng.normal(size=(twin.shape[1], 3))
    close(apply_to_columns(A, M), twin @ M)


@every_case
def test_scaling_sums_and_products_of_matrices(A, twin):
    close((3.0 * A).to_dense(), 3.0 * twin)
    close((A - 2.0 * A).to_dense(), -twin)
    close((A.T @ A).to_dense(), twin.T @ twin)
    assert is_symmetric(A.T @ A)


@every_case
def test_rank(A, twin):
    assert rank(A) == np.linalg.matrix_rank(twin)


@every_case
def test_pseudo_inverse(A, twin):
    close(pinv(A).to_dense(), np.linalg.pinv(twin))


@every_case
def test_as_scipy(A, twin):
    v, u = rng.normal(size=twin.shape[1]), rng.normal(size=twin.shape[0])
    close(as_scipy(A) @ v, twin @ v)
    close(as_scipy(A).T @ u, twin.T @ u)


@every_square_case
def test_diagonal_and_trace(A, twin):
    close(diagonal(A), np.diag(twin).reshape(A.in_shape))
    close(trace(A), np.trace(twin))


@every_psd_case
def test_square_root(A, twin):
    S = sqrt(A).to_dense()
    close(S @ S.T, twin)


@every_case
def test_drawing_names_every_part(A, twin):
    drawn = str(A)
    assert type(A).__name__ in drawn
    assert f"{twin.shape[0]} × {twin.shape[1]}" in drawn
    assert f"{A.in_shape} → {A.out_shape}" in drawn
