"""Tables of other libraries: names are kept, told apart, and named in errors."""

import numpy as np
import pandas
import polars
import pyarrow
import pytest
from sklearn.datasets import load_iris

from dxent import LogisticRegression

X, y = load_iris(return_X_y=True)
NAMES = ["sepal length", "sepal width", "petal length", "petal width"]
COLUMNS = dict(zip(NAMES, X.T, strict=True))


@pytest.fixture(
    params=[pandas.DataFrame, polars.DataFrame, pyarrow.table], ids=["pandas", "polars", "pyarrow"]
)
def table(request):
    return request.param


def test_the_fit_is_that_of_the_numbers_and_names_are_kept(table):
    model = LogisticRegression().fit(table(COLUMNS), y)
    plain = LogisticRegression().fit(X, y)
    # columns of a frame lie apart in memory: their sums are the same to rounding
    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=1e-12)
    np.testing.assert_allclose(model.predict_proba(table(COLUMNS)), plain.predict_proba(X), rtol=1e-12)
    assert not hasattr(plain, "feature_names_in_")
    assert model.feature_names_in_.tolist() == NAMES


@pytest.mark.parametrize("names", [NAMES[::-1], NAMES[:3], [*NAMES, "colour"], ["a", *NAMES[1:]]])
def test_row_63_other_columns_at_predict_are_refused(table, names):
    model = LogisticRegression().fit(table(COLUMNS), y)
    other = table({name: COLUMNS.get(name, np.zeros(150)) for name in names})
    with pytest.raises(ValueError, match="feature names should match those that were passed during fit"):
        model.predict(other)


def column(table, kind):
    """Red and blue, or the text of digits, as a column of the table's library."""
    if kind == "text":
        return np.where(y > 0, "red", "blue")
    if table is pandas.DataFrame:
        return pandas.Categorical(y.astype(str))
    digits = polars.Series([str(label) for label in y], dtype=polars.Categorical)
    return digits if table is polars.DataFrame else digits.to_arrow()


@pytest.mark.parametrize("kind", ["text", "categories"])
def test_row_64_columns_that_are_not_numbers_are_named(table, kind):
    spoilt = table(COLUMNS | {"colour": column(table, kind)})
    model = LogisticRegression().fit(table(COLUMNS | {"colour": np.zeros(150)}), y)
    for ask in (model.predict, lambda X: LogisticRegression().fit(X, y)):
        with pytest.raises(ValueError, match=r"Column 'colour' holds .* values: encode .*OneHotEncoder"):
            ask(spoilt)


def test_row_64_booleans_are_zero_and_one(table):
    flag = X[:, 0] > 5.5
    here = LogisticRegression().fit(table(COLUMNS | {"long": flag}), y)
    there = LogisticRegression().fit(np.column_stack([X, flag]), y)
    np.testing.assert_allclose(here.coef_, there.coef_, rtol=1e-12)


def test_row_64_missing_cells_are_placed(table):
    petal = [None if i == 7 else float(v) for i, v in enumerate(X[:, 2])]
    with pytest.raises(ValueError, match=r"NaN at row 7, column 2 \('petal length'\); 1 such entry"):
        LogisticRegression().fit(table(COLUMNS | {"petal length": petal}), y)


def test_row_64_nullable_columns_of_pandas():
    frame = pandas.DataFrame(COLUMNS).astype("Float64")
    # pandas gives the columns in another order of memory, and NumPy's sums depend on it in the last bit
    np.testing.assert_allclose(
        LogisticRegression().fit(frame, y).coef_, LogisticRegression().fit(X, y).coef_, rtol=1e-12
    )
    frame.loc[7, "petal length"] = pandas.NA
    with pytest.raises(ValueError, match=r"NaN at row 7, column 2 \('petal length'\)"):
        LogisticRegression().fit(frame, y)


@pytest.mark.parametrize("series", [pandas.Series, polars.Series, pyarrow.array])
def test_labels_come_in_any_series(series):
    labels = np.array(["setosa", "versicolor", "virginica"])[y]
    model = LogisticRegression().fit(X, series(labels))
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert model.score(X, labels) > 0.95


def test_row_38_a_missing_label_in_a_series_is_placed():
    labels = pandas.Series(np.array(["a", "b", "c"])[y]).where(np.arange(150) != 7)
    with pytest.raises(ValueError, match="at row 7"):
        LogisticRegression().fit(X, labels)
