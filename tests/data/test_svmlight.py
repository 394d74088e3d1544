"""svmlight files: the same numbers as scikit-learn reads, and a sentence that names the line of a bad one."""

import bz2
import gzip
import json

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import random_array
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from dxent.data import svmlight
from dxent.data.readers import own_target, read_columns, read_frame
from dxent.data.schema import Schema
from dxent.data.table import TableError


@pytest.fixture
def write(tmp_path):
    def write_file(content, name="data.svm"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write_file


def encoded(frame):
    schema = Schema.learn(frame.columns, frame.target)
    return schema.encode(frame.columns), schema.features


@pytest.mark.parametrize("zero_based", [True, False])
@pytest.mark.parametrize(
    ("name", "compress"), [("a.svm", bytes), ("a.LIBSVM.gz", gzip.compress), ("a.svmlight.bz2", bz2.compress)]
)
def test_the_numbers_of_scikit_learn(write, tmp_path, zero_based, name, compress):
    rng = np.random.default_rng(0)
    X = random_array((200, 40), density=0.2, format="csr", rng=rng)
    y = rng.integers(-1, 2, size=200)
    plain = tmp_path / "plain"
    dump_svmlight_file(X, y, str(plain), zero_based=zero_based, comment="from\na test")
    frame = read_frame(write(compress(plain.read_bytes()), name), "label")
    expected, labels = load_svmlight_file(str(plain), zero_based=zero_based, n_features=40)
    matrix, names = encoded(frame)
    assert names == tuple(f"feature {j + (not zero_based)}" for j in range(40))
    np.testing.assert_array_equal(matrix.toarray(), expected.toarray())
    np.testing.assert_array_equal(frame.labels, labels)
    assert frame.labels.dtype == np.int64


def test_comments_blank_lines_and_empty_rows_are_read(write):
    path = write(b"# made by hand\n+1 3:-.5 # the first\n\n \r\n-1\r\n2.0\t7:1e2 9:0")
    matrix, names = encoded(read_frame(path, "label"))
    assert read_frame(path, "label").labels.tolist() == [1, -1, 2]
    assert names == ("feature 3", "feature 7", "feature 9")
    assert matrix.toarray().tolist() == [[-0.5, 0, 0], [0, 0, 0], [0, 100, 0]]
    assert own_target(path) == "label"


def test_rows_can_be_taken_and_unknown_features_are_left_out(write):
    frame = read_frame(write(b"1 1:1 5:2\n2 5:3\n1 2:4 900:5\n"), "label")
    schema = Schema.learn(frame.take(np.array([1, 0])).columns, "label")
    assert schema.encode(frame.columns).toarray().tolist() == [[1, 2], [0, 3], [0, 0]]
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "has no rows"),
        (b"# only this\n", "has no rows"),
        (b"1 1:2\n1 3:1 2:1\n", "line 2: index 2 comes after 3"),
        (b"# a\n1 1:2\n\n1 3:1 3:1\n", "line 4: index 3 comes after 3"),
        (b"1 1:2\n2 qid:7 1:2\n", "line 2: '2 qid:7 1:2' where"),
        (b"1,2 1:2\n", "line 1: '1,2 1:2' where"),
        (b"1 1:2:3\n", "line 1"),
        (b"1 1:2 3\n", "line 1"),
        (b"1 -1:2\n", "line 1"),
        (b"1 1: 2\n", "line 1"),
        (b"1 1:nan\n", "line 1"),
        (b"1 1:2\nx 1:2\n", "line 2: 'x 1:2' where"),
        (b"\xff\xfe1\0 \0", "line 1"),
        (b"1 1:2\n0.5 1:3\n1.5 1:2\n", "'label' holds double such as 0.5"),
    ],
)
def test_row_73_a_bad_line_is_named(write, content, sentence):
    with pytest.raises(TableError, match=sentence):
        read_frame(write(content), "label")


@pytest.mark.parametrize("value", [b"1e999", b"-1e101"])
def test_row_76_a_number_out_of_range_is_named(write, value):
    columns = read_columns(write(b"1 1:1\n2 1:1 3:%b\n" % value))
    with pytest.raises(TableError, match="row 2, column 'feature': feature 3 is not a finite number"):
        Schema.learn(columns.drop_columns(["label"]), "label")


@pytest.mark.parametrize("name", ["a.svm.gz", "a.svm.bz2"])
def test_a_damaged_archive_is_refused(write, name):
    compress = gzip.compress if name.endswith("gz") else bz2.compress
    for content in (b"no archive", compress(b"1 1:1\n" * 1000)[:-20]):
        with pytest.raises(TableError, match="cannot be decompressed"):
            read_columns(write(content, name))


@pytest.mark.parametrize("content", [bytes(1 << 17), b"1 1:1\n" * (1 << 16)], ids=["one line", "lines"])
def test_row_78_an_archive_that_explodes_is_refused(write, monkeypatch, content):
    monkeypatch.setattr(svmlight, "_LONGEST_LINE", 1 << 16)
    with pytest.raises(TableError, match=r"line \d+: too much text"):
        read_columns(write(gzip.compress(content), "bomb.svm.gz"))


def test_maps_of_another_kind_are_refused():
    maps = pa.table({"m": pa.array([[("a", 1.0)]], pa.map_(pa.string(), pa.float64()))})
    with pytest.raises(TableError, match="'m' holds map<string, double> where an svmlight"):
        Schema.learn(maps, "label")
