"""``dxent predict`` and ``dxent inspect``."""

import csv
import io
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import dxent
from dxent.cli.main import run
from dxent.estimators import TableClassifier


@pytest.fixture
def call(capfdbinary):
    def call_with(*words):
        code = run([str(word) for word in words])
        sys.stdout.flush()
        streams = capfdbinary.readouterr()
        return code, streams.out.decode(), streams.err.decode()

    return call_with


COLUMNS = {
    "x": [float(row % 13) for row in range(90)],
    "kind": ["uvw"[row % 3] for row in range(90)],
    "hole": [None if row % 5 == 0 else row % 7 for row in range(90)],
}
LABELS = ["=1+1", "-2", "plain"]


@pytest.fixture
def model(tmp_path):
    y = np.array([LABELS[(row * row + row // 7) % 3] for row in range(90)])
    fitted = TableClassifier(target="word").fit(pa.table(COLUMNS), y)
    dxent.save(fitted, tmp_path / "model.dxent")
    return fitted


@pytest.fixture
def files(tmp_path, model):
    parquet.write_table(pa.table({"extra": range(90), **COLUMNS}), tmp_path / "data.parquet")
    return tmp_path / "model.dxent", tmp_path / "data.parquet"


def rows_of(text):
    return list(csv.reader(io.StringIO(text)))


def test_labels_and_probabilities(call, files, model, tmp_path):
    code, out, err = call("predict", *files, "-o", tmp_path / "out.csv", "--raw-csv")
    assert (code, out, err) == (0, "", "")
    header, *rows = rows_of((tmp_path / "out.csv").read_text(encoding="utf-8"))
    assert header == ["predicted word", *(f"probability of {label}" for label in sorted(LABELS))]
    table = pa.table(COLUMNS)
    assert [row[0] for row in rows] == model.predict(table).tolist()
    np.testing.assert_array_equal(
        np.array([row[1:] for row in rows], dtype=float), model.predict_proba(table)
    )


def test_standard_output_without_a_file(call, files):
    code, out, err = call("predict", *files)
    assert (code, err) == (0, "")
    assert len(rows_of(out)) == 91


def test_text_files_and_parquet_give_the_same(call, files, tmp_path):
    lines = [
        "kind,hole,x",
        *(f"{k},{'' if h is None else h},{x}" for x, k, h in zip(*COLUMNS.values(), strict=True)),
    ]
    (tmp_path / "data.csv").write_text("\n".join(lines), encoding="utf-8")
    assert call("predict", files[0], tmp_path / "data.csv") == call("predict", *files)


def test_row_87_labels_like_formulas_are_guarded_unless_it_is_not_wanted(call, files):
    guarded = {row[0] for row in rows_of(call("predict", *files)[1])[1:]}
    raw = {row[0] for row in rows_of(call("predict", *files, "--raw-csv")[1])[1:]}
    assert raw == set(LABELS)
    assert guarded == {"'=1+1", "'-2", "plain"}


def test_row_87_numbers_are_no_formulas(call, tmp_path):
    fitted = TableClassifier().fit(pa.table({"x": range(20)}), np.repeat([-1, 1], 10))
    dxent.save(fitted, tmp_path / "m.dxent")
    (tmp_path / "data.csv").write_text("x\n1\n19\n", encoding="utf-8")
    rows = rows_of(call("predict", tmp_path / "m.dxent", tmp_path / "data.csv")[1])
    assert [row[0] for row in rows[1:]] == ["-1", "1"]


def test_row_63_a_missing_column_is_named(call, files, tmp_path):
    (tmp_path / "data.csv").write_text("kind,X\nu,1\n", encoding="utf-8")
    code, out, err = call("predict", files[0], tmp_path / "data.csv")
    assert (code, out) == (2, "")
    assert "data.csv': there is no column 'x', 'hole': the model needs them" in err
    assert err.count("\n") == 1


def test_a_missing_value_where_there_was_none_is_told(call, files, tmp_path):
    (tmp_path / "data.csv").write_text("kind,x,hole\nnew,,1\n", encoding="utf-8")
    code, out, err = call("predict", files[0], tmp_path / "data.csv")
    assert code == 0
    assert len(rows_of(out)) == 2
    assert err.startswith("dxent: warning: column 'x' was complete in the training rows: 1 missing value")


def test_row_85_outputs_that_are_refused(call, files, tmp_path):
    model_file, data = files
    taken = tmp_path / "taken.csv"
    taken.write_text("mine", encoding="utf-8")
    for output, says in [
        (taken, "exists already"),
        (tmp_path, "is a directory"),
        (tmp_path / "no" / "out.csv", "there is no directory"),
    ]:
        code, _, err = call("predict", model_file, data, "-o", output)
        assert (code, says in err, err.count("\n")) == (2, True, 1)
    for output in files:
        before = output.read_bytes()
        code, _, err = call("predict", model_file, data, "-o", output, "--force")
        assert code == 2
        assert "is what is read: name another file" in err
        assert output.read_bytes() == before
    assert taken.read_text(encoding="utf-8") == "mine"
    assert call("predict", model_file, data, "-o", taken, "--force")[0] == 0


def test_mistakes_are_one_sentence(call, files, tmp_path):
    arrays = tmp_path / "arrays.dxent"
    dxent.save(dxent.LogisticRegression().fit([[0.0], [1.0]], [0, 1]), arrays)
    for words, says in [
        ((tmp_path / "none", files[1]), "none' cannot be read: No such file"),
        ((files[1], files[1]), "was not written by dxent"),
        ((files[0], tmp_path / "none.csv"), "there is no file"),
        ((arrays, files[1]), "was fitted to arrays, not to a table"),
    ]:
        code, out, err = call("predict", *words)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert says in err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no broken pipes")
def test_row_90_a_reader_that_went_away(files):
    reader, writer = os.pipe()
    os.close(reader)
    words = [sys.executable, "-m", "dxent", "predict", *map(str, files)]
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_neither_scikit_learn_nor_scipy_is_loaded(files, tmp_path):
    words = ["predict", *map(str, files), "-o", str(tmp_path / "out.csv")]
    program = (
        f"import sys\nfrom dxent.cli.main import run\ncode = run({words!r})\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(code, *loaded & {'sklearn', 'scipy', 'matplotlib', 'rich'})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_inspect_shows_what_is_in_a_file(call, files):
    code, out, err = call("inspect", files[0], "--largest", "2")
    assert (code, err) == (0, "")
    assert "Predicts 'word', one of 3 classes: '-2', '=1+1', 'plain'" in out
    assert "  'hole': numeric\n" in out
    assert "  certified: True\n" in out
    assert len(out.partition("Largest coefficients")[2].splitlines()) == 4


def test_row_88_inspect_cannot_be_steered_by_a_file(call, tmp_path):
    hostile = "\x1b[31m<script>\u202e"
    fitted = TableClassifier(target=hostile).fit(
        pa.table({hostile: range(20)}), np.repeat(["a", hostile], 10)
    )
    dxent.save(fitted, tmp_path / "m.dxent")
    code, out, _ = call("inspect", tmp_path / "m.dxent")
    assert code == 0
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_inspect_of_a_model_of_arrays_and_of_no_model(call, tmp_path, files):
    dxent.save(dxent.LogisticRegression().fit([[0.0], [1.0]], [0, 1]), tmp_path / "m.dxent")
    code, out, _ = call("inspect", tmp_path / "m.dxent")
    assert code == 0
    assert "from arrays of 1 features" in out
    assert "feature 0" in out
    assert call("inspect", files[1])[0] == 2
