"""The page of a fit: whole, harmless whatever the data hold, true to its numbers, and legible."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.metrics import confusion_matrix, log_loss

from dxent import LogisticRegression, load, report, save
from dxent.cli.main import run
from dxent.estimators import TableClassifier
from dxent.report.assessment import assess
from dxent.report.cells import probability
from dxent.report.charts import decades, steps
from report.browser import measured_on_a_phone

VOID = {"meta", "path", "circle"}
HOSTILE = ("<script>alert(1)</script>", '"onload=', "]]>", "back\u202ewards", "\x1b[31mred")


class Reader(HTMLParser):
    """Check that elements close in order, and keep what was seen."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def elements(page):
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader.seen


@pytest.fixture(scope="module")
def iris():
    return load_iris(as_frame=True, return_X_y=True)


@pytest.fixture(scope="module")
def fitted(iris):
    return LogisticRegression().fit(*iris)


@pytest.fixture
def written(tmp_path):
    def write(model, X, y, **more):
        path = tmp_path / "report.html"
        report.html(model, X, y, path, **more)
        return path.read_text(encoding="utf-8")

    return write


def test_it_has_every_part_and_asks_nothing_of_the_network(written, fitted, iris):
    page = written(fitted, *iris)
    seen = elements(page)
    assert re.findall("<h2>(.+?)</h2>", page) == [
        "What was fitted, and what is proved",
        "Warnings",
        "The data",
        "Scores",
        "Confusion matrix",
        "Reliability",
        "Coefficients",
        "The worst predictions",
        "Convergence",
        "How to reproduce",
    ]
    assert "Proved: the objective" in page
    assert not any(foreign in page for foreign in ("http", "url(", "@import"))
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in seen}
    pictures = [attributes for tag, attributes in seen if tag == "svg"]
    assert len(pictures) == 2
    assert all(picture["role"] == "img" and len(picture["aria-label"]) > 40 for picture in pictures)


def test_row_88_what_labels_and_columns_hold_is_shown_not_obeyed(written):
    rows = np.random.default_rng(0).normal(size=(60, 5))
    table = pd.DataFrame(rows, columns=list(HOSTILE))
    y = pd.Series(np.array(HOSTILE)[np.arange(60) % 5], name="</title><b>")
    page = written(TableClassifier().fit(table, y), table, y)
    seen = elements(page)
    assert not {"script", "b"} & {tag for tag, _ in seen}
    assert not any("onload" in attributes for _, attributes in seen)
    assert page.isprintable() or set(page) - {"\n"} == {c for c in page if c.isprintable()}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_row_89_signs_of_markdown_and_latex_are_letters(written):
    """The pictures' typesetting, too, takes a label for what it says."""
    names = [r"\input{a}", "a|b", r"$\frac{1$", "`x`", "*b*"]
    rows = np.random.default_rng(0).normal(size=(60, 5))
    table = pd.DataFrame(rows, columns=names)
    y = pd.Series(np.array(names)[np.arange(60) % 5], name="$y$")
    page = written(TableClassifier().fit(table, y), table, y)
    assert all(page.count(name) >= 5 for name in names)


def test_numbers_are_those_of_scikit_learn(iris, fitted):
    X, y = iris
    seen = assess(fitted, X, y.to_numpy(), np.ones(len(y)), range(1, 151))
    np.testing.assert_array_equal(seen.confusion, confusion_matrix(y, fitted.predict(X)))
    own = seen.log_probs[np.arange(150), y]
    assert log_loss(y, fitted.predict_proba(X)) == pytest.approx(-own.mean(), rel=1e-12)
    assert [miss.row for miss in seen.misses] == (np.argsort(own)[:10] + 1).tolist()
    assert seen.misses[0].log_prob == own.min()
    label, effects = seen.effects[2]
    assert label == 2
    spread = X.to_numpy().std(axis=0)
    assert {effect.effect for effect in effects} == set((fitted.coef_[2] * spread).tolist())
    # each row is in one group, and the groups are as large
    assert np.mean([part.right for part in seen.reliability]) == pytest.approx(fitted.score(X, y))


def test_reasons_add_up_to_the_difference_of_logits(iris):
    X, y = iris
    X, y = X[y > 0], y[y > 0]
    model = LogisticRegression().fit(X, y)
    first = assess(model, X, y.to_numpy(), np.ones(100), range(100)).misses[0]
    assert (first.label, first.guess) == (y.iloc[first.row], model.predict(X)[first.row])
    assert first.label != first.guess
    sign = 1 if first.guess == 2 else -1
    pushes = sign * model.coef_[0] * (X.to_numpy()[first.row] - X.to_numpy().mean(axis=0))
    assert [push for _, push in first.reasons] == pytest.approx(sorted(pushes[pushes > 0])[::-1][:3])


def test_a_weight_counts_as_that_many_rows(iris, fitted):
    X, y = iris
    twice = assess(fitted, X, y.to_numpy(), np.full(150, 2.0), range(150))
    once = assess(fitted, X, y.to_numpy(), np.ones(150), range(150))
    np.testing.assert_array_equal(twice.confusion, 2 * once.confusion)
    assert twice.reliability == once.reliability


def test_many_classes_list_their_confusions(written):
    X, y = load_digits(return_X_y=True)
    y = y + 10 * (np.arange(len(y)) % 2)  # twenty classes
    page = written(LogisticRegression().fit(X[:400], y[:400]), X, y)
    assert "<h2>The largest confusions</h2>" in page


@pytest.mark.filterwarnings("ignore::dxent.estimators.NotCertifiedWarning")
def test_what_is_not_proved_is_not_said_to_be(written, iris):
    page = written(LogisticRegression(max_iter=1).fit(*iris), *iris)
    assert 'class="verdict bad">Not proved optimal.' in page


def test_a_loaded_model_has_the_same_page(written, fitted, iris, tmp_path):
    save(fitted, tmp_path / "model.dxent")
    assert written(load(tmp_path / "model.dxent"), *iris) == written(fitted, *iris, overwrite=True)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda X, y: (X, y[:-1]), "X has 150 rows and y 149"),
        (lambda X, y: (X, y + 1), "the model knows no class 3"),
        (lambda X, y: (X[:0], y[:0]), "y has no rows"),
    ],
)
def test_rows_that_are_not_the_models_are_refused(written, fitted, iris, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        written(fitted, *change(*iris))


def test_row_85_nothing_is_overwritten_unasked(written, fitted, iris):
    written(fitted, *iris)
    with pytest.raises(FileExistsError, match="exists already"):
        written(fitted, *iris)
    assert written(fitted, *iris, overwrite=True)


def test_the_command_line_writes_the_page_and_says_how_to_write_it_again(tmp_path, capsys):
    path = tmp_path / "a report.html"
    words = ["fit", "iris", "--report", str(path), "--C", "0.5", "--no-standardize"]
    assert run(words) == 0
    page = path.read_text(encoding="utf-8")
    assert f"dxent fit iris --report &#x27;{path}&#x27; --C 0.5 --no-standardize" in page
    assert "Of 38 rows: held out of iris" in page
    accuracy = re.search(r"accuracy +(\d\.\d{4})", capsys.readouterr().out).group(1)
    assert f'<th scope="row">accuracy</th><td>{accuracy}</td>' in page
    assert run(words) == 2
    assert "exists already" in capsys.readouterr().err
    assert run([*words, "--force", "--test-size", "0"]) == 0
    assert "and flatter." in path.read_text(encoding="utf-8")


def test_row_85_the_page_may_not_replace_the_data(tmp_path, capsys):
    data = tmp_path / "data.csv"
    load_iris(as_frame=True).frame.to_csv(data, index=False)
    assert run(["fit", str(data), "--target", "target", "--report", str(data), "--force"]) == 2
    assert "is the data or the model" in capsys.readouterr().err
    assert data.read_text().startswith("sepal")


def test_a_column_that_tells_the_target_is_warned_of(shared_data, tmp_path):
    path = tmp_path / "report.html"
    words = ["fit", str(shared_data("titanic.parquet")), "--target", "survived", "--report", str(path)]
    assert run(words) == 0
    warned = "<li>Column &#x27;alive&#x27; alone tells"
    assert warned in path.read_text(encoding="utf-8")
    assert run([*words, "--drop", "alive", "--force"]) == 0
    assert warned not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("high", [1, 3, 7, 20, 22, 1000, 0.3])
def test_axes_hold_their_values_in_few_steps(high):
    ticks = [position for position, _ in steps("", high).ticks]
    assert 3 <= len(ticks) - 1 <= 6
    assert ticks[0] == 0
    assert ticks[-2] < high <= ticks[-1]
    powers = [position for position, _ in decades("", [high * 1e-20, high]).ticks]
    assert powers[0] <= np.log10(high) - 20
    assert np.log10(high) <= powers[-1]
    assert len(powers) <= 8


def test_rendered_by_a_browser_nothing_is_wider_than_a_phone(written, fitted, iris, tmp_path):
    written(fitted, *iris)
    width, *sizes, coloured = measured_on_a_phone(
        tmp_path / "report.html",
        [
            "page.documentElement.scrollWidth",
            "[...page.querySelectorAll('svg.chart')].map(one => one.getBoundingClientRect().width)",
            "[...page.querySelectorAll('svg.chart')].map(one => one.getBoundingClientRect().height)",
            "getComputedStyle(page.querySelector('.share.lower')).backgroundColor != 'rgba(0, 0, 0, 0)'",
        ],
    )
    assert width <= 400
    assert len(sizes) == 4
    assert all(200 < size <= 400 for size in sizes)
    assert coloured


def test_a_probability_too_small_for_a_float_is_not_called_zero():
    assert probability(np.log(0.25)) == "0.25"
    assert probability(-1340.0) == "1e-582"
