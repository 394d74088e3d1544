"""Reading tables: what comes out of a good file, and the one sentence a bad one gets."""

import datetime
import sys

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from dxent.data.readers import read_table
from dxent.data.table import TableError


@pytest.fixture
def write(tmp_path):
    def write_file(content, name="data.csv"):
        path = tmp_path / name
        if isinstance(content, pa.Table):
            parquet.write_table(content, path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


GOOD = "width,kind,height\n1,red,2.5\n-3e2,blue,4\n"


def test_columns_matrix_and_labels(write):
    table = read_table(write(GOOD), "kind")
    assert table.columns == ("width", "height")
    assert table.target == "kind"
    assert table.source.endswith("data.csv")
    assert table.X.flags.c_contiguous
    np.testing.assert_array_equal(table.X, [[1, 2.5], [-300, 4]])
    assert table.labels.tolist() == ["red", "blue"]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (GOOD.encode("utf-8-sig"), "byte_order_mark.csv"),
        (GOOD.replace("\n", "\r\n"), "windows.csv"),
        (GOOD.rstrip("\n"), "no_last_newline.csv"),
        (GOOD.replace(",", "\t"), "tabs.TSV"),
        (GOOD.replace("red", '"red"'), "quotes.csv"),
        (GOOD.replace("\n1,", "\n\n 1 ,"), "blanks.csv"),
    ],
)
def test_the_same_table_however_written(write, content, name):
    table = read_table(write(content, name), "kind")
    np.testing.assert_array_equal(table.X, [[1, 2.5], [-300, 4]])
    assert table.labels.tolist() == ["red", "blue"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["10", "9", "-1"], [10, 9, -1]),
        (["01", "1", "2"], ["01", "1", "2"]),
        (["1", "1.0", "2"], ["1", "1.0", "2"]),
        (["NA", "nan", "x"], ["NA", "nan", "x"]),
        (["true", "false", "true"], ["true", "false", "true"]),
        ([" a", "a", '"a, b"'], [" a", "a", "a, b"]),
        (["9999999999999999999", "1", "2"], ["9999999999999999999", "1", "2"]),
        (["\u00e9", "e\u0301", '"two\nlines"'], ["\u00e9", "e\u0301", "two\nlines"]),
    ],
)
def test_row_65_labels_of_a_text_file_are_kept_as_written(write, written, read):
    lines = "".join(f"1,{label}\n" for label in written)
    assert read_table(write("x,label\n" + lines), "label").labels.tolist() == read


def test_a_number_after_the_first_megabyte_of_whole_numbers(write):
    table = read_table(write("x,label\n" + "1,a\n" * 400_000 + "1.5,b\n"), "label")
    assert table.X[-1, 0] == 1.5


def test_parquet_types(write):
    columns = {
        "int": pa.array([1, 2**60 + 1, 3], pa.int64()),
        "bool": pa.array([True, False, True]),
        "single": pa.array([1.5, 2.5, 3.5], pa.float32()),
        "label": pa.array(["b", "a", "b"]).dictionary_encode(),
    }
    table = read_table(write(pa.table(columns), "data.parquet"), "label")
    assert table.X.dtype == np.float64
    np.testing.assert_array_equal(table.X, [[1, 1, 1.5], [2.0**60, 0, 2.5], [3, 1, 3.5]])
    assert table.labels.tolist() == ["b", "a", "b"]


def test_float32_throughout_stays_float32(write):
    columns = {"x": pa.array([1, 2], pa.float32()), "y": pa.array([1, 2], pa.float32()), "label": [0, 1]}
    assert read_table(write(pa.table(columns), "data.parquet"), "label").X.dtype == np.float32


@pytest.mark.parametrize("labels", [[True, False], [3, 5], [1.0, 2.0], ["", "a"]])
def test_parquet_labels_keep_their_type(write, labels):
    table = read_table(write(pa.table({"x": [1, 2], "label": labels}), "data.parquet"), "label")
    assert table.labels.tolist() == labels
    assert table.labels.dtype.kind in "Uib"


BAD_TEXT = [
    # row of the table of bad inputs, content, what the sentence says
    (73, "", ["is empty"]),
    (73, "x,label\n", ["has a header but no rows"]),
    (73, GOOD.encode("utf-16"), ["is UTF-16", "UTF-8"]),
    (73, "x,label\n1,a\n2,b\0\n", ["line 3", "NUL"]),
    (73, "x,la\0bel\n1,a\n", ["line 1", "NUL"]),
    (73, "x,label\n1,a\n2,\u00e9\n".encode("latin-1"), ["line 3", "not UTF-8"]),
    (74, "x,label\n1,a\n2\n", ["line 3", "1 values where the header has 2 columns"]),
    (74, "x,label\n1,a\n2,b,c\n", ["line 3", "3 values where the header has 2 columns"]),
    (74, 'x,label\n1,"a\n2,b\n', ["line 3", "a quote is never closed"]),
    (74, f"x,label\n1,a\n{'9' * 200_000}x,b\n", ["line 3", "field limit"]),
    (75, "x,x,label\n1,2,a\n", ["more than one column named 'x'"]),
    (75, "x,,label\n1,2,a\n", ["column 2 has no name"]),
    (75, "label\na\n", ["no column besides the target 'label'"]),
    (75, "x,Lable\n1,a\n", ["no column 'label'", "did you mean 'Lable'?"]),
    (75, "a,b\n1,2\n", ["no column 'label'", "its columns are 'a', 'b'"]),
    (76, "x,label\n1,a\n1e999,b\n", ["row 2", "column 'x'", "beyond 1e+100"]),
    (54, "x,label\n1,a\n-2e100,b\n", ["row 2", "column 'x'", "scale the column"]),
    (76, "x,label\ninf,a\n1,b\n", ["row 1", "column 'x'", "not a finite number"]),
    (76, "x\u202e,label\n1,a\n0x10,b\n", ["line 3", r"column 'x\u202e' has '0x10' where a number is needed"]),
    (76, "x,label\n1_000,a\n", ["line 2", "'1_000'"]),
    (76, "x,label\n\uff11,a\n", ["line 2", "'\uff11'"]),
    (76, "x,label\n\v1,a\n", ["column #0", "invalid value"]),  # a number to Python, not to Arrow
    (73, f"{'x' * 200_000},label\n1,a\n", ["line 1", "field limit"]),
    (76, 'x,label\n"1,5",a\n', ["line 2", "'1,5'", "encode it as numbers"]),
    (76, "x,z,label\n1,NA,a\n,2,b\n", ["2 values are missing", "row 1, column 'z'"]),
    (76, "x,label\n1,a\n2,\n", ["1 value is missing", "row 2, column 'label'"]),
    (77, "x,label\n" + "1,a\n" * 400_000 + "oops,b\n", ["line 400002", "'oops'"]),
]


@pytest.mark.parametrize(
    ("content", "says"),
    [pytest.param(content, says, id=f"row_{row}_{says[-1]}") for row, content, says in BAD_TEXT],
)
def test_bad_text(write, content, says):
    with pytest.raises(TableError) as caught:
        read_table(write(content), "label")
    sentence = str(caught.value)
    assert "data.csv'" in sentence
    assert "\n" not in sentence
    assert [words for words in says if words not in sentence] == []


NOTHING = pa.array([], pa.int64())
CATEGORIES = pa.array(["a", "b"]).dictionary_encode()
DAYS = [datetime.date(2000, 1, 1), datetime.date(2000, 1, 2)]

BAD_PARQUET = [
    (b"PAR1 but not really", "cannot be read as Parquet"),
    (b"", "cannot be read as Parquet"),
    ({"x": NOTHING, "label": NOTHING}, "no rows"),
    ({"x": [1, 2], "city": ["a", "b"], "label": [0, 1]}, "column 'city' holds text: only numeric columns"),
    ({"city": CATEGORIES, "label": [0, 1]}, "column 'city' holds categories"),
    ({"day": DAYS, "label": [0, 1]}, "column 'day' holds date32"),
    ({"x": [1.0, float("nan")], "label": [0, 1]}, "1 value is missing, the first in row 2, column 'x'"),
    ({"x": [1, None], "label": [None, 1]}, "2 values are missing, the first in row 1, column 'label'"),
    ({"x": [1.0, float("inf")], "label": [0, 1]}, "not a finite number"),
    ({"x": [1, 2], "label": [0.5, 1.0]}, "such as 0.5: labels must be text"),
    ({"x": [1, 2], "label": DAYS}, "labels must be text"),
]


@pytest.mark.parametrize(("content", "says"), BAD_PARQUET)
def test_bad_parquet(write, content, says):
    path = write(pa.table(content) if isinstance(content, dict) else content, "data.parquet")
    with pytest.raises(TableError) as caught:
        read_table(path, "label")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_damaged_parquet_file(write):
    path = write(pa.table({"x": list(range(1000)), "label": [0, 1] * 500}), "data.parquet")
    content = bytearray(path.read_bytes())
    content[4:400] = bytes(396)
    path.write_bytes(content)
    with pytest.raises(TableError, match="cannot be read as Parquet"):
        read_table(path, "label")


def test_a_truncated_parquet_file(write):
    path = write(pa.table({"x": list(range(1000)), "label": [0, 1] * 500}), "data.parquet")
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(TableError, match="cannot be read as Parquet"):
        read_table(path, "label")


def test_no_such_file_a_directory_an_unknown_kind(tmp_path, write):
    with pytest.raises(TableError, match="there is no file"):
        read_table(tmp_path / "none.csv", "label")
    with pytest.raises(TableError, match="is a directory"):
        read_table(tmp_path, "label")
    with pytest.raises(TableError, match=r"extension must be \.csv, \.tsv, \.parquet"):
        read_table(write("x,label\n1,a\n", "data.xlsx"), "label")


def test_a_name_that_the_system_refuses():
    with pytest.raises(TableError, match=r"cannot be read: File name too long|there is no file"):
        read_table("x" * 300 + ".csv", "label")


def test_without_pyarrow(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'dxent\[cli\]'"):
        read_table(write(GOOD), "kind")


def test_real_tables(shared_data):
    beans = read_table(shared_data("drybean.parquet"), "Class")
    assert beans.X.shape == (13611, 16)
    assert len(np.unique(beans.labels)) == 7
