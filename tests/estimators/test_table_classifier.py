"""The classifier of tables against scikit-learn's pipeline of the same parts."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from dxent.data.table import TableError
from dxent.errors import RankWarning
from dxent.estimators import NotCertifiedWarning, TableClassifier
from dxent.estimators.selection import CANDIDATES, best_C
from dxent.estimators.tables import to_arrow


@pytest.fixture(scope="module")
def data():
    draw = np.random.default_rng(3)
    rows = 400
    frame = pd.DataFrame(
        {
            "big": draw.normal(1e6, 1e3, rows),
            "small": draw.normal(0, 1e-3, rows),
            "kind": draw.choice(["u", "v", "w"], rows),
        }
    )
    logits = (frame["big"] - 1e6) / 1e3 + 500 * frame["small"] + (frame["kind"] == "v")
    y = np.digitize(logits + draw.logistic(size=rows), [-0.5, 1.0])
    return frame, y


def pipeline(C):
    transform = ColumnTransformer(
        [("n", StandardScaler(), ["big", "small"]), ("c", OneHotEncoder(), ["kind"])]
    )
    return make_pipeline(
        transform, LogisticRegression(C=C, tol=1e-12, solver="newton-cholesky", max_iter=1000)
    )


def test_it_is_scikit_learns_pipeline(data):
    frame, y = data
    model = TableClassifier(C=0.3).fit(frame, y)
    assert model.optimality_.certified
    np.testing.assert_allclose(
        model.predict_proba(frame), pipeline(0.3).fit(frame, y).predict_proba(frame), atol=1e-7
    )


def test_units_do_not_matter_unless_they_are_wanted(data):
    frame, y = data
    other = frame.assign(big=frame["big"] / 1e3)
    probs = TableClassifier().fit(frame, y).predict_proba(frame)
    np.testing.assert_allclose(TableClassifier().fit(other, y).predict_proba(other), probs, atol=1e-9)
    raw = [TableClassifier(standardize=False).fit(X, y).predict_proba(X) for X in (frame, other)]
    assert np.abs(raw[0] - raw[1]).max() > 1e-3


def test_coefficients_are_in_the_units_of_the_data(data):
    frame, y = data
    model = TableClassifier().fit(frame, y)
    X = model.schema_.encode(to_arrow(frame))
    np.testing.assert_allclose(
        X @ model.model_.coef_.T + model.model_.intercept_, model.decision_function(frame), rtol=1e-12
    )


def test_weights_are_rows_repeated(data):
    frame, y = data
    weight = np.arange(len(y)) % 3 + 1
    rows = np.repeat(np.arange(len(y)), weight)
    weighted = TableClassifier().fit(frame, y, weight)
    repeated = TableClassifier().fit(frame.iloc[rows], y[rows])
    np.testing.assert_allclose(weighted.model_.coef_, repeated.model_.coef_, rtol=1e-6)


def test_the_best_c_is_that_of_scikit_learns_search(data):
    frame, y = data
    X = StandardScaler().fit_transform(frame[["big", "small"]])
    draw = np.random.default_rng(1)
    noise = draw.normal(size=(len(y), 30))
    X = np.hstack([X, noise])
    chosen = best_C(X, y, None, seed=0)
    assert chosen in CANDIDATES
    scores = [
        cross_val_score(LogisticRegression(C=C), X, y, scoring="neg_log_loss").mean()
        for C in (1e-3, chosen, 1e3)
    ]
    assert scores[1] > max(scores[0], scores[2])
    model = TableClassifier(C="auto").fit(pd.DataFrame(X, columns=map(str, range(32))), y)
    assert chosen == model.C_


def test_it_is_an_estimator(data):
    frame, y = data
    model = clone(TableClassifier(text=(), drop=("small",)))
    search = GridSearchCV(model, {"C": [0.1, 1.0]}, cv=3).fit(frame, y)
    assert search.best_score_ > 0.4


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (np.zeros((4, 2)), "expected a table .* got ndarray"),
        ([[1, 2]], "got list"),
        ({"a": [1, "x", 2, 3]}, "the table cannot be used"),
        (pd.DataFrame({"a": [1, "x", 2, 3]}), "the table cannot be used"),
    ],
)
def test_what_is_no_table(table, says):
    with pytest.raises((TypeError, TableError), match=says):
        TableClassifier().fit(table, [0, 1, 0, 1])


def test_c_is_a_number_or_auto():
    with pytest.raises(ValueError, match='C must be a positive number or "auto"'):
        TableClassifier(C="best").fit(pa.table({"a": [1, 2]}), [0, 1])
    with pytest.raises(ValueError, match=r"each class has two training rows, and class 1 has one"):
        TableClassifier(C="auto").fit(pa.table({"a": range(9)}), [0] * 8 + [1])


def test_c_is_chosen_where_a_class_has_fewer_rows_than_there_are_folds():
    X, y = load_wine(return_X_y=True)
    rows = np.flatnonzero(y < 2).tolist() + np.flatnonzero(y == 2)[:2].tolist()
    model = TableClassifier(C="auto").fit(pd.DataFrame(X[rows], columns=map(str, range(13))), y[rows])
    assert model.C_ in CANDIDATES
    assert model.optimality_.certified


def test_row_70_a_failed_fit_keeps_the_last_one(data):
    frame, y = data
    model = TableClassifier().fit(frame, y)
    before = model.predict_proba(frame)
    with pytest.raises(ValueError, match="one class"):
        model.fit(frame, np.zeros(len(y)))
    np.testing.assert_array_equal(model.predict_proba(frame), before)


def test_warnings_name_the_columns_of_the_table():
    table = {"size": [1.0, 2.0, 3.0, 4.0], "colour": ["red", "blue", "red", "blue"]}
    with (
        pytest.warns(RankWarning, match="Columns 'colour=blue', 'colour=red' are linearly dependent"),
        pytest.warns(NotCertifiedWarning, match="in all 4 rows. For 'no' speaks - 'size'"),
    ):
        TableClassifier(C=np.inf).fit(table, ["no", "no", "yes", "yes"])


@pytest.mark.parametrize("C", [1.0, "auto"])
@pytest.mark.parametrize(
    ("labels", "weight", "says"),
    [
        (["u", None] * 10, None, "label None at row 1"),
        (["u", 1] * 10, None, "mix types"),
        (["u", "v"] * 9, None, r"\[20, 18\]"),
        (["u", "v"] * 10, np.ones(19), r"\[20, 20, 19\]"),
    ],
)
def test_labels_and_weights_are_checked_before_the_fit(C, labels, weight, says):
    with pytest.raises(ValueError, match=says):
        TableClassifier(C=C).fit({"a": range(20)}, labels, weight)
