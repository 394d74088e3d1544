"""Questions to an operator, answered from its structure where that is known and from its matrix elsewhere.

Each is an open function: ``rank.register(MyOperator)`` teaches it a closed form. Inverses and roots are in
`inverse`.
"""

from __future__ import annotations

from functools import singledispatch
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from dxent._typing import Array
from dxent.kernels.arrays import namespace
from dxent.operators.base import LinearOperator, Structure
from dxent.operators.combine import Scaled, Sum
from dxent.operators.design import Design
from dxent.operators.elementary import Diagonal, Identity, Zero
from dxent.operators.softmax import SoftmaxJacobian

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator as ScipyOperator

__all__ = ["as_scipy", "diagonal", "is_psd", "is_symmetric", "rank", "require_square", "trace"]


def is_symmetric(A: LinearOperator) -> bool:
    """Tell whether the structure shows A = Aᵀ."""
    return Structure.SYMMETRIC in A.structure


def is_psd(A: LinearOperator) -> bool:
    """Tell whether the structure shows A = Aᵀ and vᵀ A v ≥ 0."""
    return Structure.PSD in A.structure


@singledispatch
def diagonal(A: LinearOperator) -> Array:
    """Return the diagonal of a square operator, in the shape of its input."""
    require_square(A, "diagonal")
    dense = A.to_dense()
    xp = namespace(dense)
    return xp.reshape(xp.reshape(dense, (-1,))[:: dense.shape[0] + 1], A.in_shape)


@diagonal.register
def _(A: Diagonal) -> Array:
    return A.entries


@diagonal.register
def _(A: SoftmaxJacobian) -> Array:
    return A.diagonal()


@diagonal.register
def _(A: Scaled) -> Array:
    return A.factor * diagonal(A.operator)


@diagonal.register
def _(A: Sum) -> Array:
    require_square(A, "diagonal")
    return sum(diagonal(term) for term in A.terms)


@singledispatch
def trace(A: LinearOperator) -> Array:
    """Return the sum of the diagonal."""
    entries = diagonal(A)
    return namespace(entries).sum(entries)


@singledispatch
def rank(A: LinearOperator) -> int:
    """Return the rank: exact where the structure tells it, numerical elsewhere."""
    return int(np.linalg.matrix_rank(np.asarray(A.to_dense())))


@rank.register
def _(A: Zero) -> int:
    return 0


@rank.register
def _(A: Identity) -> int:
    return prod(A.shape)


@rank.register
def _(A: Diagonal) -> int:
    return int(np.count_nonzero(np.asarray(A.entries)))


@rank.register
def _(A: SoftmaxJacobian) -> int:
    """In a row, one less than the classes with p > 0; nothing where the row's weight is zero."""
    possible = np.asarray(A.probs) > 0
    if A.weight is not None:
        possible = possible & (np.asarray(A.weight) != 0)
    return int(np.sum(np.maximum(possible.sum(axis=A.axes) - 1, 0)))


@rank.register
def _(A: Design) -> int:
    columns = Design(A.features, (), A.intercept)
    return int(np.linalg.matrix_rank(np.asarray(columns.to_dense()))) * prod(A.outputs)


def as_scipy(A: LinearOperator) -> ScipyOperator:
    """Return the operator as SciPy's, on flat vectors, for its iterative solvers and eigenvalues."""
    from scipy.sparse.linalg import LinearOperator as ScipyOperator

    return ScipyOperator(
        shape=(prod(A.out_shape), prod(A.in_shape)),
        matvec=lambda v: np.reshape(A.mv(np.reshape(v, A.in_shape)), -1),
        rmatvec=lambda u: np.reshape(A.T.mv(np.reshape(u, A.out_shape)), -1),
        dtype=np.float64,
    )


def require_square(A: LinearOperator, question: str) -> None:
    """Raise ValueError, naming what was asked, unless A maps a space to itself."""
    if A.in_shape != A.out_shape:
        raise ValueError(f"{question} needs a square operator, but {A!r} maps {A.in_shape} → {A.out_shape}.")
