"""Following a shape through a chain of functions, before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dxent._typing import Array, Shape
from dxent.kernels.arrays import namespace

if TYPE_CHECKING:
    from dxent.functions.chain_rule import Function

__all__ = ["chain_name", "follow_shape", "unit_cotangent"]


def chain_name(functions: Sequence[Function]) -> str:
    """Return the chain as it is written, the outermost function first."""
    return " ∘ ".join(map(str, functions))


def follow_shape(functions: Sequence[Function], in_shape: Shape) -> Shape | None:
    """Return the shape of the chain's value, or None where a function cannot tell it beforehand.

    Raises: ValueError where two neighbours do not fit, naming both and their shapes.
    """
    shape: Shape | None = tuple(in_shape)
    giver = "the input"
    for f in reversed(functions):
        if shape is None:
            return None
        try:
            given, shape = shape, f.out_shape(shape)
        except ValueError as error:
            place = f"{chain_name(functions)}: " if len(functions) > 1 else ""
            raise ValueError(f"{place}{giver} has shape {shape}, but {error}") from None
        giver = f"the value of {f}, given {given},"
    return shape


def unit_cotangent(f: Function, y: Array) -> Array:
    """Return the number one, as a value of f.

    Raises: ValueError where f(x) is not one number, and so has no gradient and no Hessian.
    """
    if y.shape != ():
        raise ValueError(f"{f} has values of shape {tuple(y.shape)}, not one number: use jacobian.")
    return namespace(y).ones_like(y)
