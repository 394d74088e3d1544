"""Reading tables: what comes out of a good file, and the one sentence a bad one gets."""

import datetime
import pickle
import sys

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from dxent.data import parquet as our_parquet
from dxent.data import readers
from dxent.data.cells import typed
from dxent.data.readers import read_columns, read_frame
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


def test_columns_and_labels(write):
    frame = read_frame(write(GOOD), "kind")
    assert frame.columns.to_pydict() == {"width": ["1", "-3e2"], "height": ["2.5", "4"]}
    assert frame.target == "kind"
    assert frame.source.endswith("data.csv")
    assert frame.labels.tolist() == ["red", "blue"]


def test_columns_alone(write):
    columns = read_columns(write(GOOD))
    assert columns.column_names == ["width", "kind", "height"]
    assert columns["kind"].to_pylist() == ["red", "blue"]


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
    frame = read_frame(write(content, name), "kind")
    assert typed(frame.columns).to_pydict() == {"width": [1.0, -300.0], "height": [2.5, 4.0]}
    assert frame.labels.tolist() == ["red", "blue"]


def test_rows_can_be_taken(write):
    frame = read_frame(write(GOOD), "kind").take(np.array([1]))
    assert frame.columns["height"].to_pylist() == ["4"]
    assert frame.labels.tolist() == ["blue"]


@pytest.mark.parametrize("spelling", ["", "NA", "nan", "NaN", "null", "NULL", "N/A", "#N/A", " NA ", "?"])
def test_row_76_spellings_of_a_missing_cell(write, spelling):
    frame = read_frame(write(f"x,label\n1,a\n{spelling},b\n"), "label")
    assert frame.columns["x"].to_pylist() == ["1", None]


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
    assert read_frame(write("x,label\n" + lines), "label").labels.tolist() == read


def test_parquet_keeps_its_types(write):
    columns = {
        "int": pa.array([1, 2**60 + 1, 3], pa.int64()),
        "bool": pa.array([True, False, None]),
        "text": pa.array(["u", "v", "u"], pa.large_string()),
        "label": pa.array(["b", "a", "b"]).dictionary_encode(),
    }
    frame = read_frame(write(pa.table(columns), "data.parquet"), "label")
    assert [str(kind) for kind in frame.columns.schema.types[:2]] == ["int64", "bool"]
    assert pa.types.is_dictionary(frame.columns["text"].type)
    assert frame.labels.tolist() == ["b", "a", "b"]


@pytest.mark.parametrize("labels", [[True, False], [3, 5], [1.0, 2.0], ["", "a"]])
def test_parquet_labels_keep_their_type(write, labels):
    frame = read_frame(write(pa.table({"x": [1, 2], "label": labels}), "data.parquet"), "label")
    assert frame.labels.tolist() == labels
    assert frame.labels.dtype.kind in "Uib"


BAD_TEXT = [
    # row of the table of bad inputs, content, what the sentence says
    (73, "", ["is empty"]),
    (73, "x,label\n", ["has a header but no rows"]),
    (73, GOOD.encode("utf-16"), ["is UTF-16", "UTF-8"]),
    (73, "x,label\n1,a\n2,b\0\n", ["line 3", "NUL"]),
    (73, "x,la\0bel\n1,a\n", ["line 1", "NUL"]),
    (73, "x,label\n1,a\n2,\u00e9\n".encode("latin-1"), ["line 3", "not UTF-8"]),
    (73, f"{'x' * 200_000},label\n1,a\n", ["line 1", "field limit"]),
    (73, "1,a\n2,b\n", ["no column 'label'", "its columns are '1', 'a'"]),  # no header
    (74, "x,label\n1,a\n2\n", ["line 3", "1 values where the header has 2 columns"]),
    (74, "x,label\n1,a\n2,b,c\n", ["line 3", "3 values where the header has 2 columns"]),
    (74, 'x,label\n1,"a\n2,b\n', ["line 3", "a quote is never closed"]),
    (74, f"x,label\n1,a\n{'9' * 3_000_000},b\n", ["line 3", "field limit"]),
    (75, "x,x,label\n1,2,a\n", ["more than one column named 'x'"]),
    (75, "x,,label\n1,2,a\n", ["column 2 has no name"]),
    (75, "label\na\n", ["no column besides the target 'label'"]),
    (75, "x,Lable\n1,a\n", ["no column 'label'", "did you mean 'Lable'?"]),
    (75, "a,b\n1,2\n", ["no column 'label'", "its columns are 'a', 'b'"]),
    (65, "x,label\n1,a\n2,\n", ["1 label is missing", "row 2, column 'label'"]),
]


@pytest.mark.parametrize(
    ("content", "says"),
    [pytest.param(content, says, id=f"row_{row}_{says[-1]}") for row, content, says in BAD_TEXT],
)
def test_bad_text(write, content, says):
    with pytest.raises(TableError) as caught:
        read_frame(write(content), "label")
    sentence = str(caught.value)
    assert "data.csv'" in sentence
    assert "\n" not in sentence
    assert [words for words in says if words not in sentence] == []


def test_row_74_a_million_columns(write, monkeypatch):
    monkeypatch.setattr(readers, "MOST_COLUMNS", 3)
    with pytest.raises(TableError, match="has 4 columns, more than 3"):
        read_frame(write("a,b,c,d\n1,2,3,4\n"), "d")


DAYS = [datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)]
BAD_PARQUET = [
    (b"PAR1 is not enough", "cannot be read as Parquet"),
    (b"", "cannot be read as Parquet"),
    ({"x": [1, None], "label": [None, 1]}, "1 label is missing, the first in row 1, column 'label'"),
    ({"x": [1, 2], "label": [0.5, 1.0]}, "such as 0.5: labels must be text"),
    ({"x": [1, 2], "label": DAYS}, "labels must be text"),
]


@pytest.mark.parametrize(("content", "says"), BAD_PARQUET)
def test_row_79_bad_parquet(write, content, says):
    path = write(pa.table(content) if isinstance(content, dict) else content, "data.parquet")
    with pytest.raises(TableError) as caught:
        read_frame(path, "label")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_row_79_a_damaged_parquet_file(write):
    path = write(pa.table({"x": list(range(1000)), "label": [0, 1] * 500}), "data.parquet")
    content = bytearray(path.read_bytes())
    content[4:400] = bytes(396)
    path.write_bytes(content)
    with pytest.raises(TableError, match="cannot be read as Parquet"):
        read_frame(path, "label")


def test_row_79_a_truncated_parquet_file(write):
    path = write(pa.table({"x": list(range(1000)), "label": [0, 1] * 500}), "data.parquet")
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(TableError, match="cannot be read as Parquet"):
        read_frame(path, "label")


def test_row_78_what_a_footer_claims_is_checked_before_anything_is_read(write, monkeypatch):
    path = write(pa.table({"x": np.zeros(100_000), "label": [0, 1] * 50_000}), "data.parquet")
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(our_parquet, "MOST_CELLS", 150_000)
    monkeypatch.setattr(parquet, "read_table", None)
    with pytest.raises(TableError, match="claims 100000 rows of 2 columns, more than the 150000 cells"):
        read_frame(path, "label")


def test_row_80_a_pickled_extension_type_is_not_run(write, tmp_path):
    class Payload:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    field = pa.field(
        "x",
        pa.int64(),
        metadata={
            "ARROW:extension:name": "arrow.py_extension_type",
            "ARROW:extension:metadata": pickle.dumps(Payload()),
        },
    )
    schema = pa.schema([field, pa.field("label", pa.int64())])
    path = write(pa.table([[1, 2], [0, 1]], schema=schema), "data.parquet")
    frame = read_frame(path, "label")
    assert frame.columns["x"].to_pylist() == [1, 2]
    assert not (tmp_path / "ran").exists()


def test_no_such_file_a_directory_an_unknown_kind(tmp_path, write):
    with pytest.raises(TableError, match="there is no file"):
        read_frame(tmp_path / "none.csv", "label")
    with pytest.raises(TableError, match="is a directory"):
        read_frame(tmp_path, "label")
    with pytest.raises(TableError, match=r"extension must be \.csv, \.tsv, \.parquet"):
        read_frame(write("x,label\n1,a\n", "data.xlsx"), "label")


def test_a_name_that_the_system_refuses():
    with pytest.raises(TableError, match=r"cannot be read: File name too long|there is no file"):
        read_frame("x" * 300 + ".csv", "label")


def test_without_pyarrow(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'dxent\[cli\]'"):
        read_frame(write(GOOD), "kind")
