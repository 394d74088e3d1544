import numpy as np
import pytest

from dxent.operators import (
    Dense,
    Diagonal,
    Identity,
    LinearOperator,
    Product,
    Scaled,
    SoftmaxJacobian,
    Structure,
    SymmetricOperator,
    Zero,
    diagonal,
    is_psd,
    is_symmetric,
    pinv,
    rank,
    solve,
    sqrt,
)
from dxent.operators.combine import written_product

rng = np.random.default_rng(3)
B = rng.normal(size=(4, 4))
b = rng.normal(size=4)
p = np.array([0.1, 0.2, 0.3, 0.4])


class Counted(SymmetricOperator):
    """A user's own operator: its shape, a product, its matrix, and what it claims."""

    structure = Structure.PSD
    in_shape = (4,)

    def mv(self, v):
        return B @ (B.T @ v)

    def _dense(self):
        return B @ B.T


class OneWay(LinearOperator):
    """A user's own operator without a transposed product."""

    in_shape = (4,)
    out_shape = (4,)

    def mv(self, v):
        return B @ v

    def _dense(self):
        return B


def test_facts_imply_one_another():
    assert Structure.SYMMETRIC in Structure.PSD
    assert Structure.SYMMETRIC in Structure.DIAGONAL
    assert Structure.PSD & Structure.DIAGONAL == Structure.SYMMETRIC
    assert [str(s) for s in (Structure.GENERAL, Structure.SYMMETRIC, Structure.PSD | Structure.DIAGONAL)] == [
        "general",
        "symmetric",
        "diagonal, psd",
    ]


def test_own_operator_joins_the_algebra():
    A = Counted()
    assert A.T is A
    np.testing.assert_allclose((A @ Diagonal(p) + 2 * A).to_dense(), B @ B.T @ np.diag(p) + 2 * B @ B.T)
    np.testing.assert_allclose(solve(A, b), np.linalg.solve(B @ B.T, b))
    assert repr(A) == "<Counted 4 × 4, psd>"
    assert "Counted" in str(A)


def test_own_operator_that_claims_symmetry_is_its_own_transpose():
    class Claimed(OneWay):
        structure = Structure.SYMMETRIC

    A = Claimed()
    assert A.T is A


def test_own_operator_without_a_transpose_says_what_to_define():
    with pytest.raises(TypeError, match="OneWay has no transposed product: define _rmv"):
        OneWay().T.mv(b)


@pytest.mark.parametrize(
    "A",
    [
        Dense(B, (4,), (4,)),
        Product((Dense(B, (4,), (4,)).T, Dense(B, (4,), (4,)))),
        Diagonal(p),
        Identity((4,)),
        Scaled(3.0, Dense(B, (4,), (4,))),
    ],
    ids=["lu", "cholesky", "diagonal", "identity", "scaled"],
)
def test_solve(A):
    np.testing.assert_allclose(A @ solve(A, b), b, rtol=1e-9)


def test_solve_softmax_jacobian_where_it_can():
    J = SoftmaxJacobian(p, 1 - p)
    centred = b - b.mean()
    x = solve(J, centred)
    np.testing.assert_allclose(J @ x, centred, atol=1e-14)
    assert abs(x.sum()) < 1e-13


@pytest.mark.parametrize(
    "A",
    [Diagonal(np.array([1.0, 0.0])), Dense(np.ones((2, 2)), (2,), (2,)), Zero((2,), (2,))],
    ids=["diagonal", "lu", "cholesky"],
)
def test_solve_refuses_what_is_singular(A):
    with pytest.raises(np.linalg.LinAlgError, match="singular: pinv"):
        solve(A, np.ones(2))


def test_solve_and_diagonal_refuse_what_is_not_square():
    A = Dense(np.ones((2, 3)), (3,), (2,))
    with pytest.raises(ValueError, match="solve needs a square operator"):
        solve(A, np.ones(2))
    with pytest.raises(ValueError, match="diagonal needs a square operator"):
        diagonal(A)


def test_softmax_pseudo_inverse_is_structured_where_all_p_are_positive():
    assert isinstance(pinv(SoftmaxJacobian(p, 1 - p)), Product)
    at_the_edge = np.array([0.0, 0.4, 0.6])
    J = SoftmaxJacobian(at_the_edge, 1 - at_the_edge)
    np.testing.assert_allclose(pinv(J).to_dense(), np.linalg.pinv(J.to_dense()), atol=1e-12)
    assert rank(J) == 1


def test_square_root_of_a_gauss_newton_matrix_is_a_jacobian():
    A, J = Dense(B, (4,), (4,)), SoftmaxJacobian(p, 1 - p)
    S = sqrt(A.T @ J @ A)
    assert isinstance(S, Product)
    np.testing.assert_allclose(S.to_dense() @ S.to_dense().T, B.T @ J.to_dense() @ B, atol=1e-14)


def test_square_root_refuses_what_may_be_indefinite():
    with pytest.raises(ValueError, match="shows that it is psd"):
        sqrt(Diagonal(np.array([1.0, -1.0])))


def test_structure_of_nodes():
    A, J = Dense(B, (4,), (4,)), SoftmaxJacobian(p, 1 - p)
    assert is_psd(A.T @ A)
    assert is_psd(A.T @ J @ A)
    assert not is_symmetric(A @ A)
    assert is_symmetric(J + -1.0 * J)
    assert not is_psd(J - J)
    assert not is_psd(-1.0 * J)
    assert is_psd(2.0 * J)
    assert is_psd(written_product(Diagonal(p), Diagonal(p)))
    other = Dense(B.copy(), (4,), (4,))
    assert not is_symmetric(A.T @ J @ other)
    twice = Scaled(2.0, A.T)
    assert not is_symmetric(written_product(written_product(A.T, J), twice))
    assert not is_symmetric(written_product(written_product(twice, J), A.T))
    assert is_psd(written_product(written_product(twice, J), twice.T))


def test_dense_names_the_shape_it_wants():
    with pytest.raises(ValueError, match=r"has a 3 × 2 matrix, not one of shape \(2, 2\)"):
        Dense(np.eye(2), (2,), (3,))


def test_numpy_leaves_products_to_the_operator():
    A = Dense(B, (4,), (4,))
    np.testing.assert_allclose(b @ A, b @ B)
    np.testing.assert_allclose((np.float64(2.0) * A).to_dense(), 2.0 * B)


def test_row_35_large_matrices_are_refused_with_their_size():
    J = SoftmaxJacobian(np.full(100_000, 1e-5), np.full(100_000, 1 - 1e-5))
    with pytest.raises(ValueError, match="80,000,000,000 bytes"):
        J.to_dense()
    np.testing.assert_allclose(J.mv(np.ones(100_000)), 0.0, atol=1e-15)
    assert Zero((0,), (100_000,)).to_dense(force=True).shape == (100_000, 0)
