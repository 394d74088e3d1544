"""From one loss a sample to the number that is minimised: the weighted mean and its derivatives."""

# ruff: noqa: D102 — these methods are documented where they are declared, in Function.

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from dxent._typing import Array, Shape
from dxent.functions.chain_rule import Function
from dxent.functions.targets import non_negative
from dxent.kernels.arrays import as_real, astype, finish, namespace, onto, quietly
from dxent.operators.base import LinearOperator
from dxent.operators.elementary import Diagonal, Row

__all__ = ["Loss", "times"]

REDUCTIONS = ("mean", "sum", "none")


class Loss(Function):
    """A function from predictions to one loss a sample, reduced to a weighted mean, to a sum, or not at all.

        mean:  Σ s_i ℓ_i / Σ s_i m_i        sum:  Σ s_i ℓ_i        none:  s_i ℓ_i

    with sample weights s and target masses m: the class weight of a label, 1 without any. A leaf says what ℓ,
    its gradient and its curvature are, given the weights t of the log-probabilities.
    """

    targets: Any
    sample_weight: Any
    label_smoothing: float
    reduction: str
    _per_sample: ClassVar[int]
    """How many axes of the predictions belong to one sample."""

    @abstractmethod
    def _weigh_targets(self, x: Array) -> tuple[tuple[Array, ...], Array]:
        """Return the weights of the log-probabilities, and each sample's mass, in the arithmetic's dtype."""

    @abstractmethod
    def _losses(self, x: Array, *t: Array) -> Array:
        """Return the losses ℓ, one a sample."""

    @abstractmethod
    def _terms(self, x: Array, scale: Array, *t: Array) -> tuple[Array, Array]:
        """Return the losses and scale_i ∇ℓ_i, shaped as x; `scale` broadcasts against x."""

    @abstractmethod
    def _curvature(self, x: Array, scale: Array, *t: Array) -> LinearOperator:
        """Return Σ scale_i ∇²ℓ_i; `scale` broadcasts against x."""

    @quietly
    def __call__(self, x: Array) -> Array:
        x, t, weight, total = self._weighed(x)
        return self._reduced(self._losses(x, *t), weight, total, x.dtype)

    @quietly
    def linearize(self, x: Array) -> tuple[Array, LinearOperator]:
        x, t, weight, total = self._weighed(x)
        losses, gradient = self._terms(x, self._spread(_share(weight, total)), *t)
        gradient, value = astype(gradient, x.dtype), self._reduced(losses, weight, total, x.dtype)
        if self.reduction == "none":
            return value, Row(gradient, (-1,)) if self._per_sample else Diagonal(gradient)
        return value, Row(gradient)

    @quietly
    def weighted_hessian(self, x: Array, cotangent: Array) -> LinearOperator:
        x, t, weight, total = self._weighed(x)
        scale = _share(weight, total) * astype(cotangent, weight.dtype)
        return self._curvature(x, self._spread(scale), *t)

    def out_shape(self, in_shape: Shape) -> Shape:
        samples = in_shape[: len(in_shape) - self._per_sample]
        targets = tuple(self.targets.shape)
        fits = targets in ((in_shape, samples) if self._per_sample else (in_shape,))
        if not fits or len(in_shape) < self._per_sample:
            raise ValueError(f"{self} has targets of shape {targets}, which do not go with {in_shape}.")
        if self.sample_weight is not None and tuple(self.sample_weight.shape) != samples:
            given = tuple(self.sample_weight.shape)
            raise ValueError(f"{self} has sample_weight of shape {given}: it takes one a sample, {samples}.")
        return samples if self.reduction == "none" else ()

    def __str__(self) -> str:
        return type(self).__name__

    def _weighed(self, x: Array) -> tuple[Array, tuple[Array, ...], Array, Array]:
        """Return x as an array, the weights of the log-probabilities, and those of the samples."""
        x = as_real(x)
        self.out_shape(tuple(x.shape))
        t, mass = self._weigh_targets(x)
        return x, t, *self._weigh_samples(mass)

    def _reduced(self, losses: Array, weight: Array, total: Array, dtype: Any) -> Array:
        counted = times(weight, losses)
        if self.reduction == "none":
            return finish(counted, dtype)
        return finish(namespace(counted).sum(counted) / total, dtype)

    def _weigh_samples(self, mass: Array) -> tuple[Array, Array]:
        """Return each sample's weight, 0 where nothing of it counts, and what a sum is divided by."""
        xp = namespace(mass)
        given = 1.0 if self.sample_weight is None else astype(onto(mass, self.sample_weight), mass.dtype)
        weight = xp.where(mass == 0, xp.zeros_like(mass), given)
        return weight, xp.sum(weight * mass) if self.reduction == "mean" else xp.ones_like(xp.sum(mass))

    def _spread(self, samples: Array) -> Array:
        """Return one number a sample so that it broadcasts against the predictions."""
        return samples[..., None] if self._per_sample else samples

    def _check_options(self) -> None:
        if isinstance(self.targets, np.ma.MaskedArray):
            raise TypeError("Masked targets are not supported: give those samples a sample_weight of 0.")
        for name in ("targets", "sample_weight"):
            values = getattr(self, name)
            if values is not None and not hasattr(values, "shape"):
                object.__setattr__(self, name, np.asarray(values))
        if self.reduction not in REDUCTIONS:
            raise ValueError(f"reduction={self.reduction!r} is none of {', '.join(map(repr, REDUCTIONS))}.")
        if not 0 <= self.label_smoothing <= 1:
            raise ValueError(f"label_smoothing={self.label_smoothing} is not between 0 and 1.")
        if self.sample_weight is not None:
            non_negative(self.sample_weight, "sample_weight")


def times(weight: Array, values: Array) -> Array:
    """Return the product, in which a weight of zero wins over any value: 0 · log 0 = 0."""
    return namespace(values).where(weight == 0, 0.0, weight * values)


def _share(weight: Array, total: Array) -> Array:
    """Return weight/total; nothing where nothing counts."""
    return namespace(weight).where(total == 0, 0.0, weight / total)
