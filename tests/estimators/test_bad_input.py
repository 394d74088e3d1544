"""Bad tables and settings: one sentence that names the place and what to do.

The numbers are those of the list of bad inputs that the package is held to.
"""

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_iris

from dxent import LogisticRegression
from estimators.refusal import refuses

X, y = load_iris(return_X_y=True)


def spoilt(value, row=7, column=2):
    table = X.copy()
    table[row, column] = value
    return table


@pytest.mark.parametrize("store", [np.asarray, scipy.sparse.csr_matrix, np.float32])
@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")])
def test_row_37_nan_and_infinity_are_placed(store, value, name):
    with refuses("Input X", f"{name} at row 7, column 2; 1 such entry in all. Impute"):
        LogisticRegression().fit(store(spoilt(value)), y)
    table = spoilt(value)
    table[9] = value
    with refuses(f"{name} at row 7, column 2; 5 such entries in all"):
        LogisticRegression().fit(store(table), y)
    with refuses(f"{name} at row 7, column 2"):
        LogisticRegression().fit(X, y).predict(store(spoilt(value)))


def test_row_37_rows_that_do_not_count_are_looked_at_too():
    with refuses("NaN at row 7, column 2"):
        LogisticRegression().fit(spoilt(np.nan), y, sample_weight=np.arange(len(y)) != 7)


def test_row_37_a_bad_entry_in_any_tile_of_a_sparse_matrix_is_placed():
    rng = np.random.default_rng(0)
    table = scipy.sparse.random_array((3000, 600), density=0.3, format="csr", rng=rng)
    for value in (np.nan, np.inf, 1e200):
        table.data[-1] = value
        with refuses("at row 2999, column"):
            LogisticRegression().fit(table, rng.integers(0, 2, 3000))


def test_row_37_columns_are_named():
    import pandas

    with refuses("row 7, column 2", r"\('petal'\)"):
        LogisticRegression().fit(pandas.DataFrame(spoilt(np.nan), columns=["a", "b", "petal", "d"]), y)


def test_row_37_large_entries_are_not_infinite():
    """Their sum would overflow; they do not."""
    for table in (spoilt(1.7e308), np.full_like(X, -1.7e308)):
        with refuses("has the value", "divide the column by a constant"):
            LogisticRegression().fit(table, y)


@pytest.mark.parametrize("scale", [1e155, 1e300])
def test_row_54_columns_beyond_that_are_refused(scale):
    table = X.copy()
    table[:, 1] *= scale
    with refuses("at row", "column 1", "beyond", "divide the column by a constant"):
        LogisticRegression().fit(table, y)


@pytest.mark.parametrize("C", [0, -1.0, np.nan, "1", None])
def test_row_58_strengths_that_make_no_sense(C):
    with refuses("C must be a positive number", "np.inf", repr(C)):
        LogisticRegression(C=C).fit(X, y)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tol": -1.0}, ["tol must be", "-1"]),
        ({"tol": np.nan}, ["tol must be", "nan"]),
        ({"max_iter": -1}, ["max_iter must be", "-1"]),
        ({"max_iter": 2.5}, ["max_iter must be", "2.5"]),
        ({"solver": "magic"}, ["solver must be one of 'auto'", "'magic'"]),
        ({"class_weight": {1: -2.0}}, ["class_weight must be", "-2", "class", "1"]),
        ({"class_weight": "even"}, ["class_weight", "even"]),
    ],
)
def test_settings_that_make_no_sense(settings, words):
    with refuses(*words):
        LogisticRegression(**settings).fit(X, y)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba", "decision_function"])
def test_row_67_tables_of_another_form(method):
    ask = getattr(LogisticRegression().fit(X, y), method)
    with refuses("X has 3 features", "expecting 4"):
        ask(X[:, :3])
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        ask(X[0])
    with pytest.raises(ValueError, match=r"could not convert|[Uu]nable to convert|dtype"):
        ask(np.full((2, 4), "text"))
