"""``dxent fit``: what it prints, and what it says of a mistake."""

import re

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from dxent.cli import fitting
from dxent.cli.main import run


@pytest.fixture
def call(capsys):
    """Run a command in this process: exit code, standard output, standard error."""

    def call_with(*words):
        code = run([str(word) for word in words])
        streams = capsys.readouterr()
        return code, streams.out, streams.err

    return call_with


@pytest.fixture
def iris_csv(tmp_path):
    bunch = load_iris(as_frame=True)
    path = tmp_path / "iris.csv"
    bunch.frame.assign(target=bunch.target_names[bunch.target]).to_csv(path, index=False)
    return path


@pytest.fixture
def write(tmp_path):
    def write_file(content, name="data.csv"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write_file


@pytest.mark.parametrize("name", ["iris", "wine", "digits", "breast_cancer"])
def test_a_bundled_data_set_is_proved(call, name):
    code, out, err = call("fit", name)
    assert (code, err) == (0, "")
    assert f"Read {name}: " in out
    assert re.search(r"^Proved: the objective \S+ .* is within \de-\d+ \(relative\)", out, re.MULTILINE)


def test_the_scores_are_those_of_the_same_split(call):
    _, out, _ = call("fit", "iris", "--seed", "3", "--test-size", "0.4", "--C", "0.5")
    X, y = load_iris(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=60, random_state=3, stratify=y)
    expected = LogisticRegression(C=0.5, tol=1e-10, max_iter=10_000).fit(X, y)
    baseline = DummyClassifier(strategy="prior").fit(X, y)
    for name, model in [("model", expected), ("majority baseline", baseline)]:
        accuracy, loss = map(float, re.search(rf"{name} +(\S+) +(\S+)", out).groups())
        assert accuracy == pytest.approx(model.score(X_test, y_test), abs=1e-4)
        assert loss == pytest.approx(log_loss(y_test, model.predict_proba(X_test)), abs=1e-4)


def test_the_objective_is_mean_loss_plus_penalty(call):
    _, out, _ = call("fit", "iris", "--test-size", "0")
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(tol=1e-10, max_iter=10_000).fit(X, y)
    expected = log_loss(y, model.predict_proba(X)) + np.sum(model.coef_**2) / (2 * len(y))
    assert float(re.search(r"the objective (\S+)", out).group(1)) == pytest.approx(expected, rel=1e-5)


def test_a_file_gives_the_same_as_the_bundled_set(call, iris_csv):
    _, bundled, _ = call("fit", "iris", "--quiet")
    code, out, err = call("fit", iris_csv, "--target", "target", "--quiet")
    assert (code, err, out) == (0, "", bundled)
    assert out.count("\n") == 1


def test_parquet_with_integer_labels(call, tmp_path):
    X, y = load_iris(return_X_y=True)
    columns = {f"x{place}": column for place, column in enumerate(X.T)}
    parquet.write_table(pa.table({**columns, "kind": y}), tmp_path / "iris.parquet")
    code, out, err = call("fit", tmp_path / "iris.parquet", "--target", "kind")
    assert (code, err) == (0, "")
    assert "150 rows, 4 numeric columns, target 'kind' with 3 classes\n  0 50, 1 50, 2 50\n" in out


def test_all_rows_can_be_fitted(call):
    code, out, _ = call("fit", "iris", "--test-size", "0")
    assert code == 0
    assert "Fitted 150 rows" in out
    assert "Held out" not in out


def test_without_a_proof_the_exit_code_is_one_and_the_reason_is_given(call, write):
    separated = write("x,label\n" + "".join(f"{x},{'a' if x < 0 else 'b'}\n" for x in range(-20, 20)))
    code, out, err = call("fit", separated, "--target", "label", "--C", "inf", "--quiet")
    assert (code, err) == (1, "")
    assert out.startswith("Not proved optimal. ")
    assert "separated" in out


def test_a_warning_goes_to_standard_error(call, write):
    rows = "".join(f"{x},{2 * x},{'a' if x % 3 else 'b'}\n" for x in range(40))
    code, out, err = call(
        "fit", write("x,twice,label\n" + rows), "--target", "label", "--C", "inf", "--quiet"
    )
    assert code == 0
    assert out.startswith("Proved")
    assert err.startswith("dxent: warning: ")
    assert "linearly dependent" in err
    assert err.count("\n") == 1


def test_row_91_an_interrupted_fit_says_how_far_it_got(monkeypatch, capsys):
    class Interrupted(fitting.LogisticRegression):
        def fit(self, X, y):
            self.set_params(max_iter=3)
            super().fit(X, y)
            raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "LogisticRegression", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(["fit", "iris", "--tol", "0"])
    assert capsys.readouterr().err.startswith("dxent: stopped")


def test_labels_cannot_steer_the_terminal(call, write):
    hostile = "\x1b[31mred\u202e"
    rows = "".join(f"{x},{hostile if x % 3 else 'plain'}\n" for x in range(40))
    code, out, _ = call("fit", write("x,label\n" + rows), "--target", "label")
    assert code == 0
    assert r"'\x1b[31mred\u202e' 26" in out
    assert "\x1b" not in out


MISTAKES = [
    (["fit"], "Missing argument 'DATA'"),
    (["fti", "iris"], "No such command 'fti'"),
    (["fit", "iris", "--seeed", "1"], "No such option"),
    (["fit", "iris", "--C", "much"], "'much' is not a valid float"),
    (["fit", "iris", "--C", "0"], "C must be a positive number"),
    (["fit", "iris", "--C", "nan"], "C must be a positive number"),
    (["fit", "iris", "--tol", "-1"], "tol must be"),
    (["fit", "iris", "--solver", "magic"], "solver must be one of 'auto'"),
    (["fit", "iris", "--test-size", "1"], "1.0 is not in the range"),
    (["fit", "iris", "--test-size", "0.01"], "at least one row for each of 3 classes"),
    (["fit", "iris", "--target", "petal"], "the target of iris is 'species': leave out --target"),
    (["fit", "irs"], "'irs' is neither a file nor a bundled data set (iris, wine, digits, breast_cancer)"),
    (["fit", __file__], "--target COLUMN"),
    (["fit", "none.csv", "--target", "y"], "there is no file 'none.csv'"),
    (["fit", "\x1b[31m.csv", "--target", "y"], r"there is no file '\x1b[31m.csv'"),
    (["fit", "iris", "--\x1b[31m"], r"\x1b[31m"),
]


@pytest.mark.parametrize(("words", "says"), MISTAKES)
def test_a_mistake_is_one_sentence_and_exit_code_two(call, words, says):
    code, out, err = call(*words)
    assert (code, out) == (2, "")
    assert err.startswith("dxent: ")
    assert says in err
    assert err.count("\n") == 1
    assert "\x1b" not in err


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("1,a\n2,a\n", "all 2 rows of", ),
        ("1,a\n2,a\n3,b\n", "class 'b' has a single row"),
        ("1,a\n2,oops\n3,\n", "column 'label'"),
        ("1,a\nx,b\n", "column 'x' has 'x' where a number is needed"),
        ("1e200,a\n-1e200,b\n2,a\n3,b\n", "row 1, column 'x': not a finite number, or one beyond 1e+100"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_fitted(call, write, rows, says):
    path = write("x,label\n" + rows)
    code, out, err = call("fit", path, "--target", "label", "--test-size", "0.5")
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
