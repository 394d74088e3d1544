"""Linear functions: layers as functions of their weights, and any fixed linear map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from dxent._typing import Array, Shape
from dxent.functions.chain_rule import Function
from dxent.kernels.arrays import as_real, astype, namespace, onto
from dxent.operators.base import LinearOperator
from dxent.operators.design import Design
from dxent.operators.elementary import Zero

__all__ = ["Affine", "Linear", "Map"]


@dataclass(frozen=True, eq=False, repr=False)
class Layer(Function):
    """What the layers share: the data, and a column for the bias or none."""

    features: Array
    _bias_columns: ClassVar[int]

    def __post_init__(self) -> None:
        X = as_real(self.features)
        if X.ndim not in (1, 2):
            raise ValueError(
                f"{type(self).__name__} takes one sample (features,) or many (samples, features), "
                f"not an array of shape {tuple(X.shape)}."
            )
        object.__setattr__(self, "features", X)

    def linearize(self, x: Array) -> tuple[Array, LinearOperator]:
        weights = as_real(x)
        self.out_shape(tuple(weights.shape))
        design = Design(self._beside(weights), tuple(weights.shape[:-1]), bool(self._bias_columns))
        return design.mv(weights), design

    def weighted_hessian(self, x: Array, cotangent: Array) -> LinearOperator:
        weights = as_real(x)
        return Zero(tuple(weights.shape), tuple(weights.shape), weights)

    def out_shape(self, in_shape: Shape) -> Shape:
        columns = self.features.shape[-1] + self._bias_columns
        if len(in_shape) not in (1, 2) or in_shape[-1] != columns:
            raise ValueError(f"{self} takes weights of shape (classes, {columns}) or ({columns},).")
        return (*self.features.shape[:-1], *in_shape[:-1])

    def _beside(self, weights: Array) -> Array:
        """The data in the library of the weights: NumPy's are carried there, others the caller moves."""
        X = self.features
        held, wanted = namespace(X).__name__, namespace(weights).__name__
        if held == wanted:
            return X
        if held == "numpy":
            return astype(onto(weights, X), weights.dtype)
        raise TypeError(f"{self} holds an array of {held}, its weights are of {wanted}: convert one of them.")

    def __str__(self) -> str:
        return f"{type(self).__name__}({' × '.join(map(str, self.features.shape))})"


@final
class Linear(Layer):
    """A linear layer as a function of its weights.

        W ↦ W x  for one sample x,    W ↦ X Wᵀ  for many, the rows of X

    Shapes: x (features,): W (classes, features) → (classes,);
    X (samples, features): W (classes, features) → (samples, classes), w (features,) → (samples,).
    Derivative: `Design`, the same everywhere; second order: `Zero`.
    Raises: TypeError unless x holds real numbers; ValueError unless it has one or two axes.
    """

    _bias_columns = 0


@final
class Affine(Layer):
    """A linear layer with a bias, the last column of its weights.

        [W b] ↦ W x + b  for one sample x,    [W b] ↦ X Wᵀ + 1 bᵀ  for many

    Shapes: X (samples, features): [W b] (classes, features + 1) → (samples, classes); else as `Linear`.
    Derivative: `Design`, the same everywhere; second order: `Zero`.
    Raises: TypeError unless x holds real numbers; ValueError unless it has one or two axes.
    """

    _bias_columns = 1


@final
@dataclass(frozen=True, eq=False, repr=False)
class Map(Function):
    """A linear operator as a function: x ↦ A x.

    Shapes: A.in_shape → A.out_shape. Derivative: A itself; second order: `Zero`.
    """

    operator: LinearOperator

    def linearize(self, x: Array) -> tuple[Array, LinearOperator]:
        """Return A x and A."""
        return self.operator @ as_real(x), self.operator

    def weighted_hessian(self, x: Array, cotangent: Array) -> LinearOperator:
        """Return zero."""
        return Zero(self.operator.in_shape, self.operator.in_shape, as_real(x))

    def out_shape(self, in_shape: Shape) -> Shape:
        """Return A.out_shape; ValueError unless the input has A.in_shape."""
        if in_shape != self.operator.in_shape:
            raise ValueError(f"{self} takes shape {self.operator.in_shape}.")
        return self.operator.out_shape

    def __str__(self) -> str:
        return f"Map({self.operator._symbol()})"
