"""``dxent fit``: what it prints, and what it says of a mistake."""

import json
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
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dxent import load
from dxent.cli.main import run
from dxent.estimators import tables
from dxent.estimators.selection import CANDIDATES


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
    expected = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, tol=1e-10, max_iter=10_000))
    expected.fit(X, y)
    baseline = DummyClassifier(strategy="prior").fit(X, y)
    for place, model in [(0, expected), (-1, baseline)]:
        accuracy = float(re.search(r"^  accuracy +(.+)", out, re.MULTILINE).group(1).split()[place])
        loss = float(re.search(r"^  log-loss, nats +(.+)", out, re.MULTILINE).group(1).split()[place])
        assert accuracy == pytest.approx(model.score(X_test, y_test), abs=1e-4)
        assert loss == pytest.approx(log_loss(y_test, model.predict_proba(X_test)), abs=1e-4)


def test_the_objective_is_mean_loss_plus_penalty(call):
    _, out, _ = call("fit", "iris", "--test-size", "0", "--no-standardize")
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
    assert "150 rows, target 'kind' with 3 classes\n  0 50, 1 50, 2 50\n  columns: 4 numeric;" in out


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


def test_row_91_an_interrupted_fit_is_kept_and_says_how_far_it_got(call, tmp_path, monkeypatch, capsys):
    class Interrupted(tables.LogisticRegression):
        def fit(self, X, y, weight, **named):
            self.set_params(max_iter=3)
            super().fit(X, y, weight, **named)
            raise KeyboardInterrupt

    monkeypatch.setattr(tables, "LogisticRegression", Interrupted)
    path = tmp_path / "half.dxent"
    with pytest.raises(KeyboardInterrupt):
        run(["fit", "iris", "--tol", "0", "-o", str(path)])
    said = capsys.readouterr().err
    assert said.startswith("dxent: stopped")
    assert f"it is kept in {str(path)!r}" in said
    assert load(path).optimality_.certified is False


def test_a_model_file_is_written_and_not_overwritten(call, tmp_path):
    path = tmp_path / "iris.dxent"
    code, out, _ = call("fit", "iris", "-o", path)
    assert code == 0
    assert out.endswith(f"The model is in {path}; dxent predict uses it.\n")
    before = path.read_bytes()
    code, _, err = call("fit", "iris", "-o", path, "--C", "2")
    assert code == 2
    assert "exists already: name another file, or overwrite it (--force)" in err
    assert path.read_bytes() == before
    assert call("fit", "iris", "-o", path, "--C", "2", "--force")[0] == 0
    assert load(path).C_ == 2.0


def test_json_is_the_report(call):
    code, out, err = call("fit", "iris", "--json")
    assert (code, err) == (0, "")
    content = json.loads(out)
    assert content["proof"]["certified"] is True
    assert content["data"]["kinds"] == {"numeric": 4}


MIXED = "id,n,c,w,label\n" + "".join(
    f"name {row},{'' if row % 7 == 0 else row % 5},{'uvw'[row % 3]},{1 + row % 2},{'ab'[row % 11 < 4]}\n"
    for row in range(200)
)


def test_a_table_of_many_kinds_with_weights_and_a_test_file(call, write):
    table, other = write(MIXED), write("label,n,c,w\na,,u,1\nb,3,new,2\n", "test.csv")
    words = ["fit", table, "--target", "label", "--drop", "id", "--weight", "w", "--test", other]
    code, out, err = call(*words, "--json")
    assert (code, err) == (0, "")
    content = json.loads(out)
    assert content["data"]["kinds"] == {"numeric": 1, "categorical": 1}
    assert content["fitted_rows"] == 200
    assert content["held_out"]["rows"] == 2


def test_weights_are_rows_repeated(call, write):
    lines = MIXED.splitlines()
    # complete in n: the median of the filled rows does not know of weights
    rows = [line for line in lines[1:] if ",," not in line]
    twice = [line for line in rows for _ in range(int(line.split(",")[3]))]
    weighted = write("\n".join([lines[0], *rows]))
    repeated = write("\n".join([lines[0], *twice]), "twice.csv")
    common = ["--target", "label", "--drop", "id", "--test-size", "0", "--json"]
    _, first, _ = call("fit", weighted, *common, "--weight", "w")
    _, second, _ = call("fit", repeated, *common, "--drop", "w")
    objectives = [json.loads(out)["proof"]["objective"] for out in (first, second)]
    assert objectives[0] == pytest.approx(objectives[1], rel=1e-9)


def test_held_out_rows_with_missing_values_where_the_others_have_none(call, write):
    train, other = write("x,label\n" + "1,a\n2,b\n" * 10), write("x,label\n,a\n2,b\n", "test.csv")
    code, out, err = call("fit", train, "--target", "label", "--test", other)
    assert code == 0
    assert "Held out: 2 rows" in out
    assert err.startswith("dxent: warning: column 'x' was complete in the training rows")
    assert err.count("\n") == 1


def test_scores_that_are_not_numbers_can_be_written(call, write, tmp_path):
    train, other = write("x,label\n" + "1,a\n2,b\n" * 10), write("x,label\n1,a\n1,a\n", "test.csv")
    words = ["fit", train, "--target", "label", "--test", other, "-o", tmp_path / "m.dxent"]
    code, out, err = call(*words, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["held_out"]["model"]["auc"] is None
    assert "  auc: nan\n" in call("inspect", tmp_path / "m.dxent")[1]


def test_words_of_a_text_column(call, write):
    texts = ["good film", "bad film", "very good", "very bad indeed"] * 30
    path = write("text,label\n" + "".join(f"{text},{int('good' in text)}\n" for text in texts))
    code, out, _ = call("fit", path, "--target", "label", "--text", "text", "--json")
    assert code == 0
    assert json.loads(out)["held_out"]["model"]["accuracy"] == 1.0


def test_c_can_be_chosen_by_cross_validation(call):
    code, out, _ = call("fit", "wine", "--C", "auto", "--json")
    assert code == 0
    assert json.loads(out)["C"] in CANDIDATES


def test_a_column_that_tells_the_label_is_noted(call, write):
    rows = "".join(f"{row % 7},{'yes' if row % 3 else 'no'},{int(row % 3 > 0)}\n" for row in range(200))
    _, out, _ = call("fit", write("x,alive,label\n" + rows), "--target", "label")
    assert "Note: column 'alive' alone tells 'label' of every row" in out
    assert "column 'x'" not in out


def test_labels_cannot_steer_the_terminal(call, write):
    hostile = "\x1b[31mred\u202e"
    rows = "".join(f"{x},{hostile if x % 3 else 'plain'}\n" for x in range(40))
    code, out, _ = call("fit", write("x,label\n" + rows), "--target", "label")
    assert code == 0
    assert r"'\x1b[31mred\u202e' 26" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("labels", "words", "says"),
    [
        (np.linspace(0, 1, 30), ["--target", "y"], "the target 'y' has 30 different values in 30 rows"),
        (["u"] * 30, ["--target", "y"], "all 30 rows of"),
        (["u", "v"] * 15, [], "name the column of labels: --target COLUMN"),
        (["u", "v"] * 15, ["--target", "Y"], "has no column 'Y': did you mean 'y'?"),
    ],
)
def test_a_target_that_cannot_be_one(call, write, labels, words, says):
    path = write("x,y\n" + "".join(f"{x % 7},{label}\n" for x, label in enumerate(labels)))
    code, out, err = call("fit", path, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err


MISTAKES = [
    (["fit"], "Missing argument 'DATA'"),
    (["fti", "iris"], "No such command 'fti'"),
    (["fit", "iris", "--seeed", "1"], "No such option"),
    (["fit", "iris", "--C", "much"], "'much' is neither a number nor auto"),
    (["fit", "iris", "--C", "0"], "C must be a positive number"),
    (["fit", "iris", "--C", "nan"], "C must be a positive number"),
    (["fit", "iris", "--tol", "-1"], "tol must be"),
    (["fit", "iris", "--solver", "magic"], "solver must be one of 'auto'"),
    (["fit", "iris", "--test-size", "1"], "1.0 is not in the range"),
    (["fit", "iris", "--test-size", "0.01"], "at least one row for each of 3 classes"),
    (["fit", "iris", "--target", "petal"], "the target of iris is 'species': leave out --target"),
    (["fit", "iris", "--drop", "petal"], "--drop: 'iris' has no column 'petal'"),
    (["fit", "iris", "--text", "petal"], "there is no column 'petal'"),
    (["fit", "iris", "--weight", "petal"], "--weight: 'iris' has no column 'petal'"),
    (["fit", "iris", "-o", "no/such/directory/m"], "there is no directory 'no/such/directory'"),
    (["fit", "iris", "-o", "."], "'.' is a directory"),
    (["fit", "irs"], "'irs' is neither a file nor a bundled data set (iris, wine, digits, breast_cancer)"),
    (["fit", __file__], "is of no known kind: the extension must be"),
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
        ("1,a\n2,a\n", "all 2 rows of"),
        ("1,a\n2,a\n3,b\n", "class 'b' has a single row"),
        ("1,a\n2,oops\n3,\n", "column 'label'"),
        ("1,a\n" * 20 + "x,b\n", "row 21, column 'x': 'x' where a number is needed"),
        ("1e200,a\n-1e200,b\n2,a\n3,b\n", "row 1, column 'x': not a finite number, or one beyond 1e+100"),
    ],
)
def test_a_table_that_cannot_be_fitted(call, write, rows, says):
    path = write("x,label\n" + rows)
    code, out, err = call("fit", path, "--target", "label", "--test-size", "0.5")
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ("1,-1,1,1", "row 2 of 'w' is -1"),
        ("1,,1,1", "row 2 of 'w' is missing"),
        ("a,b,c,d", "a number is needed"),
        ("1,0,1,0", "class 'b'"),
    ],
)
def test_row_42_weights_that_are_none(call, write, weights, says):
    lines = [f"{row % 3},{w},{'ab'[row % 2]}" for row, w in enumerate(weights.split(","))]
    path = write("\n".join(["x,w,label", *lines]))
    code, out, err = call("fit", path, "--target", "label", "--weight", "w", "--test-size", "0")
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_a_test_file_with_other_labels_or_without_a_column(call, write):
    train = write("x,label\n" + "1,a\n2,b\n" * 10)
    code, _, err = call("fit", train, "--target", "label", "--test", write("x,label\n1,c\n", "other.csv"))
    assert code == 2
    assert "has labels that" in err
    assert "such as 'c'" in err
    code, _, err = call("fit", train, "--target", "label", "--test", write("y,label\n1,a\n", "less.csv"))
    assert code == 2
    assert "less.csv': there is no column 'x'" in err


def test_labels_of_a_test_file_are_read_as_those_of_the_table(call, write):
    train = write("x,label\n" + "1,1\n2,x\n" * 10)
    code, out, _ = call("fit", train, "--target", "label", "--test", write("x,label\n1,1\n", "other.csv"))
    assert code == 0
    assert "Held out: 1 rows" in out


def test_free_text_is_refused_with_advice(call, write):
    path = write("name,label\n" + "".join(f"name {row},{'ab'[row % 2]}\n" for row in range(100)))
    code, _, err = call("fit", path, "--target", "label")
    assert code == 2
    assert "leave it out (--drop 'name'), or count its words (--text 'name')" in err
