"""The kernels in NumPy: the definition that every compiled twin is tested against.

Throughout, ``X`` is the design matrix (samples, features), ``centre`` (features,) is subtracted from each
row as it is read (``None``: nothing is subtracted), and ``weights`` is (outputs, features) or, where an
intercept is fitted, (outputs, features + 1) with the bias as its last column. ``sample_weight`` (samples,)
multiplies the rows' losses.

One output stands for two classes: the logits are then (0, z), so the probabilities are
(σ(−z), σ(z)) and the loss is the binary cross-entropy. Two or more outputs are as many classes.

The dtype of ``weights`` is the dtype of the arithmetic, whatever ``X`` is stored in; losses and gradients
are accumulated in float64.
"""

from __future__ import annotations

import numpy as np

__all__ = ["hessian_pass", "logits", "loss_pass", "pullback", "softmax_gram"]


def centred(X, centre, dtype):
    """Rows of the design matrix as the arithmetic sees them: x − μ, in ``dtype``."""
    rows = np.asarray(X, dtype=dtype)
    return rows if centre is None else rows - centre.astype(dtype)


def logits(X, centre, weights):
    """Return Z = (X − μ) Wᵀ + b, shape (samples, outputs)."""
    features = X.shape[1]
    rows = centred(X, centre, weights.dtype)
    Z = rows @ weights[:, :features].T
    if weights.shape[1] > features:
        Z += weights[:, features]
    return Z


def pullback(X, centre, residuals, with_bias):
    """Return Rᵀ [X − μ, 1], the transpose of `logits` as a map of the weights."""
    rows = centred(X, centre, residuals.dtype)
    gradient = (residuals.T @ rows).astype(np.float64)
    if with_bias:
        return np.column_stack([gradient, residuals.sum(axis=0, dtype=np.float64)])
    return gradient


def loss_pass(X, centre, weights, labels, sample_weight):
    """Return Σ s_i ℓ_i, its gradient in the weights, and the probabilities (samples, classes)."""
    Z = logits(X, centre, weights)
    loss, probs, residuals = cross_entropy_rows(Z, labels)
    residuals *= sample_weight[:, None].astype(Z.dtype)
    gradient = pullback(X, centre, residuals, weights.shape[1] > X.shape[1])
    return float(sample_weight @ loss), gradient, probs


def hessian_pass(X, centre, probs, sample_weight, direction):
    """Return Σ s_i [(diag p_i − p_i p_iᵀ) ⊗ x_i x_iᵀ] V for a direction V shaped as the weights."""
    U = logits(X, centre, direction)
    R = softmax_jacobian_rows(probs.astype(U.dtype, copy=False), U)
    R *= sample_weight[:, None].astype(U.dtype)
    return pullback(X, centre, R, direction.shape[1] > X.shape[1])
