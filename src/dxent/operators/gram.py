"""The matrix Xᵀ H X of a batch, without ever holding more than the design matrix and the result.

    G = Σ_i H_i ⊗ x_i x_iᵀ,    block (s, t):  Xᵀ diag(h_st) X  with h_st = (H_i)_st for each sample i

Multiplied out from one side it would pass through samples × classes × features × classes numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TypeAlias

from dxent._typing import Array, Shape
from dxent.kernels.arrays import concat, namespace
from dxent.operators.base import LinearOperator
from dxent.operators.design import Design
from dxent.operators.elementary import Diagonal
from dxent.operators.softmax import SoftmaxCurvature, SoftmaxJacobian

__all__ = ["gram"]

Entries: TypeAlias = Callable[[int, int], Array]


def _block_entries(H: LinearOperator, samples: int, classes: int) -> Entries | None:
    """Return (s, t) ↦ entry s, t of each sample's block, if H is known to have one block a sample."""
    shape = (samples, classes)
    match H:
        case Diagonal(entries=d):
            d = _reshape(d, shape)
            return lambda s, t: d[:, s] * (s == t)
        case SoftmaxJacobian(probs=p, complement=q, axes=(-1,), weight=w) if p.shape[-1] == classes:
            p, q = _reshape(p, shape), _reshape(q, shape)
            scale = 1.0 if w is None else _reshape(w, (samples,))
            return lambda s, t: scale * p[:, s] * (q[:, s] if s == t else -p[:, t])
        case SoftmaxCurvature(probs=p, deviations=d, axes=(-1,)) if p.shape[-1] == classes:
            p, a = _reshape(p, shape), _reshape(p * d, shape)
            return lambda s, t: a[:, s] * (s == t) - a[:, s] * p[:, t] - p[:, s] * a[:, t]
    return None


def gram(design: Design, H: LinearOperator) -> Array | None:
    """Return the matrix of designᵀ H design, or None if H is not known to have one block a sample."""
    X = design.rows()
    classes = range(prod(design.outputs))
    entries = _block_entries(H, X.shape[0], len(classes))
    if entries is None:
        return None
    blocks = {(s, t): X.T @ (entries(s, t)[:, None] * X) for s in classes for t in classes if t <= s}
    # Each block Xᵀ diag(h) X is symmetric, and so is each H: block (t, s) equals block (s, t).
    bands = [concat([blocks[max(s, t), min(s, t)] for t in classes], axis=1) for s in classes]
    return concat(bands, axis=0)


def _reshape(x: Array, shape: Shape) -> Array:
    return namespace(x).reshape(x, shape)
