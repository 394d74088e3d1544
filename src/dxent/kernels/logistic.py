"""The logistic curve and its relatives, entry by entry, from one exponential that cannot overflow.

With t = e^−|z|:   σ(z) = 1/(1 + t) or t/(1 + t),   σ′ = t/(1 + t)²,   softplus z = max(z, 0) + log1p t

Each side of zero has its own branch, so nothing is ever subtracted from one: both tails keep all their
digits, down to the last subnormal number. Arguments are arrays in the precision of the arithmetic and `xp`,
the functions of their library.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dxent._typing import Array, Namespace
from dxent.kernels.rowwise import autodiff_rules, by_number

__all__ = ["logit", "sigmoid", "sigmoid_curvature", "sigmoid_slope", "softplus", "tanh"]

Formula = Callable[[Namespace, Array], Array]


def sigmoid(xp: Namespace, z: Array) -> Array:
    """Return σ(z); 1 − σ(z) is σ(−z)."""
    return _evaluated(xp, z, _sigmoid, sigmoid_slope)


def sigmoid_slope(xp: Namespace, z: Array) -> Array:
    """Return σ′ = σ(z) σ(−z), the same bits for z and −z."""
    return _evaluated(xp, z, _sigmoid_slope, sigmoid_curvature)


def sigmoid_curvature(xp: Namespace, z: Array) -> Array:
    """Return σ″ = σ′ (1 − 2σ) = −σ′ tanh(z/2)."""
    return -tanh(xp, z / 2) * sigmoid_slope(xp, z)


def softplus(xp: Namespace, z: Array) -> Array:
    """Return log(1 + e^z) = −log σ(−z)."""
    return _evaluated(xp, z, _softplus, sigmoid)


def tanh(xp: Namespace, z: Array) -> Array:
    """Return tanh z = 2 σ(2z) − 1."""
    return _evaluated(xp, z, _tanh, _tanh_slope)


def logit(xp: Namespace, p: Array) -> Array:
    """Return log(p/(1 − p)); around one half, where the logarithm vanishes, as 2 artanh(2p − 1)."""
    s = xp.where(xp.abs(p - 0.5) < 0.25, 2 * (p - 0.5), 0.0)
    return xp.where(xp.abs(p - 0.5) < 0.25, xp.log1p(s) - xp.log1p(-s), xp.log(p) - xp.log1p(-p))


def _evaluated(xp: Namespace, z: Array, value: Formula, slope: Formula) -> Array:
    """Evaluate a formula: compiled, or inside the library's autodiff with the slope as its derivative."""
    if xp is np:
        compiled = by_number(value.__name__.removeprefix("_"), z)
        return value(xp, z) if compiled is None else compiled
    rules = autodiff_rules(xp)
    return value(xp, z) if rules is None else rules.entrywise(xp, z, value, slope)


def _sigmoid(xp: Namespace, z: Array) -> Array:
    t = xp.exp(-xp.abs(z))
    return xp.where(z >= 0, 1.0, t) / (1 + t)


def _sigmoid_slope(xp: Namespace, z: Array) -> Array:
    t = xp.exp(-xp.abs(z))
    total = 1 + t
    slope = t / total / total
    # What 1 + t lost in rounding counts twice.
    return slope - 2 * slope * ((t - (total - 1)) / total)


def _softplus(xp: Namespace, z: Array) -> Array:
    return xp.where(z > 0, z, 0.0) + xp.log1p(xp.exp(-xp.abs(z)))


def _tanh(xp: Namespace, z: Array) -> Array:
    return xp.tanh(z)


def _tanh_slope(xp: Namespace, z: Array) -> Array:
    return 4 * sigmoid_slope(xp, 2 * z)
