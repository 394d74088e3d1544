"""Without a penalty a fit is certified where an optimum exists, and only there: a linear program decides."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from sklearn.datasets import load_iris

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
        assert found[-1] is ("Classes are separated" in model.optimality_.reason), seed
    assert 10 < sum(found) < 50


def told(X, y, **named):
    with pytest.warns(NotCertifiedWarning) as caught:
        model = LogisticRegression(C=np.inf).fit(X, y, **named)
    assert str(caught[-1].message) == str(model.optimality_)
    return model.optimality_.reason


def test_row_49_the_separated_classes_and_what_separates_them_are_named():
    X, y = load_iris(as_frame=True, return_X_y=True)
    reason = told(X, load_iris().target_names[y])
    assert (
        "'setosa' and 'versicolor' in all 100 rows, 'setosa' and 'virginica' in all 100 rows. For" in reason
    )
    # many directions separate: which columns come first is for rounding to say
    assert re.search(r"For 'setosa' speaks .*- 'petal (length|width) \(cm\)'", reason)


def test_row_48_of_a_quasi_separated_table_the_infinite_coefficient_is_named(shared_data):
    table = pd.read_csv(shared_data("inference/endometrial.csv"))
    reason = told(table[["NV", "PI", "EH"]], table["HG"])
    # every row with NV = 1 is of class 1 (Heinze & Schemper 2002)
    assert f"0 and 1 in {(table['NV'] == 1).sum()} of 79 rows. For 0 speaks - 'NV'. Without" in reason


def test_row_47_columns_without_names_are_numbered_or_called_as_the_caller_says():
    X, y = np.array([[3.0, 0.1], [3.0, 0.2], [3.1, 0.9], [2.9, 0.8]]), [0, 0, 1, 1]
    assert "0 and 1 in all 4 rows. For 0 speaks - column 1. Without" in told(X, y)
    assert "For 0 speaks - 'dose'." in told(X, y, feature_names=["age", "dose"])


def test_many_pairs_are_counted():
    X = np.repeat(np.eye(5), 3, axis=0)
    with pytest.warns(RankWarning):
        assert "and so on, 10 pairs in all. For" in told(X, np.repeat(np.arange(5), 3))
