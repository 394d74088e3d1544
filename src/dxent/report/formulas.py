r"""What each function is in a textbook: its value, its derivative, and what its input and output are called.

The notation is that of `mathml`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from dxent import functions as F
from dxent._typing import Array
from dxent.functions import Function

__all__ = ["CLOSED_FORMS", "REASONS", "ClosedForm", "Formula", "formula_of"]


@final
@dataclass(frozen=True)
class Formula:
    """A function in symbols: it takes `takes` and gives `gives`."""

    takes: str
    gives: str
    value: str
    derivative: str = ""
    matrix: str = ""


@final
@dataclass(frozen=True)
class ClosedForm:
    """The gradient and the Hessian of a whole chain."""

    gradient: str
    hessian: str


_FORMULAS: dict[type[Function], Formula] = {
    F.Linear: Formula("W", "z", "z = W x", r"\frac{∂z_t}{∂W_{ij}} = δ_{ti} x_j", "J = I ⊗ xᵀ"),
    F.Affine: Formula(
        "(W b)", "z", "z = W x + b", r"\frac{∂z_t}{∂W_{ij}} = δ_{ti} x_j", "J = I ⊗ (xᵀ 1)"
    ),
    F.Softmax: Formula(
        "z",
        "p",
        r"p_j = \frac{e^{z_j}}{Σ_k e^{z_k}}",
        r"\frac{∂p_i}{∂z_j} = p_i (δ_{ij} − p_j)", "J = diag p − p pᵀ",
    ),
    F.LogSoftmax: Formula(
        "z", "ℓ", "ℓ_j = z_j − log Σ_k e^{z_k}", r"\frac{∂ℓ_i}{∂z_j} = δ_{ij} − p_j", "J = I − 1 pᵀ"
    ),
    F.LogSumExp: Formula("z", "s", "s = log Σ_k e^{z_k}", r"\frac{∂s}{∂z_j} = p_j"),
    F.Sigmoid: Formula("z", "p", r"p = \frac{1}{1 + e^{−z}}", r"\frac{dp}{dz} = p (1 − p)"),
    F.CrossEntropy: Formula("p", "L", "L = −Σ_k t_k log p_k", r"\frac{∂L}{∂p_k} = −\frac{t_k}{p_k}"),
    F.BinaryCrossEntropy: Formula(
        "p", "L", "L = −t log p − (1 − t) log(1 − p)", r"\frac{dL}{dp} = \frac{p − t}{p (1 − p)}"
    ),
    F.SoftmaxCrossEntropy: Formula(
        "z", "L", "L = log Σ_k e^{z_k} − Σ_k t_k z_k", r"\frac{∂L}{∂z_i} = p_i − t_i"
    ),
    F.SigmoidCrossEntropy: Formula(
        "z", "L", "L = log(1 + e^{z}) − t z", r"\frac{dL}{dz} = p − t"
    ),
    F.Exp: Formula("x", "y", "y = e^{x}", r"\frac{dy}{dx} = e^{x}"),
    F.Log: Formula("x", "y", "y = log x", r"\frac{dy}{dx} = \frac{1}{x}"),
    F.Tanh: Formula("x", "y", "y = tanh x", r"\frac{dy}{dx} = 1 − y^2"),
    F.Square: Formula("x", "y", "y = x^2", r"\frac{dy}{dx} = 2 x"),
}  # fmt: skip

_ONE_OUTPUT: dict[type[Function], Formula] = {
    F.Linear: Formula("w", "z", "z = wᵀ x", r"\frac{∂z}{∂w_j} = x_j", "J = xᵀ"),
    F.Affine: Formula("(w b)", "z", "z = wᵀ x + b", r"\frac{∂z}{∂w_j} = x_j", "J = (xᵀ 1)"),
}

REASONS: dict[tuple[type[Function], type[Function]], str] = {
    (F.CrossEntropy, F.Softmax): r"Σ_k (−\frac{t_k}{p_k}) p_k (δ_{ki} − p_i) = p_i Σ_k t_k − t_i = p_i − t_i",
    (F.BinaryCrossEntropy, F.Sigmoid): r"\frac{p − t}{p (1 − p)} · p (1 − p) = p − t",
}
"""Why two neighbours collapse: the product of their derivatives."""

_SOFTMAX_LAYER = ClosedForm(
    r"\frac{∂L}{∂W_{ij}} = (p_i − t_i) x_j", "H = (diag p − p pᵀ) ⊗ x xᵀ"
)  # fmt: skip
_LOGISTIC = ClosedForm(r"\frac{∂L}{∂w_j} = (p − t) x_j", "H = p (1 − p) x xᵀ")

CLOSED_FORMS: dict[tuple[type[Function], ...], ClosedForm] = {
    (F.SoftmaxCrossEntropy,): ClosedForm(r"\frac{∂L}{∂z_i} = p_i − t_i", "H = diag p − p pᵀ"),
    (F.SoftmaxCrossEntropy, F.Linear): _SOFTMAX_LAYER,
    (F.SoftmaxCrossEntropy, F.Affine): _SOFTMAX_LAYER,
    (F.SigmoidCrossEntropy,): ClosedForm(r"\frac{dL}{dz} = p − t", "H = p (1 − p)"),
    (F.SigmoidCrossEntropy, F.Linear): _LOGISTIC,
    (F.SigmoidCrossEntropy, F.Affine): _LOGISTIC,
}
"""The derivatives of a simplified chain, the outermost function first, for targets that add to one."""


def formula_of(f: Function, x: Array) -> Formula:
    """Return the formula of f at an input like x; a function without one is named, not explained."""
    if x.ndim == 1 and type(f) in _ONE_OUTPUT:
        return _ONE_OUTPUT[type(f)]
    return _FORMULAS.get(type(f), Formula("x", "y", f"y = {f}(x)"))
