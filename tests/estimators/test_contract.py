"""scikit-learn's contract: its own checks, all of them, and the tools that build on an estimator."""

import subprocess
import sys

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression as Sklearn
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from dxent import LogisticRegression

X, y = load_iris(return_X_y=True)


# the checks set max_iter to 5 on purpose
@pytest.mark.filterwarnings("ignore::dxent.estimators.NotCertifiedWarning")
@parametrize_with_checks([LogisticRegression(solver=solver) for solver in ("auto", "newton-cg", "lbfgs")])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_no_check_is_skipped_where_arrays_of_other_libraries_are_on():
    program = """
import warnings
from sklearn.utils.estimator_checks import check_estimator
from dxent import LogisticRegression
warnings.simplefilter("ignore")
for result in check_estimator(LogisticRegression(), on_skip=None, on_fail=None):
    if result["status"] != "passed":
        print(result["check_name"], result["status"], result["exception"])
"""
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={"SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == ""


def test_in_a_pipeline_and_a_grid_search():
    pipe = make_pipeline(StandardScaler(), LogisticRegression())
    search = GridSearchCV(
        pipe, {"logisticregression__C": [1e-3, 1.0, 1e3]}, scoring="neg_log_loss", cv=3
    ).fit(X, y)
    assert search.best_score_ > -0.2
    assert search.best_estimator_[-1].optimality_.certified


def test_cross_validated_probabilities():
    probs = cross_val_predict(LogisticRegression(), X, y, method="predict_proba", cv=5)
    np.testing.assert_allclose(probs.sum(axis=1), 1, rtol=1e-14)
    assert log_loss(y, probs) < 0.2


def test_calibration():
    calibrated = CalibratedClassifierCV(LogisticRegression(), cv=3).fit(X, y)
    assert calibrated.score(X, y) > 0.9


def test_sample_weight_is_routed_through_a_pipeline():
    weight = np.where(y == 0, 5.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = LogisticRegression().set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipe = make_pipeline(scaler, model).fit(X, y, sample_weight=weight)
    direct = LogisticRegression().fit(StandardScaler().fit_transform(X), y, sample_weight=weight)
    np.testing.assert_array_equal(pipe[-1].coef_, direct.coef_)


def test_clone_copies_the_settings_only():
    model = LogisticRegression(C=2.0, class_weight={0: 1, 1: 2, 2: 3}, solver="lbfgs", tol=1e-6).fit(X, y)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "coef_")


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("named", [True, False])
def test_to_sklearn_is_the_same_model_in_a_genuine_class(classes, named):
    import pandas

    rows = y < classes
    table = pandas.DataFrame(X[rows], columns=list("abcd")) if named else X[rows]
    model = LogisticRegression(C=3.0).fit(table, y[rows])
    twin = model.to_sklearn()
    assert type(twin) is Sklearn
    np.testing.assert_allclose(twin.predict_proba(table), model.predict_proba(table), rtol=0, atol=1e-15)
    np.testing.assert_array_equal(twin.predict(table), model.predict(table))
    assert twin.score(table, y[rows]) == model.score(table, y[rows])
    assert clone(twin).C == 3.0
    if named:
        assert list(twin.feature_names_in_) == list("abcd")
    twin.coef_[:] = 0
    assert model.coef_.any()


def test_the_swapped_import_refits():
    """A twin fitted anew by scikit-learn ends where we ended."""
    twin = LogisticRegression(C=0.1).fit(X, y).to_sklearn().set_params(tol=1e-10, max_iter=10_000)
    coef = twin.coef_.copy()
    np.testing.assert_allclose(twin.fit(X, y).coef_, coef, atol=1e-5)
