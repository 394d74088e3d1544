"""``dxent`` on svmlight files: the label needs no name, and the model predicts other such files."""

import numpy as np
import pytest
from sklearn.datasets import dump_svmlight_file, load_iris

from dxent import LogisticRegression
from dxent.cli.main import run


@pytest.fixture
def iris_svm(tmp_path):
    X, y = load_iris(return_X_y=True)
    path = tmp_path / "iris.svm"
    dump_svmlight_file(X, y, str(path), zero_based=False)
    return path


def test_fit_and_predict(iris_svm, tmp_path, capsys):
    model = tmp_path / "model.dxent"
    assert run(["fit", str(iris_svm), "-o", str(model), "--test-size", "0", "--quiet"]) == 0
    capsys.readouterr()
    output = tmp_path / "out.csv"
    assert run(["predict", str(model), str(iris_svm), "-o", str(output)]) == 0
    X, y = load_iris(return_X_y=True)
    expected = LogisticRegression().fit(X, y)
    written = np.loadtxt(output, delimiter=",", skiprows=1)
    np.testing.assert_allclose(written[:, 1:], expected.predict_proba(X), rtol=1e-9)
    np.testing.assert_array_equal(written[:, 0], expected.predict(X))


def test_a_row_is_explained(iris_svm, capsys):
    assert run(["explain", str(iris_svm), "--row", "3"]) == 0
    assert "Row 3 of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--target", "species"], "has no column 'species': its columns are 'label', 'feature'"),
        (["--drop", "feature"], "no column has more than one value"),
    ],
)
def test_mistakes_are_told_in_a_sentence(iris_svm, capsys, words, sentence):
    assert run(["fit", str(iris_svm), *words]) == 2
    assert sentence in capsys.readouterr().err
