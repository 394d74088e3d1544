"""Labels and weights: one sentence that names the place and what to do, or the fit they stand for.

The numbers are those of the list of bad inputs that the package is held to.
"""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from dxent import LogisticRegression
from dxent.estimators import TableClassifier
from estimators.refusal import refuses

X, y = load_iris(return_X_y=True)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([0.0, 1.0, np.nan], ["NaN"]),
        ([0, 1, None], ["None", "row 2", "Drop"]),
        (["a", "b", None], ["None", "row 2", "Drop"]),
        (["a", "b", np.nan], ["nan", "row 2", "Drop"]),
        ([0.5, 1.5, 2.25], ["continuous"]),
        ([0, "1", 1], ["mix types", "row 0", "row 1", "Convert"]),
        (np.array(["a", 1, 2], dtype=object), ["mix types", "'a' at row 0", "1 at row 1", "Convert"]),
    ],
)
def test_row_38_labels_that_are_missing_mixed_or_continuous(labels, words):
    with refuses(*words):
        LogisticRegression().fit(np.eye(3), labels)


@pytest.mark.parametrize("label", [3, "only"])
def test_row_39_one_class(label):
    with refuses("one class only", repr(label), "two or more"):
        LogisticRegression().fit(X, [label] * 150)


def test_row_40_a_class_without_weight():
    with refuses("class", "1", "zero weight", "drop these rows"):
        LogisticRegression().fit(X, y, sample_weight=np.where(y == 1, 0.0, 1.0))
    with refuses("class_weight", "positive", "0", "class", "1"):
        LogisticRegression(class_weight={1: 0.0}).fit(X, y)


def test_row_41_a_class_that_is_weighted_but_absent():
    with refuses("class_weight"):
        LogisticRegression(class_weight={0: 1.0, 7: 2.0}).fit(X, y)


@pytest.mark.parametrize("value", [-1.0, -1e-300, np.nan, np.inf])
def test_row_42_43_weights_that_are_negative_or_not_finite(value):
    weight = np.ones(150)
    weight[11] = value
    for model, data in ((LogisticRegression(), X), (TableClassifier(), dict(zip("abcd", X.T, strict=True)))):
        with refuses("sample_weight", "negative", str(value), "row 11", "1 such"):
            model.fit(data, y, sample_weight=weight)


def test_row_43_weights_that_are_all_zero_or_of_the_wrong_length():
    with refuses("sample_weight is zero for every row"):
        LogisticRegression().fit(X, y, sample_weight=np.zeros(150))
    with refuses("sample_weight.shape", "149", "150"):
        LogisticRegression().fit(X, y, sample_weight=np.ones(149))


def test_row_44_rows_of_weight_zero_must_be_finite():
    weight, table = np.ones(150), X.copy()
    weight[7], table[7, 2] = 0, np.nan
    with refuses("NaN at row 7, column 2"):
        LogisticRegression().fit(table, y, sample_weight=weight)


def test_row_45_an_integer_weight_is_that_many_rows():
    weight = np.arange(150) % 4
    here = LogisticRegression(tol=1e-14).fit(X, y, sample_weight=weight)
    there = LogisticRegression(tol=1e-14).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(here.coef_, there.coef_, rtol=1e-9)
    np.testing.assert_allclose(here.intercept_, there.intercept_, rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1e12, 1e300])
def test_row_46_weights_of_any_scale(scale):
    here = LogisticRegression(C=1 / scale).fit(X, y, sample_weight=np.full(150, scale))
    there = LogisticRegression().fit(X, y)
    assert here.optimality_.certified
    np.testing.assert_allclose(here.coef_, there.coef_, rtol=1e-9)


def test_row_46_weights_of_all_scales_at_once():
    weight = np.logspace(-300, 300, 150)[np.random.default_rng(0).permutation(150)]
    model = LogisticRegression(C=1e-300).fit(X, y, sample_weight=weight)
    assert model.optimality_.certified
    assert np.isfinite(model.coef_).all()


@pytest.mark.parametrize("labels", [["a", ""], ["e\u0301", "\u00e9"], [" a", "a"], ["A", "a"], ["ß", "ss"]])
def test_row_65_labels_are_kept_as_they_are(labels):
    model = LogisticRegression().fit([[0.0], [0.0], [1.0], [1.0]], np.repeat(labels, 2))
    assert set(model.classes_) == set(labels)
    assert model.predict([[-9.0], [9.0]]).tolist() == labels


def test_row_65_labels_are_shown_quoted():
    with refuses("one class only", "' blank'"):
        LogisticRegression().fit(X, [" blank"] * 150)


@pytest.mark.parametrize(
    "labels", [[1, True, 0], [1, "1", 0], [True, 1.0, False], [1.5, 1, 0], ["1", 1.0, "2"]]
)
def test_row_66_labels_that_are_equal_only_by_accident(labels):
    with refuses("mix types", "Convert"):
        LogisticRegression().fit(np.eye(3), labels)
    with refuses("mix types", "Convert"):
        LogisticRegression().fit(np.eye(3), np.array(labels, dtype=object))
