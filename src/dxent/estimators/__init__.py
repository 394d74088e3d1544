"""Estimators with scikit-learn's contract."""

from dxent.estimators.logistic import LogisticRegression
from dxent.estimators.optimality import NotCertifiedWarning, Optimality

__all__ = ["LogisticRegression", "NotCertifiedWarning", "Optimality"]
