"""Derivatives without calculus: by differences, and by a step into the complex plane.

See: B. Fornberg, Math. Comp. 51 (1988) 699–706; W. Squire, G. Trapp, SIAM Rev. 40 (1998) 110–112.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["by_complex_step", "by_differences"]

Numbers = NDArray[Any]


def by_differences(f: Callable[[Any], Any], x: Numbers, directions: Numbers, scale: float = 1.0) -> Numbers:
    """Return the derivatives of f at x along directions, one a column, from five points a line.

    Shapes: directions (many, *x.shape) → (out-size, many).
    Accuracy: about 1e-12 where f is smooth over distances of `scale`, in which the step is ε^⅕.
    """
    h = float(np.finfo(np.float64).eps) ** 0.2 * scale
    columns = []
    for step in h * directions:
        far, near, back, way_back = (np.ravel(f(x + k * step)) for k in (2, 1, -1, -2))
        columns.append((8 * (near - back) - (far - way_back)) / (12 * h))
    return np.stack(columns, axis=-1)


def by_complex_step(f: Callable[[Any], Any], x: Numbers) -> Numbers:
    """Return ∂f/∂x, out-size × in-size, for an analytic formula: Im f(x + ih)/h.

    Nothing is subtracted, so h may be tiny and the accuracy is that of the formula itself.
    """
    columns = []
    for place in np.ndindex(x.shape):
        beside = x.astype(np.complex128)
        beside[place] += 1e-200j
        columns.append(np.imag(np.ravel(f(beside))) / 1e-200)
    return np.stack(columns, axis=-1)
