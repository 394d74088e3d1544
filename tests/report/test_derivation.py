"""The content of an explanation: every number in it against another way to get it."""

import numpy as np
import pytest

from dxent.functions import (
    BinaryCrossEntropy,
    CrossEntropy,
    Linear,
    Map,
    SoftmaxCrossEntropy,
    function,
    sigmoid,
    softmax,
    square,
    tanh,
)
from dxent.operators import Dense
from dxent.report.derivation import derive, excerpt
from dxent.report.derivation_console import explanation_text
from dxent.report.explanation import Explanation, naive_logistic, naive_softmax, picture, rounding
from dxent.report.sentences import second_order_sentences

x, W = np.array([-2.0, 2.0, 1.6]), np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]])
LAYER = CrossEntropy(0) @ softmax @ Linear(x)
GRADIENT = [1.9836748577, -1.9836748577, -1.5869398862, -1.9836748577, 1.9836748577, 1.5869398862]


def test_the_steps_of_the_tutorials_layer():
    linear, middle, loss = derive(LAYER, W).steps
    assert [step.name for step in (linear, middle, loss)] == ["Linear(3)", "softmax", "CrossEntropy"]
    np.testing.assert_array_equal(linear.jacobian.corner, np.kron(np.eye(2), x))
    assert linear.jacobian.zeros == 0.5
    np.testing.assert_allclose(linear.gives.corner, [[8.4, 13.2]])
    p = middle.gives.corner[0]
    np.testing.assert_allclose(p, [0.0081625712, 0.9918374288], atol=5e-11)
    np.testing.assert_allclose(middle.jacobian.corner, np.diag(p) - np.outer(p, p), atol=1e-16)
    np.testing.assert_allclose(middle.so_far.corner, np.kron(np.diag(p) - np.outer(p, p), x), atol=1e-15)
    assert (middle.operator, middle.structure) == ("SoftmaxJacobian (diag p − p pᵀ)", "psd")
    np.testing.assert_allclose(loss.jacobian.corner, [[-1 / p[0], 0]])
    np.testing.assert_allclose(loss.so_far.corner[0], GRADIENT, atol=5e-11)
    assert loss.product == "gᵀ (diag p − p pᵀ) (I ⊗ xᵀ)"


def test_the_collapse():
    derivation = derive(LAYER, W)
    (firing,) = derivation.firings
    assert (firing.before, firing.after) == ("CrossEntropy ∘ softmax", "SoftmaxCrossEntropy")
    assert derivation.simplified == "SoftmaxCrossEntropy ∘ Linear(3)"
    assert derivation.value == pytest.approx(4.8081960673)
    np.testing.assert_allclose(derivation.gradient.ravel(), GRADIENT, atol=5e-11)
    assert derivation.difference < 1e-14
    assert derivation.error < 1e-10
    assert derivation.costs.closed_form.multiplications < derivation.costs.chosen.multiplications


def test_the_first_term_is_the_empirical_fisher_matrix_and_the_second_is_needed():
    derivation = derive(LAYER, W)
    order, gradient = derivation.second_order, derivation.gradient
    assert [term.function for term in order.raw] == ["CrossEntropy", "softmax", "Linear(3)"]
    assert order.raw[0].size == pytest.approx(np.abs(np.outer(gradient, gradient)).max())
    assert order.raw[1].size > 0.9 * order.raw[0].size
    assert order.raw[2].size == 0
    p = softmax(W @ x)
    (closed,) = order.closed
    assert closed.size == pytest.approx(np.abs(np.kron(np.diag(p) - np.outer(p, p), np.outer(x, x))).max())
    assert order.difference < 1e-14
    sentences = " ".join(second_order_sentences(derivation))
    assert "empirical Fisher" in sentences
    assert "Gauss–Newton is the whole Hessian" in sentences


def test_a_curved_inner_function_needs_the_second_term():
    V = np.random.default_rng(0).normal(size=(3, 2))
    net = SoftmaxCrossEntropy(1) @ Map(Dense(V, (2,), (3,))) @ tanh @ Linear(x / 9)
    derivation = derive(net, W)
    assert derivation.firings == ()
    assert derivation.closed_form is None
    assert max(term.size for term in derivation.second_order.closed[1:]) > 0
    assert "is not the whole Hessian" in " ".join(second_order_sentences(derivation))
    assert derivation.error < 1e-10


def test_the_sigmoid_chain():
    derivation = derive(BinaryCrossEntropy(1) @ sigmoid @ Linear(x), W[0])
    assert [step.formula.takes for step in derivation.steps] == ["w", "z", "p"]
    np.testing.assert_allclose(derivation.gradient, (sigmoid(8.4) - 1) * x, rtol=1e-10)
    assert derivation.closed_form.gradient.endswith("(p − t) x_j")
    assert derivation.error < 1e-10


def test_many_weights_are_looked_at_along_a_few_directions():
    wide = np.linspace(-1, 1, 300)
    derivation = derive(CrossEntropy(1) @ softmax @ Linear(wide), np.zeros((1000, 300)))
    assert derivation.directions == 8
    assert derivation.error < 1e-8
    jacobian = derivation.steps[0].jacobian
    assert (jacobian.rows, jacobian.columns, jacobian.zeros) == (1000, 300_000, None)
    np.testing.assert_array_equal(jacobian.corner[0], wide[:16])
    assert (jacobian.corner[1:] == 0).all()


def test_saturation_is_shown_not_hidden():
    derivation = derive(CrossEntropy(0) @ softmax, np.array([0.0, 1000.0]))
    assert (derivation.value, derivation.raw_value) == (1000, np.inf)
    assert np.isnan(derivation.difference)
    np.testing.assert_array_equal(derivation.gradient, [-1, 1])
    assert "cannot be evaluated here" in second_order_sentences(derivation)[0]


def test_functions_without_a_formula_are_named():
    cube = function(lambda x: x**3, lambda x: np.diag(3 * x**2))
    step = derive(square @ SoftmaxCrossEntropy(1) @ tanh, np.array([0.5, -1.0])).steps[0]
    assert step.formula.value == "y = tanh x"
    with pytest.raises(TypeError, match="has no second derivative"):
        derive(SoftmaxCrossEntropy(1) @ cube, np.array([0.5, -1.0]))


def test_excerpt():
    cut = excerpt(np.eye(40))
    assert (cut.rows, cut.columns, cut.zeros) == (40, 40, 39 / 40)
    np.testing.assert_array_equal(cut.corner, np.eye(12, 16))
    assert excerpt(np.array(2.5)).corner.tolist() == [[2.5]]


def test_naive_softmax_overflows_and_ours_does_not():
    naive = naive_softmax(np.array([1000.0, 2000.0, 3000.0]), 0, ("a", "b", "c"))
    assert naive.limit == pytest.approx(709.78, abs=0.005)
    powers, probs, stable = (list(naive.columns.values())[place] for place in (1, 2, 5))
    assert np.isinf(powers).all()
    assert np.isnan(probs).all()
    np.testing.assert_array_equal(stable, [0, 0, 1])
    assert np.isnan(naive.naive_loss)
    assert naive.loss == 2000
    single = naive_softmax(np.array([89.0, 0.0], dtype=np.float32), 0, ("a", "b"))
    assert (single.precision, single.limit) == ("float32", pytest.approx(88.72, abs=0.005))
    assert np.isinf(single.columns["e^{z_j}"][0])


def test_naive_logistic_loses_the_other_class():
    naive = naive_logistic(np.array(40.0), 0)
    assert naive.columns["1 − p"] == 0
    assert naive.columns["σ(−z)"] == pytest.approx(4.248354255291589e-18)
    assert naive.naive_loss == np.inf
    assert naive.loss == 40
    agrees = naive_logistic(np.array(0.5), 1)
    assert agrees.naive_loss == pytest.approx(agrees.loss)


def test_rounding():
    chain32 = CrossEntropy(0) @ softmax @ Linear(x.astype(np.float32))
    found = rounding(chain32, W.astype(np.float32), LAYER, W)
    assert found.double_value == LAYER(W)
    assert 0 < abs(found.value - found.double_value) < 1e-5
    assert 0 < found.gradient_error < 1e-5


def test_the_text_shows_a_corner_of_what_is_large():
    derivation = derive(CrossEntropy(1) @ softmax @ Linear(np.arange(40.0)), np.zeros((12, 40)))
    names = tuple(f"c{k}" for k in range(12)), tuple(f"x{k}" for k in range(40))
    text = explanation_text(Explanation("Title", ("A remark.",), *names, derivation))
    assert text.startswith("Title\n  A remark.\n")
    assert "Jacobian, 12 × 480, 92% zeros, structure general: Design (I ⊗ xᵀ)" in text
    assert "x7" in text
    assert "x8" not in text
    assert "  …\n" in text
    assert "The gradient   12 × 40  …" in text
    picture = text[text.index("as a picture") :]
    assert picture.splitlines()[2].startswith("    c1    ····")


def test_of_many_columns_the_largest_are_drawn():
    sample = np.zeros(300)
    sample[[7, 299]] = 2.0, -1.0
    derivation = derive(CrossEntropy(0) @ softmax @ Linear(sample), np.zeros((3, 300)))
    names = tuple(f"x{k}" for k in range(300))
    explanation = Explanation("Title", (), ("a", "b", "c"), names, derivation)
    drawn = picture(explanation)
    assert drawn.entries.shape == (3, 100)
    assert {"x7", "x299"} < set(drawn.columns)
    np.testing.assert_allclose(drawn.entries[:, drawn.columns.index("x7")], [-4 / 3, 2 / 3, 2 / 3])
    assert "3 × 300, the largest 100 columns" in explanation_text(explanation)
