"""The functions of rows inside JAX's autodiff, with derivatives of their own.

The same linear maps as in `kernels.torch`. JAX transposes them by itself, step by step; they are written so
that the transpose has the steps of the map it should be: of `spread`, u_i (1 − p_i) − p_i Σ_{j≠i} u_j;
of `product`, its own. Imported when the first JAX array arrives.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType

import jax
from jax.numpy import sum

from dxent._typing import Array
from dxent.kernels.rows import shift

__all__ = ["complement", "entrywise", "log_softmax", "logsumexp", "softmax"]

Formula = Callable[[ModuleType, Array], Array]
Args = tuple[Array, ...]
Dual = tuple[Array, Array]
"""A value and its tangent."""


@jax.custom_jvp
def softmax(x: Array) -> Array:
    """Return softmax x."""
    return shift(x).softmax()


@softmax.defjvp
def _(x: Args, dx: Args) -> Dual:
    return softmax(*x), product(*x, *dx)


@jax.custom_jvp
def complement(x: Array) -> Array:
    """Return 1 − softmax x."""
    return shift(x).complement()


@complement.defjvp
def _(x: Args, dx: Args) -> Dual:
    return complement(*x), -product(*x, *dx)


@jax.custom_jvp
def log_softmax(x: Array) -> Array:
    """Return log softmax x."""
    return shift(x).log_softmax()


@log_softmax.defjvp
def _(x: Args, dx: Args) -> Dual:
    return log_softmax(*x), spread(*x, *dx)


@jax.custom_jvp
def logsumexp(x: Array) -> Array:
    """Return log Σ exp x along the last axis."""
    return shift(x).logsumexp()


@logsumexp.defjvp
def _(x: Args, dx: Args) -> Dual:
    return logsumexp(*x), sum(softmax(*x) * dx[0], axis=-1)


@jax.custom_jvp
def spread(x: Array, v: Array) -> Array:
    """Return (I − 1 pᵀ) v."""
    rows = shift(x)
    return rows.complement() * v + others(rows.softmax() * v)


@spread.defjvp
def _(primals: Args, tangents: Args) -> Dual:
    (x, v), (dx, dv) = primals, tangents
    return spread(x, v), spread(x, dv) - sum(product(x, v) * dx, axis=-1, keepdims=True)


@jax.custom_jvp
def product(x: Array, v: Array) -> Array:
    """Return (diag p − p pᵀ) v."""
    rows = shift(x)
    p = rows.softmax()
    return p * (rows.complement() * v + others(p * v))


@product.defjvp
def _(primals: Args, tangents: Args) -> Dual:
    (x, v), (dx, dv) = primals, tangents
    return product(x, v), product(x, spread(x, v) * spread(x, dx) + dv)


def others(v: Array) -> Array:
    """Return −Σ_{j≠i} v_j."""
    return v - sum(v, axis=-1, keepdims=True)


@partial(jax.custom_jvp, nondiff_argnums=(0, 2, 3))
def entrywise(xp: ModuleType, z: Array, value: Formula, slope: Formula) -> Array:
    """Return ``value(xp, z)``, whose derivative is ``slope(xp, z)``."""
    return value(xp, z)


@entrywise.defjvp
def _(xp: ModuleType, value: Formula, slope: Formula, z: Args, dz: Args) -> Dual:
    return entrywise(xp, *z, value, slope), dz[0] * slope(xp, *z)
