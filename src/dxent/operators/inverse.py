"""Inverses and square roots of operators: closed forms where there are any, the dense matrix elsewhere.

Each is an open function: ``solve.register(MyOperator)`` teaches it a closed form.
"""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from dxent._typing import Array
from dxent.kernels.arrays import holds, namespace
from dxent.operators.base import LinearOperator, Structure
from dxent.operators.combine import Product, Scaled, mirrors
from dxent.operators.elementary import Dense, Diagonal, Identity, Zero
from dxent.operators.softmax import Centering, LogSoftmaxJacobian, SoftmaxJacobian
from dxent.operators.structure import is_psd, require_square

__all__ = ["pinv", "solve", "sqrt"]


@singledispatch
def solve(A: LinearOperator, b: Array) -> Array:
    """Return x with A x = b: by Cholesky where A is known to be positive semidefinite, else by LU.

    Raises: numpy.linalg.LinAlgError if A is singular; `pinv` has the shortest solution then.
    """
    require_square(A, "solve")
    dense = A.to_dense()
    xp = namespace(dense)
    flat = xp.reshape(b, (-1,))
    if xp is not np:
        return xp.reshape(xp.linalg.solve(dense, flat), A.in_shape)
    import scipy.linalg

    try:
        x = scipy.linalg.solve(dense, flat, assume_a="pos" if is_psd(A) else "gen")
    except np.linalg.LinAlgError as error:
        raise np.linalg.LinAlgError(f"{A!r} is singular: pinv(A).mv(b) is the shortest solution.") from error
    return np.reshape(x, A.in_shape)


@solve.register
def _(A: Identity, b: Array) -> Array:
    return b


@solve.register
def _(A: Diagonal, b: Array) -> Array:
    if holds(A.entries == 0):
        raise np.linalg.LinAlgError(f"{A!r} is singular: pinv(A).mv(b) is the shortest solution.")
    return b / A.entries


@solve.register
def _(A: Scaled, b: Array) -> Array:
    return solve(A.operator, b) / A.factor


@solve.register
def _(A: SoftmaxJacobian, b: Array) -> Array:
    """Return the solution whose rows sum to zero; b must sum to zero too, or it is the nearest one."""
    return pinv(A).mv(b)


@singledispatch
def pinv(A: LinearOperator) -> LinearOperator:
    """Return the Moore–Penrose inverse A⁺: A⁺b is the shortest least-squares solution of A x = b."""
    return _dense_pinv(A)


def _dense_pinv(A: LinearOperator) -> LinearOperator:
    dense = A.to_dense()
    return Dense(namespace(dense).linalg.pinv(dense), A.out_shape, A.in_shape)


@pinv.register
def _(A: Identity) -> LinearOperator:
    return A


@pinv.register
def _(A: Zero) -> LinearOperator:
    return A.T


@pinv.register
def _(A: Diagonal) -> LinearOperator:
    return Diagonal(_reciprocal(A.entries))


@pinv.register
def _(A: SoftmaxJacobian) -> LinearOperator:
    """(diag p − p pᵀ)⁺ = C diag(1/p) C with C = I − 1 1ᵀ/T, where all p > 0."""
    if holds(A.probs <= 0):
        return _dense_pinv(A)
    weighted = A.probs if A.weight is None else A.probs * A.weight
    centre = Centering(A.probs, A.axes)
    return Product((centre, Diagonal(_reciprocal(weighted)), centre))


@singledispatch
def sqrt(A: LinearOperator) -> LinearOperator:
    """Return S with S Sᵀ = A, for A positive semidefinite."""
    _require_psd(A)
    return _dense_sqrt(A)


def _dense_sqrt(A: LinearOperator) -> LinearOperator:
    dense = A.to_dense()
    xp = namespace(dense)
    values, vectors = xp.linalg.eigh(dense)
    roots = xp.sqrt(xp.where(values > 0, values, 0.0))
    return Dense((vectors * roots) @ vectors.T, A.in_shape, A.in_shape)


@sqrt.register
def _(A: Identity) -> LinearOperator:
    return A


@sqrt.register
def _(A: Diagonal) -> LinearOperator:
    _require_psd(A)
    return Diagonal(namespace(A.entries).sqrt(A.entries))


@sqrt.register
def _(A: SoftmaxJacobian) -> LinearOperator:
    """S = (I − p 1ᵀ) diag √p has S Sᵀ = diag p − p pᵀ, since √p has length one."""
    _require_psd(A)
    weighted = A.probs if A.weight is None else A.probs * A.weight
    root = Diagonal(namespace(weighted).sqrt(weighted))
    return Product((LogSoftmaxJacobian(A.probs, A.complement, A.axes).T, root))


@sqrt.register
def _(A: Product) -> LinearOperator:
    """Jᵀ H J = (Jᵀ √H)(Jᵀ √H)ᵀ: the root of a Gauss–Newton matrix is a Jacobian."""
    _require_psd(A)
    half, odd = divmod(len(A.factors), 2)
    outer = A.factors[:half]
    if Structure.DIAGONAL in A.structure or not all(map(mirrors, outer, A.factors[::-1])):
        return _dense_sqrt(A)
    return Product((*outer, sqrt(A.factors[half]))) if odd else Product(outer)


def _reciprocal(d: Array) -> Array:
    """1/d, and 0 where d is 0."""
    xp = namespace(d)
    return xp.where(d == 0, 0.0, 1 / xp.where(d == 0, 1.0, d))


def _require_psd(A: LinearOperator) -> None:
    if not is_psd(A):
        raise ValueError(f"sqrt needs an operator whose structure shows that it is psd, but {A!r} does not.")
