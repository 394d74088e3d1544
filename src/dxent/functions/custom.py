"""A function of your own, from its formula and its Jacobian."""

# ruff: noqa: D102 — these methods are documented where they are declared, in Function.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, final

from dxent._typing import Array
from dxent.functions.chain_rule import Function
from dxent.kernels.arrays import as_real, namespace
from dxent.operators.base import LinearOperator
from dxent.operators.elementary import Dense

__all__ = ["CustomFunction", "function"]


@final
@dataclass(frozen=True, eq=False, repr=False)
class CustomFunction(Function):
    """A function given by two callables; see `function`."""

    value: Callable[[Any], Any]
    derivative: Callable[[Any], Any]

    def __call__(self, x: Array) -> Array:
        return as_real(self.value(as_real(x)))

    def linearize(self, x: Array) -> tuple[Array, LinearOperator]:
        x = as_real(x)
        y, J = self(x), self.derivative(x)
        source, target = tuple(x.shape), tuple(y.shape)
        if isinstance(J, LinearOperator):
            if (J.in_shape, J.out_shape) == (source, target):
                return y, J
            found = f"{J.in_shape} → {J.out_shape}"
        else:
            J = as_real(J)
            if tuple(J.shape) in ((*target, *source), (prod(target), prod(source))):
                matrix = namespace(J).reshape(J, (prod(target), prod(source)))
                return y, Dense(matrix, source, target)
            found = str(tuple(J.shape))
        raise ValueError(f"{self} maps {source} → {target}, but its Jacobian has shape {found}.")

    def __str__(self) -> str:
        return getattr(self.value, "__name__", "function")


def function(f: Callable[[Any], Any], jacobian: Callable[[Any], Any]) -> Function:
    """Make a differentiable function of a formula and its Jacobian.

    Shapes: f maps arrays to arrays; ``jacobian(x)`` is a `LinearOperator`, a matrix out-size × in-size, or an
    array of shape (*out, *in). `dxent.testing.check_function` checks one against the other.

    >>> import numpy as np
    >>> cube = function(lambda x: x**3, lambda x: np.diag(3 * x**2))
    >>> cube.jacobian([1.0, 2.0]).to_dense()
    array([[ 3.,  0.],
           [ 0., 12.]])
    """
    return CustomFunction(f, jacobian)
