"""The objective that every method of the benchmarks minimises, from coefficients alone."""

from __future__ import annotations

from typing import Any

import numpy as np

import dxent

__all__ = ["objective"]


def objective(coef: Any, intercept: Any, X: Any, y: Any, C: float, *, penalised: bool = False) -> float:
    """Return mean loss + ‖W‖²/(2 C n); of a ``penalised`` intercept the square counts, too."""
    logits = X @ coef.T + intercept
    if logits.shape[1] == 1:
        logits = np.column_stack([np.zeros(len(logits)), logits])
    labels = np.unique(y, return_inverse=True)[1]
    square = np.sum(coef**2) + (np.sum(np.square(intercept)) if penalised else 0.0)
    return float(dxent.softmax_cross_entropy(logits, labels) + square / (2 * C * len(labels)))
