"""Estimators with scikit-learn's contract."""

from dxent.estimators.logistic import LogisticRegression
from dxent.estimators.optimality import NotCertifiedWarning, Optimality
from dxent.estimators.tables import TableClassifier

__all__ = ["LogisticRegression", "NotCertifiedWarning", "Optimality", "TableClassifier"]
