"""What is measured: each function and derivative beside its exact value and the error it is allowed.

A provider is anything with functions of these names, of arrays (rows, classes) or (points,): this package, or
another library put in this form.
"""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
from mpmath import mp, mpf

from accuracy import exact
from accuracy.ulps import Errors
from dxent.functions import (
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    log_sigmoid,
    log_softmax,
    logsumexp,
    sigmoid,
    softmax,
    softplus,
)
from dxent.operators import diagonal


@dataclass(frozen=True)
class Measure:
    """How a provider's function is called, what is exact, and the largest error allowed in each dtype."""

    call: object
    exact: object
    allowed: dict
    size: object = None
    whole_row: bool = False


TIGHT = {"float64": 2.5, "float32": 0.51}
LOOSE = {"float64": 3.5, "float32": 1.0}
SCALAR = {"float64": 3.0, "float32": 0.51}

ROWS = {
    "softmax": Measure(lambda f, x, y, v: f(x), lambda row, i, y, v: row.softmax(i), TIGHT),
    "complement": Measure(lambda f, x, y, v: f(x), lambda row, i, y, v: row.complement(i), TIGHT),
    "log_softmax": Measure(lambda f, x, y, v: f(x), lambda row, i, y, v: row.log_softmax(i), TIGHT),
    "logsumexp": Measure(
        lambda f, x, y, v: f(x),
        lambda row, i, y, v: row.logsumexp(),
        LOOSE,
        lambda row, i, y, v: row.largest_term(),
        whole_row=True,
    ),
    "cross_entropy": Measure(
        lambda f, x, y, v: f(x, y), lambda row, i, y, v: -row.log_softmax(y), TIGHT, whole_row=True
    ),
    "gradient": Measure(lambda f, x, y, v: f(x, y), lambda row, i, y, v: row.gradient(i, y), TIGHT),
    "variance": Measure(lambda f, x, y, v: f(x), lambda row, i, y, v: row.variance(i), TIGHT),
    "product": Measure(
        lambda f, x, y, v: f(x, v),
        lambda row, i, y, v: row.product(i, v),
        LOOSE,
        lambda row, i, y, v: row.size_of_product(i, v),
    ),
}


def _scalar(f):
    return Measure(lambda g, z: g(z), f, SCALAR)


POINTS = {
    "sigmoid": _scalar(exact.sigmoid),
    "sigmoid_slope": _scalar(exact.slope),
    "sigmoid_curvature": _scalar(exact.curvature),
    "log_sigmoid": _scalar(lambda z: -exact.softplus(-z)),
    "softplus": _scalar(exact.softplus),
    "loss_of_yes": _scalar(lambda z: exact.softplus(-z)),
    "loss_of_no": _scalar(exact.softplus),
    "gradient_of_yes": _scalar(lambda z: -exact.sigmoid(-z)),
    "gradient_of_no": _scalar(exact.sigmoid),
}


def _binary(label, reduction):
    return lambda z: SigmoidCrossEntropy(np.full(z.shape, label), reduction=reduction)


DXENT = SimpleNamespace(
    softmax=softmax,
    complement=lambda x: softmax.jacobian(x).complement,
    log_softmax=log_softmax,
    logsumexp=logsumexp,
    cross_entropy=lambda x, y: SoftmaxCrossEntropy(y, reduction="none")(x),
    gradient=lambda x, y: SoftmaxCrossEntropy(y, reduction="sum").gradient(x),
    variance=lambda x: diagonal(softmax.jacobian(x)),
    product=lambda x, v: softmax.jacobian(x).mv(v),
    sigmoid=sigmoid,
    sigmoid_slope=lambda z: sigmoid.jacobian(z).entries,
    sigmoid_curvature=lambda z: sigmoid.weighted_hessian(z, np.ones_like(z)).entries,
    log_sigmoid=log_sigmoid,
    softplus=softplus,
    loss_of_yes=lambda z: _binary(1.0, "none")(z)(z),
    loss_of_no=lambda z: _binary(0.0, "none")(z)(z),
    gradient_of_yes=lambda z: _binary(1.0, "sum")(z).gradient(z),
    gradient_of_no=lambda z: _binary(0.0, "sum")(z).gradient(z),
)


def measure_rows(provider, name, family, references):
    """Return the errors of one function on one family; at most 40 classes of a row are looked at."""
    measure, errors = ROWS[name], Errors()
    dtype, classes = family.logits.dtype, family.logits.shape[-1]
    found = np.asarray(measure.call(getattr(provider, name), family.logits, family.labels, family.vectors))
    assert found.dtype == dtype
    picked = range(classes) if classes <= 40 else np.random.default_rng(0).integers(0, classes, 40)
    for r, row in enumerate(references):
        y, v = int(family.labels[r]), family.vectors[r]
        for i in [0] if measure.whole_row else sorted({*map(int, picked), y}):
            result = found[r] if measure.whole_row else found[r, i]
            if (name, i) not in row.known:
                size = None if measure.size is None else measure.size(row, i, y, v)
                row.known[name, i] = measure.exact(row, i, y, v), size
            errors.add(result, *row.known[name, i], dtype)
    return errors


def measure_points(provider, name, z):
    """Return the errors of one logistic function on one family of points."""
    measure, errors = POINTS[name], Errors()
    found = np.asarray(measure.call(getattr(provider, name), z))
    assert found.dtype == z.dtype
    with mp.workdps(exact.DIGITS_OF_FUNCTIONS):
        for result, point in zip(found, z, strict=True):
            errors.add(result, measure.exact(mpf(float(point))), None, z.dtype)
    return errors


def references(family):
    """Return the exact rows of a family."""
    return [exact.ExactRow(tuple(map(float, row))) for row in family.logits]
