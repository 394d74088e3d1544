"""The compiled kernels, if they were built."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["native", "readable", "readable_values"]


def _compiled() -> ModuleType | None:
    try:
        return import_module("dxent.kernels._native")
    except ImportError:  # built without a compiler
        return None


def readable(X: NDArray[Any]) -> NDArray[Any]:
    """Return the matrix as the compiled kernels read it: itself, if aligned and of a type they know."""
    as_it_is = X.dtype.char in "fdB" and X.dtype.isnative and X.flags.aligned
    return X if as_it_is else X.astype(np.float64)


def readable_values(X: Any) -> NDArray[Any]:
    """Return the stored entries of a sparse matrix in a type that the compiled kernels read."""
    return readable(X.data.astype(np.result_type(X.data, np.float32), copy=False))


native: Any = _compiled()
