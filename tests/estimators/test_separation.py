"""Without a penalty a fit is certified where an optimum exists, and only there: a linear program decides."""

import numpy as np
import pytest
from scipy.optimize import linprog

from dxent import LogisticRegression, RankWarning
from dxent.estimators import NotCertifiedWarning


def separable(X, labels, intercept):
    """Whether some weights make no margin z_y − z_k negative, and one positive (after Konis, 2007)."""
    rows = np.column_stack([X, np.ones(len(X))]) if intercept else X
    classes = labels.max() + 1
    margins = np.zeros((len(rows), classes, classes, rows.shape[1]))
    for i, (row, label) in enumerate(zip(rows, labels, strict=True)):
        margins[i, :, label] = row
        for k in range(classes):
            margins[i, k, k] -= row
    A = margins.reshape(-1, classes * rows.shape[1])
    best = linprog(-A.sum(axis=0), A_ub=-A, b_ub=np.zeros(len(A)), bounds=(-1, 1), method="highs")
    return -best.fun > 1e-7


@pytest.mark.filterwarnings(f"ignore::{NotCertifiedWarning.__module__}.{NotCertifiedWarning.__name__}")
@pytest.mark.filterwarnings(f"ignore::{RankWarning.__module__}.{RankWarning.__name__}")
@pytest.mark.parametrize("solver", ["newton", "newton-cg", "lbfgs"])
@pytest.mark.parametrize("intercept", [True, False], ids=["intercept", "no intercept"])
def test_a_fit_is_certified_if_and_only_if_an_optimum_exists(solver, intercept):
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        samples, features, classes = rng.integers(6, 60), rng.integers(1, 6), rng.integers(2, 5)
        X = rng.normal(size=(samples, features))
        X = [X, np.round(X), (X > 0).astype(float)][seed % 3]
        logits = X @ rng.normal(size=(features, classes)) * rng.choice([0.3, 1.0, 5.0])
        labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
        labels[:classes] = np.arange(classes)
        model = LogisticRegression(C=np.inf, solver=solver, fit_intercept=intercept).fit(X, labels)
        found.append(separable(X, labels, intercept))
        assert model.optimality_.certified is not found[-1], seed
        assert found[-1] is ("finite C" in model.optimality_.reason), seed
    assert 10 < sum(found) < 50
