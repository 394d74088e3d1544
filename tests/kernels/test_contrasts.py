"""Contrasts of the classes and their outputs: the compiled change, its definition, and its transpose."""

import numpy as np
import pytest

from dxent.kernels import contrasts
from dxent.kernels.contrasts import to_contrasts, to_outputs

SHAPES = [(1, 1), (1, 40), (2, 0), (2, 16), (4, 33), (19, 5000), (58, 17), (999, 3)]


@pytest.fixture(params=["f8", "f4"])
def dtype(request):
    return np.dtype(request.param)


@pytest.fixture(params=["chosen", "NumPy"], autouse=True)
def kernels(request, monkeypatch):
    if request.param == "NumPy":
        monkeypatch.setattr(contrasts, "native", None)


def basis(free):
    return np.eye(1) if free == 1 else contrasts.times_basis(np.eye(free))


@pytest.mark.parametrize("shape", SHAPES)
def test_outputs_of_contrasts(shape, dtype):
    rng = np.random.default_rng(0)
    theta, scale = rng.normal(size=shape).astype(dtype), rng.exponential(size=shape[1]) + 0.1
    W = to_outputs(theta, scale)
    assert W.dtype == dtype
    assert W.T.flags.c_contiguous
    np.testing.assert_allclose(W, basis(shape[0]) @ (theta / scale), rtol=0, atol=100 * np.finfo(dtype).eps)


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("shape", SHAPES)
def test_contrasts_of_outputs(shape, dtype, order):
    rng, Q = np.random.default_rng(0), basis(shape[0])
    G = np.asarray(rng.normal(size=(len(Q), shape[1])), dtype, order=order)
    scale = rng.exponential(size=shape[1]) + 0.1
    for wanted in (np.float32, np.float64):
        theta = to_contrasts(G, scale, wanted)
        assert theta.dtype == wanted
        assert theta.flags.c_contiguous
        tolerance = 300 * max(np.finfo(dtype).eps, np.finfo(wanted).eps)
        np.testing.assert_allclose(theta, (Q.T @ G) / scale, rtol=0, atol=tolerance)
