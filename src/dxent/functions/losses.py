"""Cross-entropy: the price in nats of the probabilities that were given to what happened.

Four functions, for classes or for one event, of probabilities or of logits. On logits, the derivative of
cross-entropy after softmax cancels to

    ∂ loss/∂z = (Σ t) p − t,        Hessian (Σ t) (diag p − p pᵀ)

and, written as p_j (Σ_{k≠j} t_k) − t_j (1 − p_j), keeps its digits where p is nearly what it should be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, final

from dxent._typing import Array
from dxent.functions.normalizers import softmax_jacobian
from dxent.functions.reduction import Loss, times
from dxent.functions.targets import binary_targets, class_targets, label_targets, non_negative
from dxent.kernels import logistic
from dxent.kernels.arrays import astype, masked, namespace, present_in, widen
from dxent.kernels.rowwise import label_losses, label_terms, rows_of
from dxent.operators.base import LinearOperator
from dxent.operators.elementary import Diagonal

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "SigmoidCrossEntropy",
    "SoftmaxCrossEntropy",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
]


@dataclass(frozen=True, eq=False, repr=False)
class ClassLoss(Loss):
    """A loss over classes: targets are labels (…,) or soft targets (…, classes)."""

    targets: Any
    sample_weight: Any = None
    class_weight: Any = None
    label_smoothing: float = 0.0
    ignore_index: int | None = None
    reduction: str = "mean"

    _per_sample = 1

    def __post_init__(self) -> None:
        self._check_options()
        if self.class_weight is not None:
            non_negative(self.class_weight, "class_weight")


@dataclass(frozen=True, eq=False, repr=False)
class BinaryLoss(Loss):
    """A loss over events, which happened or not: targets between 0 and 1, one for each entry."""

    targets: Any
    sample_weight: Any = None
    pos_weight: Any = 1.0
    label_smoothing: float = 0.0
    reduction: str = "mean"

    _per_sample = 0

    def __post_init__(self) -> None:
        self._check_options()
        non_negative(self.pos_weight, "pos_weight")

    def _weigh_targets(self, x: Array) -> tuple[tuple[Array, ...], Array]:
        yes, no, mass = binary_targets(widen(x), self)
        return (yes, no), mass


@final
class CrossEntropy(ClassLoss):
    """The cross-entropy of probabilities against targets; neither need be normalised.

        xent(p) = −Σ_c t_c log p_c,    gradient −t_c / p_c,    Hessian diag(t_c / p_c²)

    Shapes: probabilities (…, classes), targets (…,) integer labels or (…, classes) soft targets → a number,
    or (…,) with ``reduction="none"``. Units: nats.
    Derivative: `Row`, by samples without reduction; second order: `Diagonal`.
    Range: p ≥ 0, without a clamp: ∞ where p = 0 and t > 0; 0 · log 0 = 0. Accuracy: 2 ulp a sample.
    Options: sample_weight (…,); class_weight (classes,); label_smoothing ε: t → (1 − ε) t + ε/T;
    ignore_index: a label that counts nothing; reduction: "mean", "sum", "none". Without anything that counts
    the mean is NaN, the sum and all derivatives 0.
    Raises: ValueError for a label that is no class, negative targets or weights, shapes that do not fit.
    See: C. M. Bishop, Pattern Recognition and Machine Learning, 2006, (4.108).
    """

    def _weigh_targets(self, x: Array) -> tuple[tuple[Array, ...], Array]:
        t, mass = class_targets(widen(x), self)
        return (t,), mass

    def _losses(self, x: Array, *t: Array) -> Array:
        xp = namespace(x)
        return xp.sum(times(t[0], -xp.log(widen(x))), axis=-1)

    def _terms(self, x: Array, scale: Array, *t: Array) -> tuple[Array, Array]:
        return self._losses(x, *t), times(scale, -times(t[0], 1 / widen(x)))

    def _curvature(self, x: Array, scale: Array, *t: Array) -> LinearOperator:
        wide = widen(x)
        return Diagonal(astype(times(scale * t[0], 1 / wide / wide), x.dtype))


@final
class BinaryCrossEntropy(BinaryLoss):
    """The cross-entropy of the probability of an event against what happened.

        −t log p − (1 − t) log(1 − p),    derivative (p − t)/(p (1 − p)),    second t/p² + (1 − t)/(1 − p)²

    Shapes: probabilities and targets alike → a number, or the same with ``reduction="none"``. Units: nats.
    Derivative: `Row`, or `Diagonal` without reduction; second order: `Diagonal`.
    Range: 0 ≤ p ≤ 1, without a clamp; 0 · log 0 = 0. Accuracy: 2 ulp an entry.
    Options: sample_weight, one an entry: 0 leaves it out, whatever it holds; pos_weight w: t log p counts
    w-fold, in the mean's denominator too, so this is the two-class loss with class weights (1, w);
    label_smoothing ε: t → (1 − ε) t + ε/2; reduction.
    Raises: ValueError for targets outside [0, 1], negative weights, shapes that do not fit.
    """

    def _losses(self, x: Array, *t: Array) -> Array:
        (yes, no), xp, wide = t, namespace(x), widen(x)
        return times(yes, -xp.log(wide)) + times(no, -xp.log1p(-wide))

    def _terms(self, x: Array, scale: Array, *t: Array) -> tuple[Array, Array]:
        (yes, no), wide = t, widen(x)
        return self._losses(x, *t), times(scale, times(no, 1 / (1 - wide)) - times(yes, 1 / wide))

    def _curvature(self, x: Array, scale: Array, *t: Array) -> LinearOperator:
        (yes, no), wide = t, widen(x)
        curvature = times(yes, 1 / wide / wide) + times(no, 1 / (1 - wide) / (1 - wide))
        return Diagonal(astype(times(scale, curvature), x.dtype))


@final
@dataclass(frozen=True, eq=False, repr=False)
class SoftmaxCrossEntropy(ClassLoss):
    """The cross-entropy of softmax probabilities, as a function of the logits: convex, and linear far out.

        (Σ t) logsumexp z − ⟨t, z⟩,    gradient (Σ t) p − t,    Hessian (Σ t)(diag p − p pᵀ)

    Shapes: logits (…, classes), targets (…,) integer labels or (…, classes) soft targets → a number, or (…,)
    with ``reduction="none"``. Units: nats.
    Derivative: `Row`, by samples without reduction; second order: `SoftmaxJacobian`.
    Range: −∞ for a logit means that class is impossible: ∞ where it is the target. Accuracy: for a label
    3 ulp, loss and gradient, and 4 ulp, Hessian, however confident the prediction.
    Options and errors: as `CrossEntropy`, and where: a mask that broadcasts to the logits. A class that it
    leaves out has probability 0, no derivative and no part in label smoothing, and costs ∞ as the target. A
    sample without any class counts nothing.
    See: C. M. Bishop, Pattern Recognition and Machine Learning, 2006, (4.108)–(4.110).
    """

    where: Any = None

    def _weigh_targets(self, x: Array) -> tuple[tuple[Array, ...], Array]:
        present = None if self.where is None else present_in(x, self.where)
        t, mass = label_targets(x, self, present) or class_targets(widen(x), self, present)
        return (t,), mass

    def _losses(self, x: Array, *t: Array) -> Array:
        if t[0].shape != x.shape:
            return label_losses(masked(x, self.where, -float("inf")), t[0])
        log_p = rows_of(widen(x), where=self.where).log_softmax()
        return namespace(x).sum(times(t[0], -log_p), axis=-1)

    def _terms(self, x: Array, scale: Array, *t: Array) -> tuple[Array, Array]:
        if t[0].shape != x.shape:
            losses, gradient = label_terms(masked(x, self.where, -float("inf")), t[0], scale)
        else:
            (weights,), rows, losses = t, rows_of(widen(x), where=self.where), self._losses(x, *t)
            others = namespace(x).sum(weights, axis=-1, keepdims=True) - weights
            gradient = times(scale, rows.softmax() * others - weights * rows.complement())
        return losses, masked(gradient, self.where, 0.0)

    def _curvature(self, x: Array, scale: Array, *t: Array) -> LinearOperator:
        if t[0].shape == x.shape:
            scale = scale * namespace(x).sum(t[0], axis=-1, keepdims=True)
        # What counts nothing may hold anything.
        rows = rows_of(namespace(x).where(scale == 0, 0.0, x), where=self.where)
        return replace(softmax_jacobian(rows), weight=astype(scale, x.dtype))


@final
class SigmoidCrossEntropy(BinaryLoss):
    """The cross-entropy of a logistic probability, as a function of its log-odds z.

        t softplus(−z) + (1 − t) softplus z,    derivative σ(z) − t,    second σ′(z)

    Shapes: logits and targets alike → a number, or the same with ``reduction="none"``. Units: nats.
    Derivative: `Row`, or `Diagonal` without reduction; second order: `Diagonal`.
    Range: every z; 0 or ∞ at ±∞. Accuracy: 3 ulp for t = 0 and t = 1, in both tails.
    Options and errors: as `BinaryCrossEntropy`.
    See: D. R. Cox, J. R. Stat. Soc. B 20 (1958).
    """

    def _losses(self, x: Array, *t: Array) -> Array:
        (yes, no), xp, wide = t, namespace(x), widen(x)
        return times(yes, logistic.softplus(xp, -wide)) + times(no, logistic.softplus(xp, wide))

    def _terms(self, x: Array, scale: Array, *t: Array) -> tuple[Array, Array]:
        (yes, no), xp, wide = t, namespace(x), widen(x)
        slope = no * logistic.sigmoid(xp, wide) - yes * logistic.sigmoid(xp, -wide)
        return self._losses(x, *t), times(scale, slope)

    def _curvature(self, x: Array, scale: Array, *t: Array) -> LinearOperator:
        yes, no = t
        slope = logistic.sigmoid_slope(namespace(x), widen(x))
        return Diagonal(astype(times(scale * (yes + no), slope), x.dtype))


def softmax_cross_entropy(logits: Array, targets: Any, **options: Any) -> Array:
    """Return ``SoftmaxCrossEntropy(targets, **options)(logits)``."""
    return SoftmaxCrossEntropy(targets, **options)(logits)


def sigmoid_cross_entropy(logits: Array, targets: Any, **options: Any) -> Array:
    """Return ``SigmoidCrossEntropy(targets, **options)(logits)``."""
    return SigmoidCrossEntropy(targets, **options)(logits)
