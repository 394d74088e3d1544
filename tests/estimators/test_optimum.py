"""One optimum, whoever looks for it, and in whatever form the data come."""

import tracemalloc
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.linear_model import LogisticRegression as Sklearn
from sklearn.preprocessing import StandardScaler

from dxent import LogisticRegression
from dxent.estimators.logistic import SOLVERS
from dxent.kernels.compiled import native
from dxent.objective.objective import Objective
from objective.problems import Truth, draw

IRIS = load_iris(return_X_y=True)
WINE = load_wine(return_X_y=True)
CANCER = load_breast_cancer(return_X_y=True)


@pytest.fixture(params=[2, 3, 5], ids=lambda classes: f"{classes} classes")
def data(request):
    return draw(request.param, samples=120, classes=request.param)


@pytest.mark.parametrize("C", [1e-3, 1.0, 1e4, np.inf])
@pytest.mark.parametrize("intercept", [True, False], ids=["intercept", "no intercept"])
def test_it_is_the_minimum_by_the_textbook(data, C, intercept):
    """Against Newton's method in extended precision, in the data's own coordinates."""
    model = LogisticRegression(C=C, fit_intercept=intercept).fit(data.X, data.labels, data.sample_weight)
    truth = Truth(data, 1 / (C * data.sample_weight.sum()), intercept)
    optimum = truth.minimise().astype(float)
    np.testing.assert_allclose(model.coef_, optimum[:, :3], rtol=1e-9, atol=1e-10)
    if intercept:
        np.testing.assert_allclose(model.intercept_, optimum[:, 3], rtol=1e-9, atol=1e-10)
    assert model.optimality_.certified
    assert model.optimality_.reason == ""
    assert str(model.optimality_).startswith("Proved: ")
    np.testing.assert_allclose(model.trace_[-1].objective, float(truth.value(optimum)), rtol=1e-12)


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_ends_at_the_same_optimum(data, solver):
    here = LogisticRegression(C=10, tol=1e-14).fit(data.X, data.labels)
    there = LogisticRegression(C=10, tol=1e-14, solver=solver).fit(data.X, data.labels)
    assert there.optimality_.certified
    np.testing.assert_allclose(there.coef_, here.coef_, atol=1e-7)
    np.testing.assert_allclose(there.intercept_, here.intercept_, atol=1e-7)


@pytest.mark.parametrize("named", [IRIS, WINE, CANCER], ids=["iris", "wine", "breast cancer"])
def test_it_is_scikit_learn_s_optimum(named):
    X, y = StandardScaler().fit_transform(named[0]), named[1]
    here = LogisticRegression(C=0.5, tol=1e-12).fit(X, y)
    there = Sklearn(C=0.5, tol=1e-12, solver="newton-cholesky", max_iter=1000).fit(X, y)
    np.testing.assert_allclose(here.coef_, there.coef_, atol=1e-6)
    np.testing.assert_allclose(here.intercept_, there.intercept_, atol=1e-6)
    np.testing.assert_allclose(here.predict_proba(X), there.predict_proba(X), atol=1e-7)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 0.5, 1: 3.0, 2: 1.0}], ids=["balanced", "dict"])
def test_class_weights_are_sample_weights(class_weight):
    X, y = IRIS[0][:120], IRIS[1][:120]
    weight = np.random.default_rng(0).exponential(size=120)
    here = LogisticRegression(class_weight=class_weight).fit(X, y, weight)
    if class_weight == "balanced":
        class_weight = dict(enumerate(weight.sum() / (3 * np.bincount(y, weights=weight))))
    there = LogisticRegression().fit(X, y, weight * np.array([class_weight[label] for label in y]))
    np.testing.assert_allclose(here.coef_, there.coef_, rtol=1e-10, atol=1e-12)


def stored(X):
    """The same matrix, stored in every way there is."""
    csr = scipy.sparse.csr_matrix(X)
    wide = csr.copy()
    wide.indices, wide.indptr = csr.indices.astype(np.int64), csr.indptr.astype(np.int64)
    unsorted = csr.copy()
    for a, b in zip(csr.indptr[:-1], csr.indptr[1:], strict=True):
        unsorted.indices[a:b], unsorted.data[a:b] = csr.indices[a:b][::-1], csr.data[a:b][::-1]
    unsorted.has_sorted_indices = False
    coo = csr.tocoo()
    twice = scipy.sparse.coo_matrix(
        (np.tile(coo.data / 2, 2), (np.tile(coo.row, 2), np.tile(coo.col, 2))), X.shape
    )
    zeros = scipy.sparse.csr_matrix(np.where(X == 0, 7.0, X))
    zeros.data[zeros.data == 7.0] = 0.0
    read_only = X.copy()
    read_only.flags.writeable = False
    spaced = np.zeros((2 * len(X), 2 * X.shape[1]))[::2, ::2]
    spaced[:] = X
    return {
        "F order": np.asfortranarray(X), "read-only": read_only, "strided": spaced, "list": X.tolist(),
        "csr": csr, "csc": csr.tocsc(), "coo": coo, "csr array": scipy.sparse.csr_array(X),
        "int64 indices": wide, "unsorted": unsorted, "duplicates": twice, "explicit zeros": zeros,
        "swapped bytes": X.astype(X.dtype.newbyteorder()), "integers": X.astype(np.int64),
    }  # fmt: skip


STORED = np.random.default_rng(3).integers(-2, 3, size=(60, 4)).astype(float)
LABELS = np.random.default_rng(4).integers(0, 3, size=60)


def contents(X):
    """Copies of all arrays that a matrix is made of."""
    names = [name for name in ("data", "indices", "indptr", "row", "col") if hasattr(X, name)]
    parts = [getattr(X, name) for name in names] if scipy.sparse.issparse(X) else [np.asarray(X)]
    return [part.copy() for part in parts]


@pytest.mark.parametrize("name", stored(STORED))
def test_row_62_storage_does_not_matter_and_is_left_alone(name):
    X = stored(STORED)[name]
    before, here = contents(X), LogisticRegression().fit(STORED, LABELS)
    there = LogisticRegression().fit(X, LABELS)
    np.testing.assert_allclose(there.coef_, here.coef_, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(there.predict_proba(X), here.predict_proba(STORED), rtol=1e-11)
    for old, new in zip(before, contents(X), strict=True):
        np.testing.assert_array_equal(new, old)
        assert new.dtype == old.dtype


@pytest.mark.parametrize("solver", ["newton", "newton-cg", "lbfgs"])
def test_bytes_are_read_as_they_are(solver):
    rng = np.random.default_rng(0)
    pixels, labels = rng.integers(0, 256, size=(20_000, 40), dtype=np.uint8), rng.integers(0, 3, size=20_000)
    doubles = pixels.astype(np.float64)
    there = LogisticRegression(C=1e-6, solver=solver).fit(doubles, labels)
    tracemalloc.start()
    here = LogisticRegression(C=1e-6, solver=solver).fit(pixels, labels)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # NumPy converts a tile of rows at a time, and this is one tile
    assert native is None or peak < doubles.nbytes
    np.testing.assert_allclose(here.coef_, there.coef_, rtol=1e-11, atol=1e-16)
    assert here.score(pixels, labels) == there.score(doubles, labels)
    counts = LogisticRegression(C=1e-6, solver=solver).fit(scipy.sparse.csr_array(pixels), labels)
    np.testing.assert_allclose(counts.coef_, there.coef_, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("store", [np.asarray, np.asfortranarray, scipy.sparse.csr_matrix])
def test_row_61_float32_gives_the_optimum_of_its_numbers(data, store):
    narrow = data.X.astype(np.float32)
    here = LogisticRegression().fit(store(narrow), data.labels)
    there = LogisticRegression().fit(narrow.astype(np.float64), data.labels)
    assert here.optimality_.certified
    np.testing.assert_allclose(here.coef_, there.coef_, rtol=1e-6)


def test_more_parameters_than_the_exact_hessian_is_formed_for():
    """The gap is proved all the same, by duality."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 610)), rng.integers(0, 6, size=200)
    for solver in ("newton-cg", "lbfgs"):
        model = LogisticRegression(C=0.01, solver=solver).fit(X, y)
        assert model.optimality_.certified
        assert model.optimality_.method == "duality"


def test_the_random_state_changes_the_path_only():
    X, y = CANCER
    here, there = (LogisticRegression(solver="newton-cg", random_state=seed).fit(X, y) for seed in (0, 1))
    np.testing.assert_allclose(here.coef_, there.coef_, rtol=1e-6)


def test_predictions_agree_with_each_other(data):
    model = LogisticRegression().fit(data.X, data.labels)
    logits, probs = model.decision_function(data.X), model.predict_proba(data.X)
    logs = model.predict_log_proba(data.X)
    np.testing.assert_allclose(np.exp(logs), probs, rtol=1e-14)
    np.testing.assert_allclose(probs.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_array_equal(model.predict(data.X), model.classes_[probs.argmax(axis=1)])
    gaps = logs[:, 1] - logs[:, 0] if logits.ndim == 1 else logs - logs[:, :1]
    np.testing.assert_allclose(gaps, logits if logits.ndim == 1 else logits - logits[:, :1], atol=1e-12)


def test_logs_of_probabilities_are_finite_where_those_underflow(data):
    model = LogisticRegression().fit(data.X, data.labels)
    far = 1e5 * data.X[:5]
    logs = model.predict_log_proba(far)
    assert (model.predict_proba(far) == 0).any()
    assert np.isfinite(logs).all()
    assert logs.min() < -1e3


def test_what_the_search_has_proved_is_not_looked_at_again(monkeypatch):
    looks, evaluate = [], Objective.evaluate
    monkeypatch.setattr(Objective, "evaluate", lambda *here: looks.append(0) or evaluate(*here))
    offset = WINE[0] + 1e4
    model = LogisticRegression(tol=1e-3, solver="newton").fit(offset, WINE[1])
    assert model.optimality_.certified
    assert len(looks) < model.trace_[-1].passes == model.trace_[-2].passes + 2  # and a Hessian


def test_the_trace_tells_how_the_fit_went():
    model = LogisticRegression().fit(*WINE)
    assert model.n_iter_.tolist() == [len(model.trace_) - 1]
    passes = [step.passes for step in model.trace_]
    assert passes == sorted(passes)
    assert model.trace_[-1].objective < model.trace_[0].objective
    assert model.trace_[-1].gradient_norm < 1e-6


def test_verbose_prints_the_trace(capsys):
    LogisticRegression(verbose=1).fit(*IRIS)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 2
    assert all(line.startswith(f"iteration {i}: objective ") for i, line in enumerate(lines))


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 5, 7, 11, 103, 115, 247, 319, 327, 367])
def test_what_is_proved_holds_for_the_numbers_returned(seed):
    """At offsets of a billion the rounding of the intercept is most of the gap: it is part of the proof."""
    data, shift = draw(seed, classes=2 + seed % 3), [0.0, 1e3, 1e6, 1e9][seed % 4]
    moved = data.X + shift
    C, tol = 10.0 ** (seed % 7 - 1), [1.0, 1e-8, 1e-3][seed % 3]
    model = LogisticRegression(C=C, tol=tol, solver=["newton", "lbfgs", "newton-cg"][seed // 3 % 3])
    model.fit(moved, data.labels, data.sample_weight)
    settled = replace(data, X=moved - shift)  # exact: the digits that the move took are gone from both
    truth = Truth(settled, 1 / (C * data.sample_weight.sum()), True)
    sums = [sum(map(Fraction, row)) * Fraction(shift) for row in model.coef_.tolist()]
    intercept = [Fraction(b) + total for b, total in zip(model.intercept_.tolist(), sums, strict=True)]
    extended = [np.longdouble(float(b)) + float(b - Fraction(float(b))) for b in intercept]
    returned, optimum = np.column_stack([model.coef_, extended]), truth.minimise()
    assert 0 <= truth.rise(optimum, returned) <= model.optimality_.gap_bound
    distance = np.linalg.norm((returned - optimum)[:, :3].astype(float))
    assert distance <= model.optimality_.coef_distance_bound
    factor = np.exp(np.abs(truth.log_probs(returned) - truth.log_probs(optimum)).max())
    assert factor <= model.optimality_.prob_factor_bound
