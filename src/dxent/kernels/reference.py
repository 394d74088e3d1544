"""The kernels in NumPy: the definition that every compiled twin is tested against.

Throughout, ``X`` is the design matrix (samples, features), ``centre`` (features,) is subtracted from each
row as it is read (``None``: nothing is subtracted), and ``weights`` is (outputs, features) or, where an
intercept is fitted, (outputs, features + 1) with the bias as its last column. ``sample_weight`` (samples,)
multiplies the rows' losses. x̃ = (x − μ, 1) is a row as a model with an intercept sees it.

One output stands for two classes: the logits are then (0, z), so the probabilities are
(σ(−z), σ(z)) and the loss is the binary cross-entropy. Two or more outputs are as many classes.

The dtype of ``weights`` is the dtype of the arithmetic, whatever ``X`` is stored in; losses and gradients
are accumulated in float64. Logits that overflow give infinities and NaN, without warnings.
"""

# Longer than other files: whoever writes a twin has all definitions side by side.
from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = [
    "column_spread",
    "hessian_pass",
    "logits",
    "loss_pass",
    "pair_grams",
    "pullback",
    "softmax_gram",
    "square_pullback",
]

Floats = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]
Integers = NDArray[np.integer[Any]]


def centred(X: Floats, centre: Floats | None, dtype: DTypeLike) -> Floats:
    """Rows of the design matrix as the arithmetic sees them: x − μ, in ``dtype``.

    The difference is taken in the wider of the two dtypes, so that float32 arithmetic on float64 rows keeps
    the digits that a large offset hides.
    """
    if centre is None:
        return np.asarray(X, dtype=dtype)
    wide = np.result_type(X.dtype, dtype)
    rows: Floats = X.astype(wide, copy=False) - centre.astype(wide)
    return rows.astype(dtype, copy=False)


def logits(X: Floats, centre: Floats | None, weights: Floats) -> Floats:
    """Return Z = (X − μ) Wᵀ + b, shape (samples, outputs)."""
    features = X.shape[1]
    rows = centred(X, centre, weights.dtype)
    Z: Floats = rows @ weights[:, :features].T
    if weights.shape[1] > features:
        Z += weights[:, features]
    return Z


def pullback(X: Floats, centre: Floats | None, residuals: Floats, with_bias: bool) -> Doubles:
    """Return Rᵀ [X − μ, 1], the transpose of `logits` as a map of the weights."""
    rows = centred(X, centre, residuals.dtype)
    gradient: Doubles = (residuals.T @ rows).astype(np.float64)
    if with_bias:
        return np.column_stack([gradient, residuals.sum(axis=0, dtype=np.float64)])
    return gradient


def square_pullback(X: Floats, centre: Floats | None, residuals: Floats, with_bias: bool) -> Doubles:
    """Return Rᵀ [(X − μ)², 1], the squares entry by entry: diagonals of Hessians."""
    return pullback(np.square(centred(X, centre, residuals.dtype)), None, residuals, with_bias)


def square_logits(X: Floats, centre: Floats | None, weights: Floats) -> Floats:
    """Return (X − μ)² Wᵀ + b, the logits of rows of squares."""
    return logits(np.square(centred(X, centre, weights.dtype)), None, weights)


def loss_pass(
    X: Floats,
    centre: Floats | None,
    weights: Floats,
    labels: Integers,
    sample_weight: Doubles,
    out: Floats | None = None,
) -> tuple[float, Doubles, Floats]:
    """Return Σ s_i ℓ_i, its gradient in the weights, and the probabilities (samples, classes), in ``out``."""
    Z = logits(X, centre, weights)
    probs = np.empty((len(Z), max(Z.shape[1], 2)), Z.dtype) if out is None else out
    residuals = np.empty_like(Z)
    loss = weighted_cross_entropy(Z, labels, sample_weight, probs, residuals)
    return loss, pullback(X, centre, residuals, weights.shape[1] > X.shape[1]), probs


def hessian_pass(
    X: Floats, centre: Floats | None, probs: Floats, sample_weight: Doubles, direction: Floats
) -> Doubles:
    """Return Σ s_i [(diag p_i − p_i p_iᵀ) ⊗ x̃_i x̃_iᵀ] V for a direction V shaped as the weights."""
    U = logits(X, centre, direction)
    R = np.empty_like(U)
    weighted_softmax_jacobian(probs, U, sample_weight, R)
    return pullback(X, centre, R, direction.shape[1] > X.shape[1])


def softmax_gram(
    X: Floats, centre: Floats | None, probs: Floats, sample_weight: Doubles, with_bias: bool
) -> Doubles:
    """Return H = Σ s_i (diag p_i − p_i p_iᵀ) ⊗ x̃_i x̃_iᵀ with the first class left out.

    The first class is the reference: its logit is held at 0, so H is square of order
    (classes − 1)(features [+ 1]), with blocks H_st = Σ s_i p_is (δ_st − p_it) x̃_i x̃_iᵀ for s, t ≥ 1.
    """
    s, t = class_pairs(probs.shape[1])
    free, width = probs.shape[1] - 1, X.shape[1] + with_bias
    H = np.empty((free, width, free, width))
    place_blocks(H, pair_grams(X, centre, probs, sample_weight, s, t, with_bias), s, t)
    return H.reshape(free * width, free * width)


def pair_grams(
    X: Floats,
    centre: Floats | None,
    probs: Floats,
    sample_weight: Doubles,
    s: Integers,
    t: Integers,
    with_bias: bool,
) -> Doubles:
    """Return Σ_i w_i x̃_i x̃_iᵀ for each pair of classes, one below the other: (pairs · width, width).

    The weights are s_i p_is p_it, or s_i p_is (1 − p_is) of a class with itself: those are no difference of
    two sums. The compiled kernel forms products in the precision of the probabilities.
    """
    rows = centred(X, centre, np.float64)
    if with_bias:
        rows = np.column_stack([rows, np.ones(len(rows))])
    partners = np.where(s == t, complements(probs)[:, s], probs[:, t])
    weights = sample_weight[:, None] * probs[:, s] * partners
    width = rows.shape[1]
    grams = np.empty((len(s), width, width))
    for gram, root in zip(grams, np.sqrt(weights.T, dtype=np.float64), strict=True):
        scaled = rows * root[:, None]
        np.matmul(scaled.T, scaled, out=gram)
    return grams.reshape(len(s) * width, width)


@lru_cache(maxsize=8)
def class_pairs(classes: int) -> tuple[Integers, Integers]:
    """Return the pairs s ≤ t of all classes but the first, as two arrays."""
    pairs = np.stack(np.triu_indices(classes - 1)) + 1
    pairs.flags.writeable = False  # they are kept
    s, t = pairs
    return s, t


def place_blocks(H: Doubles, blocks: Doubles, s: Integers, t: Integers) -> None:
    """Write the blocks of some class pairs, and their mirror images, into H (free, width, free, width)."""
    width = H.shape[1]
    for block, row, column in zip(blocks.reshape(len(s), width, width), s - 1, t - 1, strict=True):
        H[row, :, column] = H[column, :, row] = block if row == column else -block


def draw_pairs(probs: Floats, rows: Integers, chances: Doubles) -> Integers:
    """Return two classes (2, rows), k with chance ∝ p_k (1 − p_k) and another l ∝ p_l, for each of some rows.

    ``chances`` (2, rows) are numbers from [0, 1). Of a row with a saturated probability both may be the same.
    """
    p = probs[rows].astype(np.float64)
    classes = np.arange(p.shape[1])

    def pick(sums: Doubles, chance: Doubles) -> Integers:
        below = sums <= (chance * sums[:, -1])[:, None]
        return np.asarray(np.minimum(below.sum(axis=1), p.shape[1] - 1))

    first = pick(np.cumsum(p * (1 - p), axis=1), chances[0])
    second = pick(np.cumsum(np.where(classes == first[:, None], 0.0, p), axis=1), chances[1])
    return np.stack([first, second])


def column_spread(X: Floats, centre: Doubles, sample_weight: Doubles, unit: Doubles) -> tuple[Doubles, float]:
    """Return Σ s_i δ_i, Σ s_i δ_i² and max |δ_i|, below each other, and max ‖unit · δ_i‖; δ_i = x_i − μ.

    All are over the rows with s_i > 0.
    """
    counted = sample_weight > 0
    deviations = (X if counted.all() else X[counted]).astype(np.float64) - centre
    s = sample_weight[counted]
    largest = np.abs(deviations).max(axis=0, initial=0.0)
    longest = np.linalg.norm(deviations * unit, axis=1).max(initial=0.0)
    with np.errstate(over="ignore"):
        return np.stack([s @ deviations, s @ np.square(deviations), largest]), float(longest)


def weighted_cross_entropy(
    Z: Floats, labels: Integers, sample_weight: Doubles, probs: Floats, residuals: Floats
) -> float:
    """Return Σ s_i ℓ_i; write the probabilities, and the loss's gradient in the logits, s_i (p_i − e_y)."""
    loss, probs[...], errors = cross_entropy_rows(Z, labels)
    np.multiply(errors, sample_weight[:, None].astype(Z.dtype), out=residuals)
    return float(sample_weight @ loss)


def weighted_loss_slope(Z: Floats, U: Floats, step: float, labels: Integers, sample_weight: Doubles) -> float:
    """Return Σ s_i ⟨p_i − e_y, u_i⟩ at the logits Z + t U, t = ``step``: the derivative of the loss in t."""
    with np.errstate(over="ignore", invalid="ignore"):
        residuals = cross_entropy_rows(Z + step * U, labels)[2]
        return float(sample_weight @ np.einsum("ik,ik->i", residuals, U))


def weighted_softmax_jacobian(probs: Floats, U: Floats, sample_weight: Doubles, out: Floats) -> None:
    """Write s_i (diag p_i − p_i p_iᵀ) u_i for each row, in the dtype of U."""
    rows = softmax_jacobian_rows(probs.astype(U.dtype, copy=False), U)
    np.multiply(rows, sample_weight[:, None].astype(U.dtype), out=out)


def cross_entropy_rows(Z: Floats, labels: Integers) -> tuple[Floats, Floats, Floats]:
    """Return each row's loss, probabilities and residual p − e_y, all without cancellation.

    A confident row has p_y = 1 − ε with ε far below the spacing of the floats around 1. So ε is formed from
    the other classes' terms, never as 1 − p_y: with o = Σ_{j≠top} exp(z_j − z_top),
    loss = log1p(o) − (z_y − z_top) and 1 − p_top = o / (1 + o).
    """
    if Z.shape[1] == 1:
        return binary_cross_entropy_rows(Z[:, 0], labels)
    row, top = np.arange(len(Z)), Z.argmax(axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        gaps = Z - Z[row, top][:, None]
        probs = np.exp(gaps)
        probs[row, top] = 0
        others = probs.sum(axis=1)
        probs[row, top] = np.exp(gaps[row, top])
        loss = np.log1p(others) - gaps[row, labels]
        probs /= (1 + others)[:, None]
        residuals = probs.copy()
        # Below the top, p_y ≤ 1/2 and 1 − p_y is exact enough.
        residuals[row, labels] = -np.where(labels == top, others / (1 + others), 1 - probs[row, labels])
    return loss, probs, residuals


def binary_cross_entropy_rows(z: Floats, labels: Integers) -> tuple[Floats, Floats, Floats]:
    """`cross_entropy_rows` for the logits (0, z): loss softplus(∓z), residual (samples, 1)."""
    with np.errstate(invalid="ignore"):
        t = np.exp(-np.abs(z))
        likely, unlikely = 1 / (1 + t), t / (1 + t)
        probs = np.stack([np.where(z < 0, likely, unlikely), np.where(z < 0, unlikely, likely)], axis=1)
        wrong = np.where(labels == 1, -z, z)
        loss = np.maximum(wrong, 0) + np.log1p(t)
    residual = np.where(labels == 1, -probs[:, 0], probs[:, 1])
    return loss, probs, residual[:, None]


def softmax_jacobian_rows(probs: Floats, U: Floats) -> Floats:
    """Return (diag p − p pᵀ) u for each row, to relative accuracy even where the largest p rounds to 1.

    The product does not change when a constant is added to u. Measured from the likeliest class, that class's
    own term is 0 and every sum left is of small numbers.
    """
    if U.shape[1] == 1:
        return probs[:, :1] * probs[:, 1:] * U
    W = U - np.take_along_axis(U, probs.argmax(axis=1)[:, None], axis=1)
    W -= (probs * W).sum(axis=1, keepdims=True)
    return probs * W


def complements(probs: Floats) -> Floats:
    """Return 1 − p, formed as the sum of the other probabilities for the likeliest class of each row."""
    row, top = np.arange(len(probs)), probs.argmax(axis=1)
    rest = 1 - probs
    others = probs.copy()
    others[row, top] = 0
    rest[row, top] = others.sum(axis=1)
    return rest
