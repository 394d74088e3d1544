"""The schema: what each kind of column becomes, and that it is the same at fit and at predict."""

import datetime
import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from dxent.data.cells import typed
from dxent.data.readers import read_frame
from dxent.data.schema import Schema
from dxent.data.table import TableError
from dxent.errors import DxentWarning


def learn(columns, **options):
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    schema = Schema.learn(table, "label", **options)
    return schema, schema.encode(table)


def test_numbers_are_kept_and_holes_are_filled_and_marked():
    schema, X = learn({"a": [1.0, 2.0, 4.0], "b": [1, None, 5]})
    assert schema.features == ("a", "b", "b is missing")
    assert schema.scaled.tolist() == [True, True, False]
    np.testing.assert_array_equal(X, [[1, 1, 0], [2, 3, 1], [4, 5, 0]])


def test_truth_values():
    schema, X = learn({"a": [True, False], "b": [None, True]})
    assert schema.features == ("a", "b", "b is missing")
    assert not schema.scaled.any()
    np.testing.assert_array_equal(X, [[1, 0, 1], [0, 1, 0]])


def test_categories_are_one_hot_with_missing_as_a_level():
    schema, X = learn({"a": ["v", "u", None, "v"]})
    assert schema.features == ("a=u", "a=v", "a is missing")
    np.testing.assert_array_equal(X, [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]])


def test_rare_levels_share_a_feature_and_so_do_unseen_ones():
    schema, X = learn({"a": ["u"] * 300 + ["v"] * 100 + ["w"] * 4 + ["x"]})
    assert schema.features == ("a=u", "a=v", "a is another")
    np.testing.assert_array_equal(X.sum(axis=0), [300, 100, 5])
    np.testing.assert_array_equal(
        schema.encode(pa.table({"a": ["new", "w", None]})), [[0, 0, 1]] * 2 + [[0] * 3]
    )


def test_where_none_was_rare_an_unseen_level_is_no_level():
    schema, _ = learn({"a": ["u", "v"] * 10})
    np.testing.assert_array_equal(
        schema.encode(pa.table({"a": ["new", None, "v"]})), [[0, 0], [0, 0], [0, 1]]
    )


def test_dates_are_a_trend_and_cycles():
    monday = datetime.date(2024, 1, 1)
    schema, X = learn({"a": [monday, monday + datetime.timedelta(days=7)]})
    assert schema.features == (
        "a in days",
        "sin of a in the year",
        "cos of a in the year",
        "sin of a in the week",
        "cos of a in the week",
    )
    assert schema.scaled.tolist() == [True, False, False, False, False]
    np.testing.assert_array_equal(X[:, 0], [19723, 19730])
    np.testing.assert_allclose(X[:, 3:], [[0, 1], [0, 1]], atol=1e-10)
    turn = 2 * np.pi * 19723 / 365.2425
    np.testing.assert_allclose(X[0, 1:3], [np.sin(turn), np.cos(turn)], atol=1e-12)


def test_times_of_day_and_missing_times():
    times = [datetime.datetime(2024, 1, 1, 6), None, datetime.datetime(2024, 1, 2, 18)]
    schema, X = learn({"a": times})
    assert schema.features[-3:] == ("sin of a in the day", "cos of a in the day", "a is missing")
    np.testing.assert_allclose(X[:, -3], [1, 0, -1], atol=1e-10)  # the middle time is noon
    np.testing.assert_allclose(X[:, 0], [19723.25, 19724.0, 19724.75])
    np.testing.assert_array_equal(X[:, -1], [0, 1, 0])


TEXTS = ["Free entry, WIN a prize", None, "see you at 10", "win Free prize prize", "you win, see?"] * 5


def test_words_are_counted_as_scikit_learn_counts_them():
    schema, X = learn({"a": pa.array(TEXTS)}, text=["a"])
    counter = CountVectorizer(min_df=2)
    expected = counter.fit_transform([text or "" for text in TEXTS])
    assert schema.features == tuple(f"a: {word}" for word in counter.get_feature_names_out())
    np.testing.assert_array_equal(X.toarray(), expected.toarray())


def test_words_beside_numbers_are_one_sparse_matrix():
    schema, X = learn({"n": list(range(25)), "a": pa.array(TEXTS)}, text=["a"])
    np.testing.assert_array_equal(X[:, 0].toarray().ravel(), np.arange(25))
    assert X.shape == (25, len(schema.features))
    assert schema.scaled.sum() == 1


def test_row_51_constant_columns_are_named_and_left_out():
    schema, X = learn({"a": [1, 1], "b": ["u", "u"], "c": [None, None], "d": [1, 2], "e": [None, "u"]})
    assert schema.constant == ("a", "b", "c")
    assert schema.features == ("d", "e=u", "e is missing")
    assert X.shape == (2, 3)


@pytest.mark.parametrize(
    ("columns", "options", "says"),
    [
        ({"a": [1, 1]}, {}, "no column has more than one value"),
        (
            {"a": [f"id {row}" for row in range(50)]},
            {},
            "column 'a' has 50 different texts in 50 rows, such as 'id 0'",
        ),
        ({"a": [f"id {row % 300}" for row in range(3000)]}, {}, r"\(--drop 'a'\), or count its words"),
        ({"a": [f"id {row // 2}" for row in range(600)]}, {}, "300 different texts"),
        ({"a": [[1], [2]]}, {}, "holds list<.*>, which cannot be used"),
        ({"a": [datetime.time(1), datetime.time(2)]}, {}, "holds time64.*leave it out"),
        ({"a": [1, 2]}, {"drop": ["b"]}, "there is no column 'b'"),
        ({"Name": [1, 2]}, {"text": ["name"]}, "did you mean 'Name'?"),
        ({"a": ["one", "two"]}, {"text": ["a"]}, "no two rows share a word"),
        ({"a": [1.5, 2.5]}, {"text": ["a"]}, "holds double where text is needed"),
    ],
)
def test_row_64_columns_that_cannot_be_used(columns, options, says):
    with pytest.raises(TableError, match=says):
        learn(columns, **options)


def test_a_dropped_column_is_not_looked_at():
    schema, _ = learn({"a": [1, 2], "b": [[1], [2]]}, drop=["b"])
    assert schema.features == ("a",)


def test_row_63_columns_are_found_by_name():
    schema, X = learn({"a": [1, 2], "b": ["u", "v"]})
    reordered = pa.table({"b": ["u", "v"], "extra": [[0], [0]], "a": [1, 2]})
    np.testing.assert_array_equal(schema.encode(reordered), X)
    with pytest.raises(TableError, match="there is no column 'a', 'b': the model needs them"):
        schema.encode(pa.table({"A": [1]}))
    with pytest.raises(TableError, match="more than one column is named 'a'"):
        schema.encode(pa.table([[1], [2], ["u"]], names=["a", "a", "b"]))


def test_row_64_cells_of_another_kind_at_predict():
    schema, _ = learn({"a": [1, 2], "b": ["u", "v"]})
    with pytest.raises(TableError, match="row 1, column 'a': 'x' where a number is needed"):
        schema.encode(pa.table({"a": ["x"], "b": ["u"]}))
    with pytest.raises(TableError, match="row 2, column 'a': not a finite number"):
        schema.encode(pa.table({"a": [1.0, np.inf], "b": ["u", "u"]}))


def test_missing_values_where_training_rows_had_none_are_told():
    schema, _ = learn({"a": [1, 2, 9]})
    with pytest.warns(
        DxentWarning, match="'a' was complete in the training rows: 1 missing value is filled in"
    ):
        X = schema.encode(pa.table({"a": [None, 5]}))
    np.testing.assert_array_equal(X, [[2], [5]])


def test_text_cells_give_the_features_of_typed_ones():
    cells = {
        "n": ["1", "2.5", None, "4"],
        "b": ["true", "false", "true", None],
        "d": ["2024-05-31", "2024-06-01 12:30", None, "2024-06-02"],
        "c": ["1", "u", "1", "v"],
    }
    plain = pa.table({name: pa.array(column, pa.string()) for name, column in cells.items()})
    schema, X = learn(typed(plain))
    np.testing.assert_array_equal(schema.encode(plain), X)
    assert schema.kinds() == {"n": "numeric", "b": "boolean", "d": "date-time", "c": "categorical"}
    # one row alone may look like something else
    np.testing.assert_array_equal(schema.encode(plain.slice(0, 1)), X[:1])


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "n": st.none() | st.floats(-1e100, 1e100),
                "b": st.none() | st.booleans(),
                "c": st.none() | st.text(max_size=3),
                "d": st.none() | st.datetimes(datetime.datetime(1700, 1, 1), datetime.datetime(2200, 1, 1)),
            }
        ),
        min_size=2,
        max_size=20,
    )
)
def test_the_json_is_exact(rows):
    types = [("n", pa.float64()), ("b", pa.bool_()), ("c", pa.string()), ("d", pa.timestamp("us"))]
    table = pa.Table.from_pylist(
        [{"id": place, **row} for place, row in enumerate(rows)], pa.schema([("id", pa.int64()), *types])
    )
    schema, X = learn(table)
    again = Schema.from_json(json.loads(json.dumps(schema.to_json())))
    assert again == schema
    np.testing.assert_array_equal(again.encode(table), X)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda content: content.pop("target"), "lacks 'target'"),
        (lambda content: content.update(more=1), "unknown key 'more'"),
        (lambda content: content["columns"][0].update(kind="pickle"), "unknown kind 'pickle'"),
        (
            lambda content: content["columns"][0].update(median="1"),
            "'median' in its numeric column is not of type float",
        ),
        (lambda content: content["columns"][0].update(median=True), "not of type float"),
        (lambda content: content["columns"].append(7), "unknown kind None"),
        (lambda content: content.update(constant=[1]), "'constant' in its schema is not of type list of str"),
    ],
)
def test_row_82_json_that_is_no_schema(change, says):
    content = learn({"a": [1, 2]})[0].to_json()
    change(content)
    with pytest.raises(ValueError, match=says):
        Schema.from_json(content)


def test_real_tables(shared_data):
    for name, target, columns, features in [
        ("adult.parquet", "income", 15, 109),
        ("titanic.parquet", "survived", 14, 34),
        ("arff_mushroom.parquet", "class", 21, 116),
    ]:
        frame = read_frame(shared_data(name), target)
        schema, X = learn(typed(frame.columns))
        assert (len(schema.columns), X.shape) == (columns, (len(frame.labels), features))
    assert schema.constant == ("veil-type",)
