"""Each cancellation is the same function as what it replaces, and fires only where it may."""

import numpy as np
import pytest

from dxent.functions import (
    CrossEntropy,
    Exp,
    Log,
    Logit,
    LogSoftmax,
    Sigmoid,
    Softmax,
    SoftmaxCrossEntropy,
    exp,
    log,
    log_softmax,
    sigmoid,
    simplify,
    softmax,
)
from dxent.functions.losses import BinaryCrossEntropy
from dxent.functions.rules import RULES
from dxent.operators import Product, Sum, Zero

z = np.random.default_rng(6).normal(size=(3, 4))
MADE = {
    CrossEntropy: lambda: CrossEntropy([0, 3, 1]),
    BinaryCrossEntropy: lambda: BinaryCrossEntropy(np.eye(3, 4)),
}


@pytest.mark.parametrize(("outer", "inner"), RULES, ids=lambda kind: kind.__name__)
def test_rule(outer, inner):
    f, g = MADE.get(outer, outer)(), inner()
    together = RULES[outer, inner](f, g)
    raw = f @ g
    assert type(simplify(raw)) is type(together)
    y, J = raw.linearize(z, simplify=False)
    np.testing.assert_allclose(together(z), y, rtol=1e-12)
    np.testing.assert_allclose(together.linearize(z)[1].to_dense(), J.to_dense(), rtol=1e-10, atol=1e-13)
    ȳ = np.ones_like(y)
    H, H_raw = together.weighted_hessian(z, ȳ), raw.weighted_hessian(z, ȳ, simplify=False)
    np.testing.assert_allclose(H.to_dense(), H_raw.to_dense(), rtol=1e-10, atol=1e-12)


def test_rules_named_in_the_tutorials():
    assert {(Log, Softmax), (Log, Sigmoid), (Exp, LogSoftmax), (Logit, Sigmoid)} <= set(RULES)
    assert str(simplify(log @ softmax)) == "log_softmax"
    assert str(simplify(log @ sigmoid)) == "log_sigmoid"
    assert simplify(log @ Softmax(axis=0)).axis == 0


def test_options_survive_the_rule():
    loss = CrossEntropy([0, 3, 1], sample_weight=[1.0, 2.0, 3.0], label_smoothing=0.1, reduction="sum")
    merged = simplify(loss @ softmax)
    assert isinstance(merged, SoftmaxCrossEntropy)
    assert (merged.reduction, merged.label_smoothing) == ("sum", 0.1)
    np.testing.assert_array_equal(merged.sample_weight, [1.0, 2.0, 3.0])


def test_softmax_over_another_axis_is_not_merged():
    f = CrossEntropy([0, 1, 2, 0]) @ Softmax(axis=0)
    assert str(simplify(f)) == "CrossEntropy ∘ softmax(axis=0)"


def test_a_new_function_meets_its_new_neighbours():
    assert str(simplify(CrossEntropy([0, 3, 1]) @ exp @ log @ softmax)) == "SoftmaxCrossEntropy"
    assert str(simplify(exp @ exp @ log_softmax)) == "exp ∘ softmax"


def test_simplifying_is_remembered():
    f = log @ softmax
    assert simplify(f) is simplify(f)
    assert isinstance(simplify(f), LogSoftmax)


def test_the_second_term_of_the_hessian_is_there_only_in_the_raw_chain():
    from dxent.functions import Linear

    x, W = np.array([1.0, -2.0, 0.5]), np.random.default_rng(0).normal(size=(4, 3))
    loss = CrossEntropy(2) @ softmax @ Linear(x)
    closed, raw = loss.hessian(W), loss.hessian(W, simplify=False)
    assert isinstance(closed, Product)
    assert isinstance(raw, Sum)
    empirical_fisher, curvature, nothing = raw.terms
    g = np.outer(softmax(W @ x) - np.eye(4)[2], x).ravel()
    np.testing.assert_allclose(empirical_fisher.to_dense(), np.outer(g, g), rtol=1e-12, atol=1e-15)
    assert np.abs(curvature.to_dense()).max() > 1e-3
    assert isinstance(nothing, Zero)
    np.testing.assert_allclose(raw.to_dense(), closed.to_dense(), rtol=1e-11, atol=1e-15)
