"""The logistic curve and its relatives, entry by entry, from one exponential that cannot overflow.

With t = e^−|z|:   σ(z) = 1/(1 + t) or t/(1 + t),   σ′ = t/(1 + t)²,   softplus z = max(z, 0) + log1p t

Each side of zero has its own branch, so nothing is ever subtracted from one: both tails keep all their
digits, down to the last subnormal number. Arguments are arrays in the precision of the arithmetic and `xp`,
the functions of their library.
"""

from __future__ import annotations

import numpy as np

from dxent._typing import Array, Namespace
from dxent.kernels.rowwise import by_number

__all__ = ["logit", "sigmoid", "sigmoid_curvature", "sigmoid_slope", "softplus"]


def sigmoid(xp: Namespace, z: Array) -> Array:
    """Return σ(z); 1 − σ(z) is σ(−z)."""
    if xp is np and (compiled := by_number("sigmoid", z)) is not None:
        return compiled
    t = xp.exp(-xp.abs(z))
    return xp.where(z >= 0, 1.0, t) / (1 + t)


def sigmoid_slope(xp: Namespace, z: Array) -> Array:
    """Return σ′ = σ(z) σ(−z), the same bits for z and −z."""
    if xp is np and (compiled := by_number("sigmoid_slope", z)) is not None:
        return compiled
    t = xp.exp(-xp.abs(z))
    return t / (1 + t) / (1 + t)


def sigmoid_curvature(xp: Namespace, z: Array) -> Array:
    """Return σ″ = σ′ (1 − 2σ) = −σ′ tanh(z/2)."""
    return -xp.tanh(z / 2) * sigmoid_slope(xp, z)


def softplus(xp: Namespace, z: Array) -> Array:
    """Return log(1 + e^z) = −log σ(−z)."""
    if xp is np and (compiled := by_number("softplus", z)) is not None:
        return compiled
    return xp.where(z > 0, z, 0.0) + xp.log1p(xp.exp(-xp.abs(z)))


def logit(xp: Namespace, p: Array) -> Array:
    """Return log(p/(1 − p)); around one half, where the logarithm vanishes, as 2 artanh(2p − 1)."""
    s = xp.where(xp.abs(p - 0.5) < 0.25, 2 * (p - 0.5), 0.0)
    return xp.where(xp.abs(p - 0.5) < 0.25, xp.log1p(s) - xp.log1p(-s), xp.log(p) - xp.log1p(-p))
