"""What a loss compares with: labels and soft targets, checked and brought to one form.

Whatever the targets came as, a loss sees non-negative weights t, one for each log-probability:

    classes   t_c = class_weight_c · smoothed target_c      loss −Σ t_c log p_c
    binary    pos_weight · t  and  1 − t                    loss −pos_weight t log p − (1 − t) log (1 − p)

The mass of a sample is the sum of these before smoothing, and what a weighted mean divides by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dxent._typing import Array, Shape
from dxent.kernels.arrays import astype, default_integer, holds, indices, namespace, onto
from dxent.kernels.rowwise import compiled

if TYPE_CHECKING:
    from dxent.functions.losses import BinaryLoss, ClassLoss

__all__ = ["binary_targets", "class_targets", "label_targets", "non_negative"]


def class_targets(like: Array, loss: ClassLoss, present: Array | None = None) -> tuple[Array, Array]:
    """Return the weights t (…, classes) of the log-probabilities and the masses (…,), 0 where no class is."""
    xp = namespace(like)
    given = onto(like, loss.targets)
    soft = given.shape == like.shape
    if soft and loss.ignore_index is not None:
        raise ValueError("ignore_index goes with labels: give soft targets to ignore a sample_weight of 0.")
    t = _soft(like, given) if soft else _one_hot(like, given, loss.ignore_index)
    uniform, classes = 1 / max(t.shape[-1], 1), t.shape[-1]
    if present is not None:
        count = xp.sum(astype(present, like.dtype), axis=-1, keepdims=True)
        t = xp.where(count == 0, 0.0, t)
        uniform = xp.where(present, 1 / count, 0.0)
    total = xp.sum(t, axis=-1, keepdims=True)
    smoothed = (1 - loss.label_smoothing) * t + loss.label_smoothing * total * uniform
    if loss.class_weight is None:
        return smoothed, total[..., 0]
    weight = astype(onto(like, loss.class_weight), like.dtype)
    if weight.shape != (classes,):
        raise ValueError(f"class_weight has shape {tuple(weight.shape)}, but there are {classes} classes.")
    return weight * smoothed, xp.sum(weight * t, axis=-1)


def label_targets(like: Array, loss: ClassLoss, present: Array | None) -> tuple[Array, Array] | None:
    """Return labels as they are, any class where they are ignored, and the masses 1 and 0.

    None where each class has its own weight, or where the arrays are not for the compiled kernels.
    """
    given = onto(like, loss.targets)
    if (
        given.shape == like.shape
        or loss.class_weight is not None
        or loss.label_smoothing
        or not compiled(like)
    ):
        return None
    labels, ignored, _ = _checked_labels(like, given, loss.ignore_index)
    counts = ~ignored if present is None else ~ignored & np.any(present, axis=-1)
    return np.where(ignored, 0, labels), counts.astype(np.float64)


def binary_targets(like: Array, loss: BinaryLoss) -> tuple[Array, Array, Array]:
    """Return the weights of log p and of log (1 − p), and the masses, all shaped as the logits."""
    t = _soft(like, onto(like, loss.targets))
    _refuse(t > 1, t, "Binary targets lie between 0 and 1")
    weight = astype(onto(like, loss.pos_weight), like.dtype)
    smoothed = (1 - loss.label_smoothing) * t + loss.label_smoothing / 2
    return weight * smoothed, 1 - smoothed, weight * t + (1 - t)


def non_negative(values: Any, name: str) -> None:
    """Raise ValueError unless all numbers are finite and at least zero."""
    array = values if hasattr(values, "dtype") else np.asarray(values)
    if array.ndim == 0:
        array = namespace(array).reshape(array, (1,))
    _refuse(~((array >= 0) & (array < float("inf"))), array, f"{name} must be finite and not negative")


def _soft(like: Array, given: Array) -> Array:
    t = astype(given, like.dtype)
    _refuse(~((t >= 0) & (t < float("inf"))), t, "Soft targets must be finite and not negative")
    return t


def _one_hot(like: Array, given: Array, ignore_index: int | None) -> Array:
    """Return one-hot rows: zeros where the label is ignored, NaN where it is wrong and nobody can raise."""
    xp, classes = namespace(like), like.shape[-1]
    labels, ignored, wrong = _checked_labels(like, given, ignore_index)
    hit = labels[..., None] == indices(like, classes)
    t = astype(hit & ~ignored[..., None], like.dtype)
    return xp.where(wrong[..., None], float("nan"), t)


def _checked_labels(like: Array, given: Array, ignore_index: int | None) -> tuple[Array, Array, Array]:
    """Return labels as integers, where they are ignored, and where they are wrong but nobody can raise."""
    classes = like.shape[-1]
    labels, whole = _integers(given)
    ignored = labels != labels if ignore_index is None else labels == ignore_index
    wrong = ~ignored & (~whole | (labels < 0) | (labels >= classes))
    _refuse(wrong, given, f"Labels are whole numbers from 0 to {classes - 1}")
    return labels, ignored, wrong


def _integers(given: Array) -> tuple[Array, Array]:
    """Return labels in the widest integers there are, and where they were whole numbers to begin with."""
    xp = namespace(given)
    kind, dtype = _kind(given), default_integer(xp)
    largest = xp.iinfo(dtype).max
    if kind == "b":
        raise ValueError("Labels are booleans: convert them to the integers 0 and 1.")
    if kind == "f":
        finite = xp.where(xp.isfinite(given), given, -1.0)
        whole = xp.isfinite(given) & (xp.floor(finite) == finite) & (xp.abs(finite) < min(2**53, largest))
        return astype(xp.where(whole, finite, -1.0), dtype), whole
    if kind not in "iu":
        raise ValueError(f"Labels have dtype {given.dtype}: encode them as integers 0, 1, 2, …")
    labels = astype(given, dtype)
    # An unsigned label beyond the range wraps to a negative number, which an ignore_index must not match.
    whole = (labels >= 0) if kind == "u" else labels == labels
    return xp.where(whole, labels, largest), whole


def _kind(values: Array) -> str:
    """Return NumPy's letter for the kind of a dtype: b, i, u, f, or O for all others."""
    xp = namespace(values)
    if xp is np:
        return str(values.dtype.kind)
    names = {"bool": "b", "signed integer": "i", "unsigned integer": "u", "real floating": "f"}
    return next((kind for name, kind in names.items() if xp.isdtype(values.dtype, name)), "O")


def _refuse(wrong: Array, values: Array, law: str) -> None:
    """Raise ValueError naming the first value that breaks a law."""
    if not holds(wrong):
        return
    xp = namespace(wrong)
    place = int(xp.argmax(astype(xp.reshape(wrong, (-1,)), default_integer(xp))))
    value = xp.reshape(xp.broadcast_to(values, wrong.shape), (-1,))[place]
    where: Shape = tuple(int(k) for k in np.unravel_index(place, wrong.shape)) if wrong.shape else ()
    at = f" at index {where[0] if len(where) == 1 else where}" if where else ""
    raise ValueError(f"{law}: found {float(value) if _kind(values) == 'f' else int(value)}{at}.")
