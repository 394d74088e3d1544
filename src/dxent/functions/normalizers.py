"""Functions that turn rows of logits into probabilities, their logarithms, or their normalizer.

All three follow from one shift and one exponential of each row (`kernels.rows`), and so do their derivatives,
each of which is written with p = softmax z:

    softmax      J = diag p − p pᵀ
    log_softmax  J = I − 1 pᵀ
    logsumexp    J = pᵀ,               H = diag p − p pᵀ
"""

# ruff: noqa: D102 — these methods are documented where they are declared, in Function.

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

from dxent._typing import Array, Axis, Shape
from dxent.functions.chain_rule import Function
from dxent.kernels.arrays import finish, holds, namespace, normalize_axis, quietly
from dxent.kernels.rows import deviation
from dxent.kernels.rowwise import Rows, rows_of
from dxent.operators.base import LinearOperator
from dxent.operators.elementary import Row
from dxent.operators.softmax import LogSoftmaxJacobian, SoftmaxCurvature, SoftmaxJacobian

__all__ = ["LogSoftmax", "LogSumExp", "Softmax", "softmax_jacobian"]


@final
@dataclass(frozen=True, repr=False)
class Softmax(Function):
    """The probabilities whose logarithms are the logits, up to a constant a row.

        softmax(z)_j = e^z_j / Σ_k e^z_k,    ∂p_i/∂z_j = p_i (δ_ij − p_j)

    Shapes: any → the same; each row along `axis` (one axis, or several taken as one) sums to one. Where the
    mask ``where=`` is false an entry has probability 0; a row of them has none.
    Derivative: `SoftmaxJacobian`; second order: `SoftmaxCurvature`.
    Range: one +∞ takes all; two, or nothing but −∞, give NaN. Accuracy: 3 ulp at any spread, offset, length.
    Raises: TypeError unless the numbers are real; AxisError for a wrong axis.
    See: J. S. Bridle, in Neurocomputing, Springer 1990, 227–236.
    """

    axis: Axis = -1

    def __call__(self, x: Array, *, axis: Axis | None = None, where: Array | None = None) -> Array:
        return rows_of(x, self.axis if axis is None else axis, where).softmax()

    def linearize(self, x: Array, *, where: Array | None = None) -> tuple[Array, LinearOperator]:
        J = _jacobian(x, self.axis, where)
        return J.probs, J

    @quietly
    def weighted_hessian(self, x: Array, cotangent: Array, *, where: Array | None = None) -> LinearOperator:
        J = _jacobian(x, self.axis, where)
        return SoftmaxCurvature(J.probs, deviation(J.probs, cotangent, J.axes), J.axes)

    def out_shape(self, in_shape: Shape) -> Shape:
        normalize_axis(self.axis, in_shape)
        return in_shape

    def __str__(self) -> str:
        return _name("softmax", self.axis)


@final
@dataclass(frozen=True, repr=False)
class LogSoftmax(Function):
    """The logarithms of the softmax probabilities, which say much where those are nearly 0 or 1.

        log_softmax(z)_j = z_j − log Σ_k e^z_k,    ∂/∂z_j of entry i: δ_ij − p_j

    Shapes: any → the same. Where the mask ``where=`` is false the value is −∞. Units: nats.
    Derivative: `LogSoftmaxJacobian`; second order: −(Σ ȳ) `SoftmaxJacobian`.
    Range: as `Softmax`. Accuracy: 3 ulp, however close to 0.
    Raises: TypeError unless the numbers are real; AxisError for a wrong axis.
    """

    axis: Axis = -1

    def __call__(self, x: Array, *, axis: Axis | None = None, where: Array | None = None) -> Array:
        return rows_of(x, self.axis if axis is None else axis, where).log_softmax()

    def linearize(self, x: Array, *, where: Array | None = None) -> tuple[Array, LinearOperator]:
        rows = rows_of(x, self.axis, where)
        return rows.log_softmax(), LogSoftmaxJacobian(rows.softmax(), rows.complement(), rows.frame.axes)

    def weighted_hessian(self, x: Array, cotangent: Array, *, where: Array | None = None) -> LinearOperator:
        J = _jacobian(x, self.axis, where)
        total = namespace(cotangent).sum(cotangent, axis=J.axes, keepdims=True)
        return replace(J, weight=-total)

    def out_shape(self, in_shape: Shape) -> Shape:
        normalize_axis(self.axis, in_shape)
        return in_shape

    def __str__(self) -> str:
        return _name("log_softmax", self.axis)


@final
@dataclass(frozen=True, repr=False)
class LogSumExp(Function):
    """The logarithm of a sum of exponentials: the smooth maximum, whose gradient is softmax.

        logsumexp z = log Σ_k e^z_k

    Shapes: any → the same without `axis`. Entries where the mask ``where=`` is false are left out.
    Units: nats.
    Derivative: `Row` of probabilities; second order: `SoftmaxJacobian`.
    Range: −∞ for a row of −∞ (gradient NaN) and for none; +∞ if an entry is.
    Accuracy: 3 ulp of the largest term.
    Raises: TypeError unless the numbers are real; AxisError for a wrong axis.
    See: P. Blanchard, D. J. Higham, N. J. Higham, IMA J. Numer. Anal. 41 (2021) 2311–2330.
    """

    axis: Axis = -1

    def __call__(self, x: Array, *, axis: Axis | None = None, where: Array | None = None) -> Array:
        return rows_of(x, self.axis if axis is None else axis, where).logsumexp()

    def linearize(self, x: Array, *, where: Array | None = None) -> tuple[Array, LinearOperator]:
        rows = rows_of(x, self.axis, where)
        return rows.logsumexp(), Row(rows.softmax(), rows.frame.axes)

    def weighted_hessian(self, x: Array, cotangent: Array, *, where: Array | None = None) -> LinearOperator:
        J = _jacobian(x, self.axis, where)
        xp, weight = namespace(J.probs), cotangent
        for axis in reversed(J.axes):
            weight = xp.expand_dims(weight, axis=axis)
        return replace(J, weight=weight)

    def out_shape(self, in_shape: Shape) -> Shape:
        axes = normalize_axis(self.axis, in_shape)
        return tuple(length for k, length in enumerate(in_shape) if k - len(in_shape) not in axes)

    def __str__(self) -> str:
        return _name("logsumexp", self.axis)


def softmax_jacobian(rows: Rows) -> SoftmaxJacobian:
    """Return diag p − p pᵀ for each row of logits."""
    exact, dtype = rows.unrounded(), rows.frame.dtype
    parts = exact.softmax(), exact.complement()
    p, q = (finish(part, dtype) for part in parts)
    if p.dtype != parts[0].dtype:
        return SoftmaxJacobian(p, q, rows.frame.axes, unrounded=parts)
    scaled = rows.scaled() if holds(p < namespace(p).finfo(dtype).smallest_normal) else None
    return SoftmaxJacobian(p, q, rows.frame.axes, scaled=scaled)


def _jacobian(x: Array, axis: Axis, where: Array | None) -> SoftmaxJacobian:
    return softmax_jacobian(rows_of(x, axis, where))


def _name(name: str, axis: Axis) -> str:
    return name if axis == -1 else f"{name}(axis={axis})"
