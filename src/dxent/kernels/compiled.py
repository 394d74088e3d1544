"""The compiled kernels, if they were built."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

__all__ = ["native"]


def _compiled() -> ModuleType | None:
    try:
        return import_module("dxent.kernels._native")
    except ImportError:  # built without a compiler
        return None


native = _compiled()
