"""Cells of a text file: what they turn out to be, and what is said of one that is unlike the others."""

import datetime
import decimal

import numpy as np
import pyarrow as pa
import pytest

from dxent.data.cells import as_booleans, as_numbers, as_texts, as_times, typed
from dxent.data.table import TableError


def column(cells, kind=None):
    return pa.chunked_array([pa.array(cells, kind)])


def typed_cells(cells):
    return typed(pa.table({"x": pa.array(cells, pa.string())}))["x"]


NOON = datetime.datetime(2024, 5, 31, 12, 0)


@pytest.mark.parametrize(
    ("cells", "become"),
    [
        (["1", " -2.5e3 ", None, "+.5", "7."], [1.0, -2500.0, None, 0.5, 7.0]),
        (["true", "False", "TRUE", None], [True, False, True, None]),
        (["2024-05-31", "2024-05-31 12:00", None], [datetime.datetime(2024, 5, 31), NOON, None]),
        (["a", "b", None, "1"], ["a", "b", None, "1"]),
        (["yes", "no"], ["yes", "no"]),
        (["1-2", "3-4"], ["1-2", "3-4"]),
        (["18_24", "25_34"], ["18_24", "25_34"]),
        (["1 2", "1.2.3"], ["1 2", "1.2.3"]),
        ([None, None], [None, None]),
    ],
)
def test_row_76_documented_parsing(cells, become):
    assert typed_cells(cells).to_pylist() == become


def test_times_with_a_zone_are_instants():
    (instant,) = typed_cells(["2024-05-31T14:00:00+02:00"]).to_pylist()
    assert instant.astimezone(datetime.UTC) == NOON.replace(tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        ("1e999", "not a finite number, or one beyond 1e+100"),
        ("inf", "not a finite number"),
        ("-2e100", "scale the column"),
        ("oops", "'oops' where a number is needed"),
        ("0x10", "'0x10' where a number is needed"),
        ("1_000", "'1_000'"),
        ("1,5", "'1,5'"),
        ("\uff11", "'\uff11'"),
        ("\v1\u202e", r"'\x0b1\u202e'"),
        ("y" * 1000, "y…'"),
    ],
)
def test_row_76_a_cell_unlike_the_others_is_named(odd, says):
    with pytest.raises(TableError, match=r"^row 31, column 'x'") as caught:
        typed_cells(["1"] * 30 + [odd, "2"])
    assert says in str(caught.value)


def test_row_77_the_whole_column_is_checked():
    with pytest.raises(TableError, match="row 400001, column 'x': 'oops' where a number is needed"):
        typed_cells(["1"] * 400_000 + ["oops"])


def test_a_number_after_many_whole_numbers():
    assert typed_cells(["1"] * 400_000 + ["1.5"])[-1].as_py() == 1.5


@pytest.mark.parametrize(
    "cell", ["1,5", "1.000,50", "1_000", "12 000", "0xff", "31.12.2024", "12/31/2024", "5 %"]
)
def test_row_76_foreign_customs_are_refused_not_taken_for_categories(cell):
    with pytest.raises(
        TableError, match=r"is neither a number such as 1234\.5 nor a date such as 2024-12-31"
    ):
        typed_cells([cell] * 10)


def test_row_76_thousands_separators_among_plain_numbers():
    with pytest.raises(TableError, match=r"row 2, column 'x': '1,200\.50' is neither a number"):
        typed_cells(["900.25", "1,200.50", "3.5", "2,000.00"])


def test_dates_that_there_are_not():
    with pytest.raises(TableError, match="column 'x'"):
        typed_cells(["2024-05-31", "2024-13-01"])
    with pytest.raises(TableError, match="row 11, column 'x': 'soon' where a date, such as 2024-05-31"):
        typed_cells(["2024-05-31"] * 10 + ["soon"])


@pytest.mark.parametrize(
    "cells",
    [
        column([1.5, None], pa.float32()),
        column([1.5, float("nan")]),
        column([decimal.Decimal("1.5"), None]),
        column(["1.5", None]),
        column(["1.5", None]).dictionary_encode(),
        column(["1.5", None], pa.large_string()),
    ],
)
def test_numbers_of_any_type(cells):
    assert as_numbers("x", cells).to_pylist() == [1.5, None]


def test_large_integers_are_rounded_as_numbers_are():
    assert as_numbers("x", column([2**60 + 1])).to_pylist() == [2.0**60]


def test_booleans_and_texts_of_any_type():
    assert as_booleans("x", column([0, 1, None])).to_pylist() == [False, True, None]
    assert as_booleans("x", column(["True", None])).to_pylist() == [True, None]
    assert as_texts("x", column([1, None])).to_pylist() == ["1", None]
    assert as_texts("x", column([True, None])).to_pylist() == ["true", None]
    assert as_times("x", column([datetime.date(2024, 1, 1)])).to_pylist() == [datetime.datetime(2024, 1, 1)]


@pytest.mark.parametrize(
    ("convert", "cells", "says"),
    [
        (as_numbers, column([NOON]), r"holds timestamp\[us\] where numbers are needed"),
        (as_times, column([1]), "holds int64 where dates are needed"),
        (as_times, column([datetime.time(1)]), "where dates are needed"),
        (as_texts, column([1.5]), "holds double where text is needed"),
        (as_booleans, column([0, 2]), "row 2, column 'x': neither true nor false"),
    ],
)
def test_row_67_columns_of_another_type(convert, cells, says):
    with pytest.raises(TableError, match=says):
        convert("x", cells)


def test_typed_leaves_declared_types_alone():
    columns = pa.table({"day": [datetime.date(2024, 1, 1)], "kind": column(["1"]).dictionary_encode()})
    assert typed(columns).equals(columns)
    assert np.isfinite(typed(pa.table({"x": [1, 2]}))["x"].to_numpy()).all()
