"""One way to treat arrays of any library: which functions to call, what to promote, what to refuse.

Plain NumPy arrays take the short path: their namespace is NumPy itself and array-api-compat is not loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

from dxent._typing import Array, Axis, Namespace, Shape
from dxent.kernels import dispatch

__all__ = [
    "as_real",
    "astype",
    "concat",
    "default_integer",
    "default_real",
    "eye",
    "finish",
    "holds",
    "indices",
    "masked",
    "namespace",
    "normalize_axis",
    "onto",
    "present_in",
    "quietly",
    "widen",
    "zeros",
]

P = ParamSpec("P")
R = TypeVar("R")


def namespace(*arrays: Array) -> Namespace:
    """Return the module of functions for these arrays, which must come from one library."""
    if all(isinstance(array, np.ndarray | np.generic | float | int) for array in arrays):
        return np
    import array_api_compat

    return array_api_compat.array_namespace(*arrays)


def as_real(x: Any) -> Array:
    """Return `x` as an array of real floating point numbers; integers and booleans become float64.

    Raises: TypeError for complex numbers, objects, text and masked arrays.
    """
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError("Masked arrays are not supported: pass the data, and the mask as where=~x.mask.")
    if not hasattr(x, "dtype") or isinstance(x, np.ndarray | np.generic) or not _has_namespace(x):
        return _numpy_real(np.asarray(x))
    xp = namespace(x)
    if xp.isdtype(x.dtype, "real floating"):
        return x
    if xp.isdtype(x.dtype, ("integral", "bool")):
        return astype(x, default_real(xp))
    raise _wrong_dtype(x.dtype)


def _has_namespace(x: Any) -> bool:
    import array_api_compat

    return bool(array_api_compat.is_array_api_obj(x))


def _numpy_real(x: np.ndarray) -> np.ndarray:
    if x.dtype.kind == "f":
        return x
    if x.dtype.kind in "biu":
        return x.astype(np.float64)
    raise _wrong_dtype(x.dtype)


def _wrong_dtype(dtype: Any) -> TypeError:
    return TypeError(f"Arrays must hold real numbers, not {dtype}: convert them to float64 first.")


def finish(values: Array, dtype: Any) -> Array:
    """Return a result in the caller's dtype; a single number of NumPy's as a scalar, as NumPy does."""
    values = astype(values, dtype)
    return values[()] if isinstance(values, np.ndarray) else values


def default_real(xp: Namespace) -> Any:
    """Return float64, or what stands for it where the library is set to do without."""
    return xp.result_type(float) if xp.__name__.startswith("jax") else xp.float64


def default_integer(xp: Namespace) -> Any:
    """Return int64, or what stands for it where the library is set to do without."""
    return xp.result_type(int) if xp.__name__.startswith("jax") else xp.int64


def astype(x: Array, dtype: Any) -> Array:
    """Return `x` in another dtype of its own library."""
    if x.dtype == dtype:
        return x
    return x.astype(dtype) if isinstance(x, np.ndarray | np.generic) else namespace(x).astype(x, dtype)


def widen(x: Array) -> Array:
    """Return `x` in the dtype its functions are computed in: NumPy's float32 in float64, halves in float32.

    A result that is rounded once at the end is then within 0.51 ulp of the truth.
    """
    if isinstance(x, np.ndarray | np.generic):
        return np.asarray(x, dtype=np.result_type(x.dtype, np.float64).newbyteorder("="))
    xp = namespace(x)
    return astype(x, xp.float32) if xp.finfo(x.dtype).bits < 32 else x


def indices(like: Array, count: int) -> Array:
    """Return 0, 1, …, count − 1 in the library and on the device of `like`."""
    return namespace(like).arange(count, **_place(like))


def zeros(like: Array, shape: Shape) -> Array:
    """Return zeros in the library, in the dtype and on the device of `like`."""
    return namespace(like).zeros(shape, dtype=like.dtype, **_place(like))


def eye(like: Array | None, size: int) -> Array:
    """Return the identity matrix in the library, dtype and device of `like`; NumPy's float64 without it."""
    if like is None:
        return np.eye(size)
    return namespace(like).eye(size, dtype=like.dtype, **_place(like))


def concat(arrays: list[Array], axis: int) -> Array:
    """Join arrays along an axis."""
    xp = namespace(*arrays)
    return np.concatenate(arrays, axis=axis) if xp is np else xp.concat(arrays, axis=axis)


def onto(like: Array, values: Any) -> Array:
    """Return values, whatever they come as, as an array in the library and on the device of `like`."""
    xp = namespace(like)
    return xp.asarray(values, **_place(like))


def present_in(x: Array, where: Any) -> Array:
    """Return which entries of `x` a mask leaves there, as booleans in the shape of `x`.

    Raises: ValueError if the mask does not broadcast to that shape.
    """
    xp = namespace(x)
    mask = astype(onto(x, where), np.bool_ if xp is np else xp.bool)
    shape, given = tuple(x.shape), tuple(mask.shape)
    padded = (1,) * (len(shape) - len(given)) + given
    if len(padded) != len(shape) or any(a not in (1, b) for a, b in zip(padded, shape, strict=True)):
        raise ValueError(f"where= has shape {given}, which does not broadcast to that of the array, {shape}.")
    return xp.broadcast_to(mask, shape)


def masked(x: Array, where: Any, absent: float) -> Array:
    """Return `x` with another number where the mask leaves nothing."""
    return x if where is None else namespace(x).where(present_in(x, where), x, absent)


def _place(like: Array) -> dict[str, Any]:
    if namespace(like) is np:
        return {}
    import array_api_compat

    return {"device": array_api_compat.device(like)}


def quietly(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function silent about infinities and NaN, which it handles, and keep its subnormal numbers."""

    @wraps(function)
    def quiet(*args: P.args, **kwargs: P.kwargs) -> R:
        with np.errstate(all="ignore"), _subnormals():
            return function(*args, **kwargs)

    return quiet


@contextmanager
def _subnormals() -> Iterator[None]:
    """Undo, for a while, that another library told this thread to take subnormal numbers for zero."""
    native = dispatch.native
    if native is None:
        yield
        return
    flush = native.keep_subnormals()
    try:
        yield
    finally:
        native.restore_subnormals(flush)


def holds(condition: Array) -> bool:
    """Tell whether a condition is met somewhere; never, while a compiler traces it without values."""
    try:
        return bool(namespace(condition).any(condition))
    except (TypeError, RuntimeError) as error:
        # JAX's TracerBoolConversionError and PyTorch's complaint inside vmap: shapes, but no numbers yet.
        if "Tracer" in type(error).__name__ or str(error).startswith("vmap"):
            return False
        raise


def normalize_axis(axis: Axis, shape: Shape) -> tuple[int, ...]:
    """Return the axes as negative numbers in increasing order.

    Raises: numpy.exceptions.AxisError outside of the shape; ValueError where one is named twice.
    """
    named = axis if isinstance(axis, tuple) else (axis,)
    for one in named:
        if not -len(shape) <= one < len(shape):
            raise np.exceptions.AxisError(one, len(shape))
    axes = sorted({one - len(shape) if one >= 0 else one for one in named})
    if len(axes) < len(named):
        raise ValueError(f"axis={axis} names one axis twice.")
    return tuple(axes)
