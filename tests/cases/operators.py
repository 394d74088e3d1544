"""Every operator beside a matrix that was written down another way: those of `dxent check`, and hard ones."""

import numpy as np

from dxent.operators import (
    Dense,
    Design,
    Diagonal,
    Identity,
    Row,
    SoftmaxJacobian,
    Zero,
)
from dxent.operators.combine import Product, Scaled, Sum, Transpose
from dxent.report.known_operators import by_row, known_operators

rng = np.random.default_rng(7)


def probabilities(*shape, axis=-1):
    e = np.exp(rng.normal(size=shape))
    return e / e.sum(axis=axis, keepdims=True)


p1, p2, p3 = probabilities(4), probabilities(3, 4), probabilities(2, 3, 2, axis=1)
w2 = np.array([[0.5], [0.0], [2.0]])
y2 = rng.normal(size=(3, 4))
x, X, A, B = rng.normal(size=3), rng.normal(size=(5, 3)), rng.normal(size=(4, 6)), rng.normal(size=(6, 6))


def softmax_block(p):
    return np.diag(p) - np.outer(p, p)


def with_ones(X):
    return np.hstack([X, np.ones((len(X), 1))])


dense = Dense(A, (2, 3), (4,))
square = Dense(B, (2, 3), (2, 3))
design = Design(X, (4,))

CASES = known_operators() | {
    "zero": (Zero((2, 3), (4,)), np.zeros((4, 6))),
    "zero_square": (Zero((2,), (2,)), np.zeros((2, 2))),
    "diagonal": (Diagonal(np.array([[1.0, -2.0], [0.0, 3.0]])), np.diag([1.0, -2.0, 0.0, 3.0])),
    "diagonal_psd": (Diagonal(np.array([1.0, 0.0, 3.0])), np.diag([1.0, 0.0, 3.0])),
    "diagonal_of_one_number": (Diagonal(np.array(2.5)), np.array([[2.5]])),
    "dense": (dense, A),
    "row": (Row(y2), y2.reshape(1, -1)),
    "row_of_one_number": (Row(np.array(2.5)), np.array([[2.5]])),
    "row_by_columns": (Row(y2, (-2,)), np.kron(np.ones((1, 3)), np.eye(4)) * y2.ravel()),
    "row_over_outer_axes": (
        Row(p3, (-3, -1)),
        np.kron(np.kron(np.ones((1, 2)), np.eye(3)), np.ones((1, 2))) * p3.ravel(),
    ),
    "softmax": (SoftmaxJacobian(p1, 1 - p1), np.diag(p1) - np.outer(p1, p1)),
    "softmax_rows": (SoftmaxJacobian(p2, 1 - p2), by_row(softmax_block, p2)),
    "softmax_middle_axis": (SoftmaxJacobian(p3, 1 - p3, (-2,)), by_row(softmax_block, p3, axis=1)),
    "softmax_negative": (
        SoftmaxJacobian(p2, 1 - p2, (-1,), -w2),
        -by_row(softmax_block, p2) * np.repeat(w2, 4),
    ),
    "design_one_sample": (Design(x, (4,)), np.kron(np.eye(4), x)),
    "design_one_number": (Design(x, ()), x.reshape(1, -1)),
    "design": (design, np.einsum("ij,ts->itsj", X, np.eye(4)).reshape(20, 12)),
    "design_one_output": (Design(X, ()), X),
    "design_affine": (
        Design(X, (4,), True),
        np.einsum("ij,ts->itsj", with_ones(X), np.eye(4)).reshape(20, 16),
    ),
    "design_affine_one_output": (Design(X, (), True), with_ones(X)),
    "design_affine_one_sample": (Design(x, (4,), True), np.kron(np.eye(4), np.append(x, 1.0))),
    "design_affine_one_number": (Design(x, (), True), np.append(x, 1.0).reshape(1, -1)),
    "transpose": (Transpose(design), np.einsum("ij,ts->itsj", X, np.eye(4)).reshape(20, 12).T),
    "scaled_square": (Scaled(3.0, square), 3.0 * B),
    "sum": (Sum((square, Identity((2, 3)), Zero((2, 3), (2, 3)))), B + np.eye(6)),
    "product": (Product((SoftmaxJacobian(p1, 1 - p1), dense)), (np.diag(p1) - np.outer(p1, p1)) @ A),
    "gauss_newton": (
        Product((dense.T, SoftmaxJacobian(p1, 1 - p1), dense)),
        A.T @ (np.diag(p1) - np.outer(p1, p1)) @ A,
    ),
    "gram": (Product((dense.T, dense)), A.T @ A),
    "gram_of_a_sum": (
        Product((Sum((dense, dense)).T, Sum((dense, dense)))),
        4 * A.T @ A,
    ),
    "product_of_diagonals": (Product((Diagonal(p1), Diagonal(-p1))), np.diag(-p1 * p1)),
    "psd_product_of_diagonals": (Product((Diagonal(p1), Diagonal(p1 + 1))), np.diag(p1 * (p1 + 1))),
}
