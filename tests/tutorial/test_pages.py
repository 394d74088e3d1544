"""The pages run, and the numbers that they show are the tutorials'."""

import numpy as np
import pytest

from tutorial.pages import TUTORIAL, cells, run

NAMES = sorted(path.stem for path in TUTORIAL.glob("*.md"))


@pytest.fixture(scope="module")
def page():
    ran = {}

    def variables(name):
        if name not in ran:
            ran[name] = run(name)
        return ran[name]

    return variables


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_has_a_description(page, name):
    _, drew = page(name)
    described = ["alt:" in options for options, _ in cells(name)]
    assert drew == described
    assert any(drew)


def test_softmax(page):
    shown = page("softmax")[0]
    np.testing.assert_allclose(shown["small"], [0.09003057, 0.24472847, 0.66524096], atol=5e-9)
    np.testing.assert_allclose(shown["large"], [0.01714783, 0.04661262, 0.93623955], atol=5e-9)
    assert np.isnan(shown["naive"]).all()
    assert shown["shifted"].tolist() == [0, 0, 1]
    assert shown["logs"].tolist() == [-2000, -1000, 0]
    np.testing.assert_array_equal(shown["Dg"].to_dense(), np.kron(np.eye(2), shown["x"]))
    np.testing.assert_allclose(shown["p"], [0.0081625712, 0.9918374288], atol=5e-11)
    np.testing.assert_allclose(shown["DP"][0, :3], [-0.0161918872, 0.0161918872, 0.0129535097], atol=5e-11)
    assert shown["loss"](shown["W"]) == pytest.approx(4.8081960673, abs=5e-11)
    np.testing.assert_allclose(shown["gradient"][0], [1.9836748577, -1.9836748577, -1.5869398862], atol=5e-11)
    assert shown["costs"].closed_form.multiplications < shown["costs"].forward.multiplications
    assert np.isinf(shown["chain_value"])
    assert np.isnan(shown["chain_gradient"]).any()
    assert shown["value"] == 1000
    assert shown["slope"].tolist() == [-1, 1]


def test_logistic(page):
    shown = page("logistic")[0]
    assert shown["slope"].max() == 0.25
    np.testing.assert_allclose(shown["odds"], shown["z"], rtol=1e-13, atol=1e-15)
    assert shown["tail"] == (pytest.approx(4.248354255291589e-18), 0)
    assert shown["product"] == 0
    assert shown["log_sum"] == pytest.approx(-9210.340372, abs=5e-7)
    np.testing.assert_allclose(shown["costs"][0], shown["costs"][1][::-1], rtol=1e-12)
    value, difference, chain = shown["wrong"]
    assert (value, difference) == (800, -1)
    assert np.isnan(chain)
    assert (shown["eigenvalues"] > 0).all()
    np.testing.assert_allclose(shown["surface"].gradient(shown["w"]), 0, atol=1e-15)
    assert shown["surface"](shown["w"]) <= shown["heights"].min()


def test_classification(page):
    shown = page("classification")[0]
    assert shown["surface"].shape == (33, 33, 2)
    np.testing.assert_allclose(shown["two"], shown["one"], rtol=4e-16)
    assert shown["total"] == pytest.approx(shown["each"].sum(), rel=1e-15)
    assert shown["mean"] == pytest.approx(shown["each"].mean(), rel=1e-15)
    residual = shown["y"] - shown["target"]
    np.testing.assert_allclose(shown["first_term"], np.outer(residual, residual), atol=1e-14)
    np.testing.assert_allclose(shown["raw"].to_dense(), shown["closed"].to_dense(), atol=1e-14)


def test_networks(page):
    shown = page("networks")[0]
    assert shown["mistakes"] == 0
    assert shown["errors"](shown["best"]) == (2, 4)
