"""The published checks catch what they are there to catch, and say where it is."""

from dataclasses import dataclass

import numpy as np
import pytest

from dxent.functions import Function, Linear, SoftmaxCrossEntropy, function, softmax
from dxent.operators import Dense, Diagonal, LinearOperator, Structure
from dxent.testing import check_function, check_objective, check_operator

x = np.array([0.3, -1.2, 0.8])
A = np.array([[2.0, 1.0], [0.0, 3.0]])


@dataclass(frozen=True)
class Claims(LinearOperator):
    """An operator that claims what it is told to claim, and multiplies as it is told to."""

    claim: Structure = Structure.GENERAL
    right: object = lambda v: A @ v
    left: object = lambda u: A.T @ u
    matrix: object = lambda: A
    in_shape = (2,)
    out_shape = (2,)

    @property
    def structure(self):
        return self.claim

    def mv(self, v):
        return self.right(v)

    def _rmv(self, u):
        return self.left(u)

    def _dense(self):
        return self.matrix()


class Cubed(Function):
    """x³, with derivatives that can be wrong."""

    slope, curvature, shape = 3.0, 6.0, None

    def linearize(self, x):
        return x**3, Diagonal(self.slope * x**2)

    def weighted_hessian(self, x, cotangent):
        return Diagonal(self.curvature * x * cotangent)

    def out_shape(self, in_shape):
        return self.shape or in_shape

    def __str__(self):
        return "cubed"


def wrong(**changes):
    return type("Wrong", (Cubed,), changes)()


def test_what_is_right_passes():
    check_function(Cubed(), x)
    check_function(softmax, x)
    check_operator(Claims())
    check_operator(Dense(A @ A.T, (2,), (2,)))


def test_a_wrong_jacobian_is_found_with_its_entry():
    with pytest.raises(
        AssertionError, match=r"cubed: Jacobian, entry \[1\] along x\[1\]: expected 4\.3\d+, found 4\.4\d+"
    ):
        check_function(wrong(slope=3.1), x)
    transposed = function(
        lambda x: np.array([x[0], x[0] * x[1]]), lambda x: np.array([[1.0, x[1]], [0.0, x[0]]])
    )
    with pytest.raises(AssertionError, match=r"Jacobian, entry \[1\] along x\[0\]"):
        check_function(transposed, [2.0, 3.0])


def test_a_wrong_hessian_is_found():
    with pytest.raises(AssertionError, match="cubed: weighted Hessian, entry"):
        check_function(wrong(curvature=5.0), x)


def test_wrong_shapes_are_found():
    with pytest.raises(AssertionError, match=r"out_shape says \(4,\), but the value has shape \(3,\)"):
        check_function(wrong(shape=(4,)), x)
    sideways = wrong(linearize=lambda self, x: (x, Diagonal(np.ones(2))))
    with pytest.raises(
        AssertionError, match=r"cubed: maps \(3,\) → \(3,\), but its Jacobian \(2,\) → \(2,\)"
    ):
        check_function(sideways, x)


def test_a_value_that_depends_on_who_asks_is_found():
    with pytest.raises(AssertionError, match="value, called and linearized"):
        check_function(wrong(__call__=lambda self, x: x), x)


def test_nan_is_found():
    with pytest.raises(AssertionError, match="found nan"):
        check_function(wrong(slope=np.nan), x)


@pytest.mark.parametrize(
    ("operator", "complaint"),
    [
        (Claims(right=lambda v: A.T @ v), "A v, entry"),
        (Claims(left=lambda u: A @ u), "Aᵀ u, entry"),
        (Claims(matrix=lambda: A[:1]), r"the matrix has shape \(1, 2\), not \(2, 2\)"),
        (Claims(right=lambda v: (A @ v)[:1]), r"A v: expected shape \(2,\), found \(1,\)"),
        (Claims(claim=Structure.SYMMETRIC), "claims to be symmetric"),
        (
            Claims(
                claim=Structure.DIAGONAL,
                right=lambda v: (A + A.T) @ v,
                left=lambda u: (A + A.T) @ u,
                matrix=lambda: A + A.T,
            ),
            "claims to be diagonal",
        ),
        (
            Claims(claim=Structure.PSD, right=lambda v: -v, left=lambda u: -u, matrix=lambda: -np.eye(2)),
            r"claims to be psd, but has the eigenvalue -1\.0",
        ),
    ],
)
def test_an_operator_that_breaks_a_law_is_found(operator, complaint):
    with pytest.raises(AssertionError, match=complaint):
        check_operator(operator)


loss = SoftmaxCrossEntropy([0, 2]) @ Linear(np.array([[1.0, -0.5], [0.25, 2.0]]))
W = np.array([[0.1, 0.2], [-0.3, 0.4], [0.0, 0.5]])


def test_objective():
    check_objective(loss, loss.gradient, W)
    check_objective(loss, loss.gradient, W, loss.hessian)


def test_a_wrong_objective_is_found():
    with pytest.raises(AssertionError, match=r"gradient, entry \[\] along x\[\d, \d\]"):
        check_objective(loss, lambda W: 1.01 * loss.gradient(W), W)
    with pytest.raises(AssertionError, match="Hessian, entry"):
        check_objective(loss, loss.gradient, W, lambda W: 1.01 * loss.hessian(W))
    with pytest.raises(AssertionError, match=r"gradient has shape \(6,\), but x has \(3, 2\)"):
        check_objective(loss, lambda W: loss.gradient(W).ravel(), W)


def test_many_coordinates_are_tested_along_random_directions():
    many = np.linspace(-1, 1, 400)
    check_function(Cubed(), many)
    with pytest.raises(AssertionError, match="along random direction"):
        check_function(wrong(slope=3.1), many)
