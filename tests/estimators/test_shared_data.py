"""Real data: classic inference sets against fits at 50 digits, larger sets against their certificates."""

import csv
import json

import numpy as np
import pytest
import scipy.sparse
from pyarrow import parquet

from dxent import LogisticRegression
from dxent.estimators import NotCertifiedWarning

NAMES = [
    "spector_logit", "anes96_mnlogit", "ucla_hsbdemo_mlogit", "ucla_admissions_logit", "birthwt_full",
    "birthwt_hl", "vaso_logit", "infert_glm", "fishing_mnl", "womenlf_multinom", "mroz_lfp",
    "menarche_grouped", "housing_multinom", "alligators_agresti",
]  # fmt: skip
RESPONSES = {
    "spector_logit": "GRADE", "anes96_mnlogit": "PID", "ucla_hsbdemo_mlogit": "prog",
    "ucla_admissions_logit": "admit", "birthwt_full": "low", "birthwt_hl": "low", "vaso_logit": "Y",
    "infert_glm": "case", "fishing_mnl": "mode", "womenlf_multinom": "partic", "mroz_lfp": "lfp",
    "menarche_grouped": "y", "housing_multinom": "Sat", "alligators_agresti": "foodchoice",
}  # fmt: skip
WEIGHTS = {"menarche_grouped": "weight", "housing_multinom": "Freq", "alligators_agresti": "freq"}


def column(term, table):
    """A term is a column's name, or a dummy for one of its levels."""
    if term in table:
        return [float(cell) for cell in table[term]]
    name, _, level = term.partition("=")
    return [float(cell == level) for cell in table[name]]


@pytest.mark.parametrize("name", NAMES)
def test_inference_sets_to_eight_digits(name, shared_data):
    reference = json.loads(shared_data("inference/references.json").read_text())[name]
    with shared_data(f"inference/{reference['file']}").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    table = {key: [row[key] for row in rows] for key in rows[0]}
    X = np.array([column(term, table) for term in reference["terms"][1:]]).T
    y, base = np.array(table[RESPONSES[name]]), reference["base_class"]
    weight = np.array(table[WEIGHTS[name]], dtype=float) if name in WEIGHTS else np.ones(len(y))
    model = LogisticRegression(C=np.inf).fit(X, y, sample_weight=weight)
    assert model.optimality_.certified
    fitted = np.column_stack([model.intercept_, model.coef_])
    if len(fitted) == 1:
        fitted = np.vstack([np.zeros_like(fitted), fitted])
    fitted = dict(zip(model.classes_, fitted, strict=True))
    for label, digits in reference["high_precision"]["coef"].items():
        expected = np.array(digits, dtype=float)
        np.testing.assert_allclose(fitted[label] - fitted[base], expected, rtol=1e-8, atol=1e-8)
    likelihood = -weight.sum() * model.trace_[-1].objective
    np.testing.assert_allclose(likelihood, float(reference["high_precision"]["loglik"]), rtol=1e-11)


def test_the_list_is_whole(shared_data):
    assert sorted(NAMES) == sorted(json.loads(shared_data("inference/references.json").read_text()))


def test_an_infinite_coefficient_is_not_certified(shared_data):
    """Heinze & Schemper (2002): NV separates the endometrial data in part."""
    X, y = load_csv(shared_data("inference/endometrial.csv"), "HG")
    with pytest.warns(NotCertifiedWarning, match="finite C"):
        model = LogisticRegression(C=np.inf).fit(X, y)
    assert not model.optimality_.certified


def load_csv(path, target):
    with path.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    X = [[float(value) for key, value in row.items() if key != target] for row in rows]
    return np.array(X), np.array([row[target] for row in rows])


def load(path, target):
    if path.suffix == ".parquet":
        table = parquet.read_table(path)
        names = [name for name in table.column_names if name != target]
        X = np.column_stack([table[name].to_numpy().astype(float) for name in names])
        return X, np.asarray(table[target].to_pylist())
    parts = np.load(path)
    X = scipy.sparse.csr_matrix((parts["data"], parts["indices"], parts["indptr"]), parts["shape"])
    return X, parts["y"]


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("mlbench_Satellite.parquet", "classes"),
        ("mlbench_LetterRecognition.parquet", "lettr"),
        ("covtype_20k.parquet", "Cover_Type"),
        ("drybean.parquet", "Class"),
        ("mlbench_Shuttle.parquet", "Class"),
        ("a9a.npz", None),
        ("ijcnn1.npz", None),
    ],
)
def test_larger_sets_are_certified(name, target, shared_data):
    X, y = load(shared_data(name), target)
    model = LogisticRegression().fit(X, y)
    assert model.optimality_.certified
    assert model.optimality_.relative_gap <= 1e-8
    assert model.score(X, y) > np.unique(y, return_counts=True)[1].max() / len(y)
