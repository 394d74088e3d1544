"""Every operator of the package, beside its matrix written down another way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dxent.operators import (
    Centering,
    Dense,
    Design,
    Diagonal,
    Identity,
    LinearOperator,
    LogSoftmaxJacobian,
    Row,
    SoftmaxCurvature,
    SoftmaxJacobian,
    Zero,
)
from dxent.operators.combine import Product, Scaled, Sum, Transpose
from dxent.report.textbook import softmax

__all__ = ["by_row", "known_operators"]

Numbers = NDArray[Any]


def known_operators() -> dict[str, tuple[LinearOperator, Numbers]]:
    """Return the operators by name, each with its matrix, on arrays of shape (3, 4) where they can be."""
    rng = np.random.default_rng(2)
    p, d, X = softmax(rng.normal(size=(3, 4))), rng.normal(size=(3, 4)), rng.normal(size=(3, 5))
    A, ones = rng.normal(size=(12, 12)), np.hstack([X[:, :2], np.ones((3, 1))])
    S, D = by_row(lambda p: np.diag(p) - np.outer(p, p), p), _spread(X)
    square, curved, design = Dense(A, (3, 4), (3, 4)), SoftmaxJacobian(p, 1 - p), Design(X, (4,))
    weight, curvature = d[:, :1] ** 2, d - (p * d).sum(axis=1, keepdims=True)
    return {
        "Zero": (Zero((3, 4), (3, 4)), np.zeros((12, 12))),
        "Identity": (Identity((3, 4)), np.eye(12)),
        "Diagonal": (Diagonal(d), np.diag(d.ravel())),
        "Dense": (square, A),
        "Row": (Row(d), d.reshape(1, 12)),
        "Row, by rows": (Row(d, (-1,)), np.kron(np.eye(3), np.ones(4)) * d.ravel()),
        "SoftmaxJacobian": (curved, S),
        "SoftmaxJacobian, weighted": (SoftmaxJacobian(p, 1 - p, (-1,), weight), S * np.repeat(weight, 4)),
        "LogSoftmaxJacobian": (LogSoftmaxJacobian(p, 1 - p), by_row(lambda p: np.eye(4) - p, p)),
        "SoftmaxCurvature": (SoftmaxCurvature(p, curvature), by_row(_curvature, p, curvature)),
        "Centering": (Centering(p), by_row(lambda p: np.eye(4) - 1 / 4, p)),
        "Design": (design, D),
        "Design, with an intercept": (Design(X[:, :2], (4,), True), _spread(ones)),
        "Transpose": (Transpose(square), A.T),
        "Scaled": (Scaled(-2.0, square), -2 * A),
        "Sum": (Sum((square, curved)), A + S),
        "Product": (Product((curved, square)), S @ A),
        "Product, Gauss–Newton": (Product((design.T, curved, design)), D.T @ S @ D),
    }  # fmt: skip


def by_row(matrix: Callable[..., Numbers], *arrays: Numbers, axis: int = -1) -> Numbers:
    """Return the block-diagonal matrix with one block for each row of the arrays, by loops over places."""
    first = arrays[0]
    places = np.moveaxis(np.arange(first.size).reshape(first.shape), axis, -1).reshape(-1, first.shape[axis])
    dense = np.zeros((first.size, first.size))
    for row in places:
        dense[np.ix_(row, row)] = matrix(*(array.ravel()[row] for array in arrays))
    return dense


def _curvature(p: Numbers, w: Numbers) -> Numbers:
    """Σ_c p_c w_c (e_c − p)(e_c − p)ᵀ."""
    blocks: Numbers = np.eye(len(p)) - p
    matrix: Numbers = (blocks.T * (p * w)) @ blocks
    return matrix


def _spread(X: Numbers) -> Numbers:
    """W ↦ X Wᵀ for four classes: its entry at (sample i, class t), (class s, feature j) is X_ij [t = s]."""
    samples, features = X.shape
    matrix: Numbers = np.einsum("ij,ts->itsj", X, np.eye(4)).reshape(4 * samples, 4 * features)
    return matrix
