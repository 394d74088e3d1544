"""The functions of rows inside PyTorch's autodiff, with derivatives of their own.

With p = softmax x, all derivatives of all orders are made of three linear maps of a vector,

    spread   v − 1 ⟨p, v⟩              derivative of log_softmax
    pull     u − p Σ u                 its transpose
    product  p ∗ (v − 1 ⟨p, v⟩)        derivative of softmax, symmetric

whose own derivatives with respect to x are made of them again. Imported when the first tensor arrives.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch

from dxent._typing import Array
from dxent.kernels.rows import deviation, shift

__all__ = ["complement", "entrywise", "log_softmax", "logsumexp", "softmax"]

Formula = Callable[[ModuleType, Array], Array]


class Rule(torch.autograd.Function):
    """A function of one tensor or two whose derivatives need nothing but its inputs."""

    generate_vmap_rule = True

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Array) -> None:
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)


class Softmax(Rule):
    """softmax x."""

    @staticmethod
    def forward(x: Array) -> Array:
        return shift(x).softmax()

    @staticmethod
    def backward(ctx: Any, u: Array) -> Array:
        return product(*ctx.saved_tensors, u)

    @staticmethod
    def jvp(ctx: Any, dx: Array) -> Array:
        return product(*ctx.saved_tensors, dx)


class Complement(Rule):
    """1 − softmax x."""

    @staticmethod
    def forward(x: Array) -> Array:
        return shift(x).complement()

    @staticmethod
    def backward(ctx: Any, u: Array) -> Array:
        return -product(*ctx.saved_tensors, u)

    @staticmethod
    def jvp(ctx: Any, dx: Array) -> Array:
        return -product(*ctx.saved_tensors, dx)


class LogSoftmax(Rule):
    """log softmax x."""

    @staticmethod
    def forward(x: Array) -> Array:
        return shift(x).log_softmax()

    @staticmethod
    def backward(ctx: Any, u: Array) -> Array:
        return pull(*ctx.saved_tensors, u)

    @staticmethod
    def jvp(ctx: Any, dx: Array) -> Array:
        return spread(*ctx.saved_tensors, dx)


class LogSumExp(Rule):
    """log Σ exp x."""

    @staticmethod
    def forward(x: Array) -> Array:
        return shift(x).logsumexp()

    @staticmethod
    def backward(ctx: Any, u: Array) -> Array:
        return u[..., None] * softmax(*ctx.saved_tensors)

    @staticmethod
    def jvp(ctx: Any, dx: Array) -> Array:
        return torch.sum(softmax(*ctx.saved_tensors) * dx, dim=-1)


class Product(Rule):
    """(diag p − p pᵀ) v."""

    @staticmethod
    def forward(x: Array, v: Array) -> Array:
        p = shift(x).softmax()
        return p * deviation(p, v, (-1,))

    @staticmethod
    def backward(ctx: Any, u: Array) -> tuple[Array, Array]:
        x, v = ctx.saved_tensors
        return product(x, spread(x, v) * spread(x, u)), product(x, u)

    @staticmethod
    def jvp(ctx: Any, dx: Array, dv: Array) -> Array:
        x, v = ctx.saved_tensors
        return product(x, spread(x, v) * spread(x, dx) + dv)


class Spread(Rule):
    """(I − 1 pᵀ) v."""

    @staticmethod
    def forward(x: Array, v: Array) -> Array:
        return deviation(shift(x).softmax(), v, (-1,))

    @staticmethod
    def backward(ctx: Any, u: Array) -> tuple[Array, Array]:
        x, v = ctx.saved_tensors
        return -torch.sum(u, dim=-1, keepdim=True) * product(x, v), pull(x, u)

    @staticmethod
    def jvp(ctx: Any, dx: Array, dv: Array) -> Array:
        x, v = ctx.saved_tensors
        return spread(x, dv) - torch.sum(product(x, v) * dx, dim=-1, keepdim=True)


class Pull(Rule):
    """(I − p 1ᵀ) u, as u_i (1 − p_i) − p_i Σ_{j≠i} u_j."""

    @staticmethod
    def forward(x: Array, u: Array) -> Array:
        rows = shift(x)
        return u * rows.complement() - rows.softmax() * (torch.sum(u, dim=-1, keepdim=True) - u)

    @staticmethod
    def backward(ctx: Any, w: Array) -> tuple[Array, Array]:
        x, u = ctx.saved_tensors
        return -torch.sum(u, dim=-1, keepdim=True) * product(x, w), spread(x, w)

    @staticmethod
    def jvp(ctx: Any, dx: Array, du: Array) -> Array:
        x, u = ctx.saved_tensors
        return pull(x, du) - torch.sum(u, dim=-1, keepdim=True) * product(x, dx)


class Entrywise(torch.autograd.Function):
    """f(z), number by number, with the derivative f′."""

    generate_vmap_rule = True

    @staticmethod
    def forward(z: Array, xp: ModuleType, value: Formula, slope: Formula) -> Array:
        return value(xp, z)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Array) -> None:
        z, ctx.xp, _, ctx.slope = inputs
        ctx.save_for_backward(z)
        ctx.save_for_forward(z)

    @staticmethod
    def backward(ctx: Any, u: Array) -> tuple[Array, None, None, None]:
        (z,) = ctx.saved_tensors
        return u * ctx.slope(ctx.xp, z), None, None, None

    @staticmethod
    def jvp(ctx: Any, dz: Array, *_: None) -> Array:
        (z,) = ctx.saved_tensors
        return dz * ctx.slope(ctx.xp, z)


softmax, complement, log_softmax = Softmax.apply, Complement.apply, LogSoftmax.apply
logsumexp, product, spread, pull = LogSumExp.apply, Product.apply, Spread.apply, Pull.apply


def entrywise(xp: ModuleType, z: Array, value: Formula, slope: Formula) -> Array:
    """Return ``value(xp, z)``, whose derivative is ``slope(xp, z)``."""
    return Entrywise.apply(z, xp, value, slope)
