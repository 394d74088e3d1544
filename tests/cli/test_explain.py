"""``dxent explain``: what it prints, what it writes, and what it says of a mistake."""

import re

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris

import dxent
from dxent.cli.main import run


@pytest.fixture
def call(capsys):
    """Run a command in this process: exit code, standard output, standard error."""

    def call_with(*words):
        code = run(["explain", *map(str, words)])
        streams = capsys.readouterr()
        return code, streams.out, streams.err

    return call_with


def table(text, heading):
    """The numbers of the rows that follow a heading."""
    lines = text[text.index(heading) :].splitlines()[2:]
    rows = []
    for line in lines:
        numbers = re.findall(r" (-?\d[\w.+-]*)", line)
        if "as a picture" in line:
            return np.array(rows, dtype=float)
        rows.append(numbers)
    raise AssertionError("the table does not end")


def test_a_row_of_a_bundled_set(call):
    code, out, err = call("iris", "--row", "17")
    assert (code, err) == (0, "")
    assert out.startswith(
        "Row 17 of iris\n  Its species is 'setosa'.\n  No model was given: softmax regression "
    )
    assert "was fitted to all 150 rows on the spot.\n  Proved:" in out
    for name in (
        "1. Affine(4)",
        "2. softmax",
        "3. CrossEntropy",
        "CrossEntropy ∘ softmax  →  SoftmaxCrossEntropy",
    ):
        assert name in out
    X, y = load_iris(return_X_y=True)
    scaled = X / X.std(axis=0)  # as dxent fit does
    model = dxent.LogisticRegression().fit(scaled, y)
    expected = np.outer(model.predict_proba(scaled[16:17])[0] - [1, 0, 0], [*X[16], 1])
    np.testing.assert_allclose(table(out, "The gradient   3 × 5"), expected, rtol=5e-4)
    assert float(re.search(r"loss +(\S+) nats", out).group(1)) == pytest.approx(
        -model.predict_log_proba(scaled[16:17])[0, 0], rel=1e-6
    )
    assert float(re.search(r"in each entry to (\S+)", out).group(1)) < 1e-10
    for order in ("forward", "reverse", "chosen", "closed form"):
        assert re.search(rf"{order} +[\d,]+ multiplications", out)


def test_the_first_row_unless_another_is_named(call):
    assert call("iris")[1] == call("iris", "--row", 1)[1]


def test_two_classes_show_the_sigmoid_chain(call):
    code, out, _ = call("breast_cancer", "--row", "5")
    assert code == 0
    assert "The loss   BinaryCrossEntropy ∘ sigmoid ∘ Affine(30)" in out
    _, y = load_breast_cancer(return_X_y=True)
    assert f"Its diagnosis is '{['malignant', 'benign'][y[4]]}'; the event, t = 1, is 'malignant'" in out
    assert "The gradient   1 × 31  …" in out


def test_one_class_against_the_rest(call):
    code, out, _ = call("iris", "--row", "60", "--binary")
    assert code == 0
    assert "Its species is 'versicolor'; the event, t = 1, is 'versicolor', here t = 1." in out
    assert "logistic regression" in out
    X, y = load_iris(return_X_y=True)
    scaled = X / X.std(axis=0)
    p = dxent.LogisticRegression().fit(scaled, y == 1).predict_proba(scaled[59:60])[0, 1]
    np.testing.assert_allclose(table(out, "The gradient   1 × 5"), [(p - 1) * np.append(X[59], 1)], rtol=5e-4)


def test_a_row_of_a_file(call, tmp_path):
    bunch = load_iris(as_frame=True)
    path = tmp_path / "iris.csv"
    bunch.frame.assign(target=bunch.target_names[bunch.target]).to_csv(path, index=False)
    code, out, err = call(path, "--target", "target", "--row", "150")
    assert (code, err) == (0, "")
    bundled = call("iris", "--row", "150")[1]
    assert out.splitlines()[3:] == bundled.splitlines()[3:]
    assert "Its target is 'virginica'." in out


def test_logits_typed_in(call):
    code, out, _ = call("--logits", "1,2,5", "--label", "2")
    assert code == 0
    assert "p = 0.01715  0.04661  0.9362" in out
    np.testing.assert_allclose(
        table(out, "The gradient   1 × 3"), [[0.01714783, 0.04661262, 0.93623955 - 1]], rtol=5e-4
    )


def test_weights_typed_in(call):
    code, out, _ = call("--x=-2,2,1.6", "--W", "2,3,4;5,6,7", "--label", "0")
    assert code == 0
    assert "loss       4.8081961 nats" in out
    np.testing.assert_allclose(
        table(out, "The gradient   2 × 3"), np.outer([1, -1], [1.983675, -1.983675, -1.586940]), rtol=5e-4
    )


def test_binary_weights_typed_in(call):
    code, out, _ = call("--x", "1,2", "--W", "0.5,-1", "--label", "1", "--binary")
    assert code == 0
    residual = dxent.sigmoid(-1.5) - 1
    np.testing.assert_allclose(table(out, "The gradient   1 × 2"), [[residual, 2 * residual]], rtol=5e-4)


def test_naive_shows_what_overflows(call):
    code, out, err = call("--logits", "1000,2000,3000", "--label", "0", "--naive")
    assert (code, err) == (0, "")
    assert "e^x overflows above 709.78 in float64." in out
    assert "the loss is nan without the shift and 2000 with it" in out
    _, single, _ = call("--logits", "90,0", "--label", "0", "--naive", "--float32")
    assert "e^x overflows above 88.72 in float32." in single
    assert "Single precision" in single


def test_naive_shows_what_the_sigmoid_loses(call):
    _, out, _ = call("--logits", "40", "--label", "0", "--binary", "--naive")
    assert "the loss is inf without the shift and 40 with it" in out
    assert "4.248e-18" in out


def test_a_page(call, tmp_path):
    path = tmp_path / "out.html"
    code, out, _ = call("iris", "--row", "17", "--html", path)
    assert (code, out) == (0, f"Row 17 of iris: explained in {path}\n")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


MISTAKES = [
    ([], "explain one of DATA, --logits and --x: found none of them"),
    (["iris", "--logits", "1,2"], "found DATA and --logits"),
    (["iris", "--row", "0"], "0 is not in the range"),
    (["iris", "--row", "151"], "there is no row 151: 'iris' has 150 rows"),
    (["iris", "--label", "1"], "--label goes with --logits or --x, not with DATA"),
    (["iris", "--W", "1"], "--W goes with --x"),
    (["irs"], "neither a file nor a bundled data set"),
    (["--logits", "1,2"], "name the class that happened: --label"),
    (["--logits", "1,2", "--label", "2"], "--label 2 is none of the 2 classes, which count from 0"),
    (["--logits", "1,2;3,4", "--label", "1"], "--logits takes one row of numbers, not 2"),
    (["--logits", "1,two", "--label", "0"], "'two' is not a finite number"),
    (["--logits", "1,inf", "--label", "0"], "'inf' is not a finite number"),
    (["--logits", "1,2", "--label", "0", "--binary"], "--binary has one logit, but --logits has 2"),
    (["--logits", "1,2", "--label", "0", "--row", "1"], "--row goes with DATA"),
    (["--x", "1,2", "--label", "0"], "--x needs the weights"),
    (["--x", "1,2", "--W", "1,2,3", "--label", "0"], "--W has 3 numbers a row, but --x has 2"),
    (["--x", "1,2", "--W", "1,2;3", "--label", "0"], "rows of different lengths"),
    (["--x", "1,2", "--W", "1,2;3,4", "--label", "0", "--binary"], "--binary has one row of weights"),
    (["--logits", "1,2", "--label", "0", "--html", "/no/such/place.html"], "cannot be written: No such file"),
]


@pytest.mark.parametrize(("words", "says"), MISTAKES)
def test_a_mistake_is_one_sentence_and_exit_code_two(call, words, says):
    code, out, err = call(*words)
    assert (code, out) == (2, "")
    assert err.startswith("dxent: ")
    assert says in err
    assert err.count("\n") == 1


def test_a_table_of_one_class(call, tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("x,label\n1,a\n2,a\n")
    code, out, err = call(path, "--target", "label")
    assert (code, out) == (2, "")
    assert err.startswith("dxent: no model can be fitted: ")
    assert err.count("\n") == 1


def species(path, *kept):
    """Write iris as a file, or only some of its species."""
    frame = load_iris(as_frame=True).frame
    names = np.array(["setosa", "versicolor", "virginica"])[frame.target]
    chosen = frame.assign(target=names)[np.isin(names, kept or names)]
    chosen.to_csv(path, index=False)
    return chosen


def fit(path, model):
    assert run(["fit", str(path), "--target", "target", "-o", str(model), "--quiet"]) == 0


def test_a_row_with_a_model(call, capsys, tmp_path):
    frame = species(tmp_path / "iris.csv")
    fit(tmp_path / "iris.csv", tmp_path / "iris.dxent")
    capsys.readouterr()
    # The label column is known; its place is not the one that the model was fitted with.
    frame[frame.columns[::-1]].to_csv(tmp_path / "turned.csv", index=False)
    code, out, err = call(tmp_path / "turned.csv", "--row", "60", "--model", tmp_path / "iris.dxent")
    assert (code, err) == (0, "")
    assert (
        f"  Its target is 'versicolor'.\n  The model is that of {tmp_path / 'iris.dxent'}.\n  Proved:" in out
    )
    trained, X = dxent.load(tmp_path / "iris.dxent"), frame.drop(columns="target")
    residual = trained.predict_proba(X)[59] - [0, 1, 0]
    expected = np.outer(residual, [*X.iloc[59], 1])
    np.testing.assert_allclose(table(out, "The gradient   3 × 5"), expected, rtol=5e-4)


def test_a_model_of_two_classes_shows_the_sigmoid_chain(call, capsys, tmp_path):
    frame = species(tmp_path / "two.csv", "versicolor", "virginica")
    fit(tmp_path / "two.csv", tmp_path / "two.dxent")
    capsys.readouterr()
    code, out, _ = call(tmp_path / "two.csv", "--row", "1", "--model", tmp_path / "two.dxent", "--binary")
    assert code == 0
    assert "The loss   BinaryCrossEntropy ∘ sigmoid ∘ Affine(4)" in out
    assert "Its target is 'versicolor'; the event, t = 1, is 'virginica', here t = 0." in out
    X = frame.drop(columns="target")
    p = dxent.load(tmp_path / "two.dxent").predict_proba(X)[0, 1]
    np.testing.assert_allclose(table(out, "The gradient   1 × 5"), [p * np.append(X.iloc[0], 1)], rtol=5e-4)


def test_what_a_model_cannot_explain(call, capsys, tmp_path):
    model, two, arrays = (tmp_path / name for name in ("iris.dxent", "two.dxent", "arrays.dxent"))
    species(tmp_path / "iris.csv")
    species(tmp_path / "two.csv", "versicolor", "virginica")
    fit(tmp_path / "iris.csv", model)
    fit(tmp_path / "two.csv", two)
    dxent.save(dxent.LogisticRegression().fit([[0.0], [1.0]], [0, 1]), arrays)
    (tmp_path / "other.csv").write_text("x,target\n1,setosa\n", encoding="utf-8")
    capsys.readouterr()
    for words, says in [
        ((tmp_path / "iris.csv", "--model", two), "row 1 has the label 'setosa', which is no class of the"),
        ((tmp_path / "iris.csv", "--model", arrays), "was fitted to arrays"),
        ((tmp_path / "iris.csv", "--model", tmp_path / "none"), "none' cannot be read: No such file"),
        ((tmp_path / "iris.csv", "--model", tmp_path / "iris.csv"), "was not written by dxent"),
        ((tmp_path / "iris.csv", "--model", model, "--row", "151"), "there is no row 151"),
        ((tmp_path / "iris.csv", "--model", model, "--binary"), "--binary needs a model of two classes"),
        ((tmp_path / "other.csv", "--model", model), "other.csv': there is no column 'sepal length (cm)'"),
        (("--logits", "1,2", "--label", "0", "--model", model), "--model goes with DATA"),
    ]:
        code, out, err = call(*words)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert says in err


def test_a_value_that_the_model_never_missed_is_told(call, capsys, tmp_path):
    frame = species(tmp_path / "iris.csv")
    fit(tmp_path / "iris.csv", tmp_path / "iris.dxent")
    capsys.readouterr()
    frame.loc[0, "petal width (cm)"] = None
    frame.to_csv(tmp_path / "holes.csv", index=False)
    code, _, err = call(tmp_path / "holes.csv", "--model", tmp_path / "iris.dxent")
    assert code == 0
    assert err.startswith("dxent: warning: column 'petal width (cm)' was complete in the training rows")
