"""The words that annotations use.

An `Array` is an array of any library that follows the array API standard (NumPy, PyTorch, JAX, …). Python's
type system has no name for that yet, so the alias says what is meant and the tests check what is done.
"""

from __future__ import annotations

from typing import Any, TypeAlias

__all__ = ["Array", "Axis", "Namespace", "Shape"]

Array: TypeAlias = Any
"""An array of any library that follows the array API standard."""

Namespace: TypeAlias = Any
"""The module of functions that belongs to an array's library."""

Shape: TypeAlias = tuple[int, ...]
"""Lengths of an array's axes."""

Axis: TypeAlias = int | tuple[int, ...]
"""One axis, or several that are treated as one."""
