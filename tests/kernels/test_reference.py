"""The definitions: derivatives against differences, and accuracy against many digits."""

import mpmath
import numpy as np
import pytest

from dxent.kernels import reference

OUTPUTS = [1, 2, 3, 7]


def moved(problem, step):
    return problem.X, problem.centre, problem.weights + step * problem.direction, *problem.arguments[3:]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("outputs", OUTPUTS)
def test_gradient_is_the_slope_of_the_loss(make_problem, outputs, bias):
    problem = make_problem(40, 5, outputs, bias=bias)
    h = 1e-6
    slope = (reference.loss_pass(*moved(problem, h))[0] - reference.loss_pass(*moved(problem, -h))[0]) / (
        2 * h
    )
    gradient = reference.loss_pass(*problem.arguments)[1]
    assert np.sum(gradient * problem.direction) == pytest.approx(slope, rel=1e-7)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("outputs", OUTPUTS)
def test_hessian_is_the_slope_of_the_gradient(make_problem, outputs, bias):
    problem = make_problem(40, 5, outputs, bias=bias)
    h = 1e-6
    slope = (reference.loss_pass(*moved(problem, h))[1] - reference.loss_pass(*moved(problem, -h))[1]) / (
        2 * h
    )
    probs = reference.loss_pass(*problem.arguments)[2]
    product = reference.hessian_pass(
        problem.X, problem.centre, probs, problem.sample_weight, problem.direction
    )
    np.testing.assert_allclose(product, slope, rtol=0, atol=1e-8)


@pytest.mark.parametrize("outputs", OUTPUTS)
def test_gram_is_the_hessian_of_all_classes_but_the_first(make_problem, outputs):
    problem = make_problem(30, 4, outputs)
    probs = reference.loss_pass(*problem.arguments)[2]
    gram = reference.softmax_gram(problem.X, problem.centre, probs, problem.sample_weight, True)
    free = problem.weights[min(outputs - 1, 1) :]
    assert gram.shape == (free.size, free.size)
    for i in range(free.size):
        unit = np.zeros_like(problem.weights)
        unit[min(outputs - 1, 1) :].flat[i] = 1
        product = reference.hessian_pass(problem.X, problem.centre, probs, problem.sample_weight, unit)
        np.testing.assert_allclose(product[min(outputs - 1, 1) :].ravel(), gram[i], rtol=0, atol=1e-14)


def exact_rows(logits, labels):
    """Losses and residuals in 400 digits: the loss of a margin of 800 starts at the 350th."""
    with mpmath.workdps(400):
        losses, residuals = [], []
        for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
            terms = [mpmath.exp(mpmath.mpf(z)) for z in row]
            total = sum(terms)
            losses.append(float(mpmath.log(total) - row[label]))
            residuals.append([float(t / total - (c == label)) for c, t in enumerate(terms)])
    return np.array(losses), np.array(residuals)


@pytest.mark.parametrize("classes", [2, 3, 11])
def test_confident_rows_keep_their_digits(classes):
    rng = np.random.default_rng(classes)
    logits = rng.normal(size=(60, classes)) * np.logspace(-1, 2.3, 60)[:, None]
    labels = np.where(rng.random(60) < 0.7, logits.argmax(axis=1), rng.integers(0, classes, 60))
    loss, probs, residuals = reference.cross_entropy_rows(logits, labels)
    exact_loss, exact_residuals = exact_rows(logits, labels)
    # The rounding of z − z_top is amplified by exp: an error of u |z − z_top|, relative.
    tolerance = 1e-15 * (4 + np.ptp(logits, axis=1))
    assert np.all(np.abs(loss - exact_loss) <= tolerance * exact_loss)
    assert np.all(np.abs(residuals - exact_residuals) <= tolerance[:, None] * np.abs(exact_residuals))
    np.testing.assert_allclose(probs.sum(axis=1), 1, rtol=0, atol=1e-15 * classes)


@pytest.mark.parametrize(
    ("weights", "label"),
    [([[40.0], [0.0]], 0), ([[0.0], [40.0]], 1), ([[40.0]], 1), ([[-40.0]], 0)],
)
def test_a_margin_of_40(weights, label):
    row, labels = np.ones((1, 1)), np.array([label])
    loss, gradient, probs = reference.loss_pass(row, None, np.array(weights), labels, np.ones(1))
    tiny = 4.248354255291589e-18
    assert loss == pytest.approx(tiny, rel=1e-15)
    assert probs.min() == pytest.approx(tiny, rel=1e-15)
    np.testing.assert_allclose(np.abs(gradient), tiny, rtol=1e-15)
    product = reference.hessian_pass(row, None, probs, np.ones(1), np.array(weights) / 40)
    np.testing.assert_allclose(np.abs(product), tiny, rtol=1e-15)


def test_logits_without_a_limit_spoil_their_row_only():
    logits = np.array([[np.inf, 0, 1], [np.nan, 0, 1], [1e308, -1e308, 0], [0, 0, 0]])
    loss, probs, _ = reference.cross_entropy_rows(logits, np.array([0, 0, 0, 0]))
    assert np.isnan(loss[:2]).all()
    np.testing.assert_array_equal(probs[2], [1, 0, 0])
    assert loss[2] == 0
    assert loss[3] == pytest.approx(np.log(3))


def test_an_offset_does_not_cost_float32_arithmetic_its_digits(make_problem):
    problem = make_problem(50, 3, 2, arithmetic="f4", centre=False)
    far = problem.X + 1e8
    near = reference.logits(problem.X, problem.X.mean(axis=0), problem.weights)
    np.testing.assert_allclose(reference.logits(far, far.mean(axis=0), problem.weights), near, atol=1e-5)
