"""Saved and loaded: the same bits."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.exceptions import NotFittedError

import dxent
from dxent.estimators import Optimality, TableClassifier
from dxent.modelfile import ModelFile, ModelFileError, read_model, write_model

STEP = {"iteration": 0, "objective": 0.5, "gradient_norm": 0.0, "passes": 1}
PROVED = asdict(Optimality(True, 0.0, 0.0, 0.0, 1.0, "duality", ""))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.dxent"


@pytest.mark.parametrize("load_data", [load_iris, load_breast_cancer])
@pytest.mark.parametrize("as_frame", [False, True])
def test_an_estimator_of_arrays(path, load_data, as_frame):
    X, y = load_data(return_X_y=True, as_frame=as_frame)
    model = dxent.LogisticRegression(C=0.1, tol=1e-9, solver="newton").fit(X, y)
    dxent.save(model, path)
    again = dxent.load(path)
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        assert getattr(again, method)(X).tobytes() == getattr(model, method)(X).tobytes()
    assert again.get_params() == model.get_params()
    assert again.optimality_ == model.optimality_
    assert again.trace_ == model.trace_
    assert again.n_iter_ == model.n_iter_
    assert getattr(again, "feature_names_in_", [None])[0] == getattr(model, "feature_names_in_", [None])[0]


def table(rows=300):
    draw = np.random.default_rng(5)
    number = draw.normal(1e3, 50, rows)
    kind = draw.choice(["u", "v", "w"], rows)
    noise = draw.logistic(size=rows)
    y = np.where((number - 1e3) / 50 + (kind == "v") + noise > 0.5, "yes", "no")
    number[::7] = np.nan
    return pd.DataFrame({"number": number, "kind": kind, "flag": draw.random(rows) < 0.5}), pd.Series(
        y, name="answer"
    )


@pytest.mark.parametrize("C", [1.0, np.inf, "auto"])
def test_an_estimator_of_tables(path, C):
    frame, y = table()
    if C not in {1.0, "auto"}:
        del frame["kind"]  # one-hot columns sum to the intercept's, which is worth a warning
    model = TableClassifier(C=C).fit(frame, y)
    dxent.save(model, path)
    again = dxent.load(path)
    assert again.schema_.target == "answer"
    assert again.predict(frame).tolist() == model.predict(frame).tolist()
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        assert getattr(again, method)(frame).tobytes() == getattr(model, method)(frame).tobytes()
    assert again.get_params() == model.get_params()
    assert again.C_ == model.C_
    assert again.optimality_ == model.optimality_
    assert again.trace_ == model.trace_


def test_the_file_predicts_as_the_estimator_does(path):
    frame, y = table()
    for labels in (y, y.to_numpy() + (frame["kind"] == "u").map({True: "!", False: ""}).to_numpy()):
        model = TableClassifier().fit(frame, labels)
        dxent.save(model, path)
        file = read_model(path)
        places, probs = file.predict(file.schema.encode(pa.Table.from_pandas(frame)))
        assert file.classes[places].tolist() == model.predict(frame).tolist()
        assert probs.tobytes() == model.predict_proba(frame).tobytes()


def test_tables_of_any_library_predict_alike():
    frame, y = table()
    model = TableClassifier().fit(frame, y)
    expected = model.predict_proba(frame)
    shuffled = frame[["flag", "kind", "number"]].assign(extra=1).set_index("extra")
    for other in (shuffled, pl.from_pandas(frame), pa.Table.from_pandas(frame), dict(frame)):
        np.testing.assert_array_equal(model.predict_proba(other), expected)


def test_save_replaces_a_file(path):
    X, y = load_iris(return_X_y=True)
    for C in (1.0, 2.0):
        dxent.save(dxent.LogisticRegression(C=C).fit(X, y), path)
    assert dxent.load(path).C == 2.0


def test_a_model_that_is_not_fitted(path):
    with pytest.raises(NotFittedError):
        dxent.save(dxent.LogisticRegression(), path)
    with pytest.raises(NotFittedError):
        dxent.save(TableClassifier(), path)
    with pytest.raises(OSError, match="there is no directory"):
        dxent.save(dxent.LogisticRegression().fit([[0], [1]], [0, 1]), path / "in" / "nothing")


def test_row_82_the_least_facts_of_an_estimator(path):
    facts = {"settings": {}, "optimality": PROVED, "trace": [STEP]}
    write_model(ModelFile(np.ones((1, 2)), np.zeros(1), np.array(["a", "b"]), facts=facts), path)
    assert dxent.load(path).n_iter_ == 0


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"settings": {"C": 1.0, "os.system": "ls"}, "optimality": {}, "trace": [STEP]},
        {"settings": {"C": 1.0}, "optimality": {"certified": True}, "trace": [STEP]},
        {"settings": {}, "optimality": PROVED, "trace": []},
        {"settings": {}, "optimality": PROVED, "trace": [{}]},
        {"settings": {}, "optimality": PROVED, "trace": [{**STEP, "objective": "much"}]},
        {"settings": 7, "optimality": {}, "trace": [STEP]},
    ],
)
def test_row_82_a_file_without_the_facts_of_an_estimator(path, facts):
    write_model(ModelFile(np.ones((1, 2)), np.zeros(1), np.array(["a", "b"]), facts=facts), path)
    with pytest.raises(ModelFileError, match="is not a usable model file"):
        dxent.load(path)
