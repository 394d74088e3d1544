"""Errors in units in the last place: over wide spreads, large offsets, confident rows, tails."""

import mpmath
import numpy as np
import pytest

from dxent.functions import (
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    log_sigmoid,
    log_softmax,
    logit,
    logsumexp,
    sigmoid,
    softmax,
    softplus,
    tanh,
)
from dxent.operators import diagonal

# One minus a probability must be exact where the others are as small as e^−700.
mpmath.mp.prec = 1100
rng = np.random.default_rng(0)

# A confident row has one class far ahead, so that what is left of the others is all there is to the loss.
ROWS = {
    "moderate": rng.normal(size=(8, 5)),
    "wide": rng.normal(size=(8, 5), scale=150),
    "offset": 1e8 + rng.normal(size=(8, 5)),
    "confident": np.column_stack([np.geomspace(1, 700, 8), rng.normal(size=(8, 4))]),
    "ties": np.repeat(rng.normal(size=(8, 1)), 5, axis=1),
    "many": rng.normal(size=(2, 1000)),
}
POINTS = np.concatenate([-np.geomspace(1e-8, 700, 60), np.geomspace(1e-8, 700, 60)])
every_family = pytest.mark.parametrize("x", ROWS.values(), ids=ROWS)


def ulps(found, exact):
    """The largest error in units of the last place of the exact result."""
    pairs = zip(np.ravel(found), np.ravel(exact), strict=True)
    return max(abs(mpmath.mpf(float(f)) - e) / mpmath.mpf(float(np.spacing(abs(float(e))))) for f, e in pairs)


def exact_rows(x):
    """p, 1 − p, log p and logsumexp of each row."""
    exps = [[mpmath.exp(mpmath.mpf(float(v)) - mpmath.mpf(float(max(row)))) for v in row] for row in x]
    p = np.array([[e / mpmath.fsum(row) for e in row] for row in exps])
    rest = np.array([[(mpmath.fsum(row) - e) / mpmath.fsum(row) for e in row] for row in exps])
    lse = np.array(
        [mpmath.mpf(float(max(v))) + mpmath.log(mpmath.fsum(e)) for v, e in zip(x, exps, strict=True)]
    )
    return p, rest, np.vectorize(mpmath.log, otypes=[object])(p), lse


@every_family
def test_softmax_family(x):
    p, rest, log_p, lse = exact_rows(x)
    y = np.zeros(len(x), int)
    loss = SoftmaxCrossEntropy(y, reduction="none")
    gradient = p.copy()
    gradient[:, 0] = -rest[:, 0]
    assert ulps(softmax(x), p) <= 2.5
    assert ulps(softmax.linearize(x)[1].complement, rest) <= 2.5
    assert ulps(log_softmax(x), log_p) <= 2.5
    assert ulps(loss(x), -log_p[:, 0]) <= 2.5
    assert ulps(SoftmaxCrossEntropy(y, reduction="sum").gradient(x), gradient) <= 2.5
    assert ulps(diagonal(softmax.jacobian(x)), p * rest) <= 3.5
    scale = np.maximum(np.abs(x).max(axis=1), np.log(x.shape[1]))
    assert max(abs(f - e) / np.spacing(s) for f, e, s in zip(logsumexp(x), lse, scale, strict=True)) <= 2


@every_family
def test_softmax_family_in_single_precision(x):
    single = x.astype(np.float32)
    p, _, log_p, _ = exact_rows(single)
    loss = SoftmaxCrossEntropy(np.zeros(len(x), int), reduction="none")
    for found, exact in ((softmax(single), p), (log_softmax(single), log_p), (loss(single), -log_p[:, 0])):
        assert found.dtype == np.float32
        rounded = np.vectorize(float)(exact)
        errors = np.abs(found - rounded) / np.spacing(np.abs(rounded).astype(np.float32))
        assert errors.max() <= 0.51


def sigma(z):
    return 1 / (1 + mpmath.exp(-z))


SCALAR = {
    "sigmoid": (sigmoid, sigma),
    "log_sigmoid": (log_sigmoid, lambda z: -mpmath.log1p(mpmath.exp(-z))),
    "softplus": (softplus, lambda z: mpmath.log1p(mpmath.exp(z))),
    "sigmoid_slope": (lambda z: sigmoid.jacobian(z).entries, lambda z: sigma(z) * sigma(-z)),
    "log_sigmoid_slope": (lambda z: log_sigmoid.jacobian(z).entries, lambda z: sigma(-z)),
    "softplus_curvature": (
        lambda z: softplus.weighted_hessian(z, np.ones_like(z)).entries,
        lambda z: sigma(z) * sigma(-z),
    ),
    "sigmoid_curvature": (
        lambda z: sigmoid.weighted_hessian(z, np.ones_like(z)).entries,
        lambda z: sigma(z) * sigma(-z) * (sigma(-z) - sigma(z)),
    ),
    "tanh_slope": (lambda z: tanh.jacobian(z / 2).entries, lambda z: 1 / mpmath.cosh(z / 2) ** 2),
    "loss_of_yes": (
        SigmoidCrossEntropy(np.ones_like(POINTS), reduction="none"),
        lambda z: mpmath.log1p(mpmath.exp(-z)),
    ),
    "loss_of_no": (
        SigmoidCrossEntropy(np.zeros_like(POINTS), reduction="none"),
        lambda z: mpmath.log1p(mpmath.exp(z)),
    ),
    "gradient_of_yes": (
        SigmoidCrossEntropy(np.ones_like(POINTS), reduction="sum").gradient,
        lambda z: -sigma(-z),
    ),
    "gradient_of_no": (SigmoidCrossEntropy(np.zeros_like(POINTS), reduction="sum").gradient, sigma),
}


@pytest.mark.parametrize(("f", "exact"), SCALAR.values(), ids=SCALAR)
def test_logistic_family_in_both_tails(f, exact):
    assert ulps(f(POINTS), [exact(mpmath.mpf(float(z))) for z in POINTS]) <= 4


def test_logit_everywhere():
    p = np.concatenate(
        [np.geomspace(1e-300, 0.24, 40), np.linspace(0.24, 0.76, 41), 1 - np.geomspace(1e-15, 0.24, 40)]
    )
    p = p[p != 0.5]
    exact = [mpmath.log(mpmath.mpf(float(v)) / (1 - mpmath.mpf(float(v)))) for v in p]
    assert ulps(logit(p), exact) <= 3


def test_hessian_of_confident_rows_has_zero_row_sums():
    for margin in (20.0, 37.0, 300.0):
        H = SoftmaxCrossEntropy(0).hessian([margin, 0.0, -1.0]).to_dense()
        assert (np.abs(H.sum(axis=1)) <= 2 * np.spacing(np.abs(H).max())).all()
        assert H[0, 0] > 0
        np.testing.assert_array_equal(H, H.T)


def test_softmax_jacobian_times_vector_keeps_its_digits():
    x, v = np.array([40.0, 0.0, 1.0]), np.array([1.0, 3.0, -2.0])
    p, _, _, _ = exact_rows(x[None])
    mean = mpmath.fsum(a * b for a, b in zip(p[0], v, strict=True))
    exact = [a * (b - mean) for a, b in zip(p[0], v, strict=True)]
    assert ulps(softmax.jacobian(x).mv(v), exact) <= 4
