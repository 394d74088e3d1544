"""Softmax, its Jacobian, the softmax layer and cross-entropy after it: the statements E1–E35 of the softmax
tutorial (E. Bendersky, The Softmax function and its derivative), one test each."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dxent.functions import (
    CrossEntropy,
    Linear,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    log_softmax,
    sigmoid,
    sigmoid_cross_entropy,
    softmax,
    softmax_cross_entropy,
)
from dxent.operators import Design, Row, SoftmaxJacobian, is_psd, is_symmetric, rank
from dxent.testing import check_function

rng = np.random.default_rng(42)
logits = arrays(np.float64, st.integers(1, 8), elements=st.floats(-1e6, 1e6, allow_subnormal=True))


def naive(a):
    """Softmax as one writes it first."""
    with np.errstate(all="ignore"):
        e = np.exp(np.asarray(a, dtype=float))
        return e / e.sum()


def jacobian_by_loops(p):
    return np.array([[p[i] * ((i == j) - p[j]) for j in range(len(p))] for i in range(len(p))])


@given(logits)
def test_E1_softmax_maps_vectors_to_vectors_of_the_same_length(a):
    assert softmax(a).shape == a.shape
    assert np.isfinite(softmax(a)).all()


@given(logits)
def test_E2_outputs_are_probabilities(a):
    p = softmax(a)
    assert (p >= 0).all()
    assert (p <= 1).all()
    assert abs(math.fsum(p) - 1) <= 4 * np.spacing(1.0) * len(p)


@given(logits)
def test_E3_order_is_kept(a):
    p = softmax(a)
    i, j = np.triu_indices(len(a))
    assert (p[i][a[i] < a[j]] <= p[j][a[i] < a[j]]).all()
    assert (p[i][a[i] == a[j]] == p[j][a[i] == a[j]]).all()


def test_E4_first_example():
    np.testing.assert_allclose(softmax([1, 2, 3]), [0.09003057, 0.24472847, 0.66524096], atol=5e-9)
    np.testing.assert_array_equal(np.round(softmax([1, 2, 3]), 2), [0.09, 0.24, 0.67])


def test_E5_the_biggest_input_takes_most():
    np.testing.assert_allclose(softmax([1, 2, 5]), [0.01714783, 0.04661262, 0.93623955], atol=5e-9)


def test_E6_probabilities_lead_to_maximum_likelihood():
    # The frequencies of the labels are the probabilities of largest likelihood.
    labels, frequencies = np.array([0, 1, 1, 2, 2, 2]), np.array([1, 2, 3]) / 6
    same_for_all = np.broadcast_to(np.log(frequencies), (6, 3))
    loss = SoftmaxCrossEntropy(labels)
    np.testing.assert_allclose(loss.gradient(same_for_all).sum(axis=0), 0, atol=1e-15)
    assert loss(same_for_all) < loss(same_for_all + 0.01 * np.arange(3))


def test_E7_the_naive_formula_overflows():
    assert np.isnan(naive([1000, 2000, 3000])).all()
    assert math.log(np.finfo(np.float64).max) == pytest.approx(709.78, abs=0.005)
    assert math.log(np.finfo(np.float32).max) == pytest.approx(88.72, abs=0.005)
    assert np.isfinite(softmax([1000, 2000, 3000])).all()


@pytest.mark.parametrize("shift", [-3.0, 1e3, -1e3, 1e6])
def test_E8_a_common_shift_changes_nothing(shift):
    a = np.array([0.25, -1.5, 3.0, 2.0])
    np.testing.assert_array_equal(softmax(a + shift), softmax(a))


def test_E9_large_negatives_become_zero_not_nan():
    np.testing.assert_array_equal(softmax([1000, 2000, 3000]), [0, 0, 1])


def test_E10_the_logarithm_keeps_what_softmax_loses():
    np.testing.assert_array_equal(log_softmax([1000, 2000, 3000]), [-2000, -1000, 0])


def test_E11_example_with_large_inputs():
    np.testing.assert_allclose(softmax([2945.0, 2945.5]), [0.37754067, 0.62245933], atol=5e-9)


def test_E12_a_batch_is_shifted_row_by_row():
    batch = np.array([[1000.0, 1001.0], [-1000.0, -1001.0]])
    np.testing.assert_array_equal(softmax(batch), [softmax(batch[0]), softmax(batch[1])])
    np.testing.assert_array_equal(softmax(batch, axis=0), softmax(batch.T).T)


def test_E13_the_derivative_is_a_square_matrix():
    a, h = np.array([0.2, 0.9, -0.3]), 1e-6
    J = softmax.jacobian(a).to_dense()
    assert J.shape == (3, 3)
    step = np.array([0, h, 0])
    np.testing.assert_allclose(J[:, 1], (softmax(a + step) - softmax(a - step)) / (2 * h), rtol=1e-8)


def test_E14_diagonal_entries():
    p = softmax([0.2, 0.9])
    np.testing.assert_allclose(np.diag(softmax.jacobian([0.2, 0.9]).to_dense()), p * (1 - p), rtol=1e-15)


def test_E15_entries_off_the_diagonal():
    p = softmax([0.2, 0.9])
    assert softmax.jacobian([0.2, 0.9]).to_dense()[0, 1] == -p[1] * p[0]


def test_E16_one_formula_for_both():
    a = np.array([1.2, 0, -0.01, 2.12, -0.9])
    np.testing.assert_allclose(softmax.jacobian(a).to_dense(), jacobian_by_loops(softmax(a)), rtol=1e-14)


@pytest.mark.parametrize("a", [[0.2, 0.9], [1.2, 0, -0.01, 2.12, -0.9], rng.uniform(-2, 2, 100)], ids=len)
def test_E17_diag_minus_outer(a):
    p, J = softmax(a), softmax.jacobian(a)
    assert isinstance(J, SoftmaxJacobian)
    np.testing.assert_allclose(J.to_dense(), np.diag(p) - np.outer(p, p), rtol=1e-13, atol=1e-17)
    np.testing.assert_allclose(J.to_dense(), jacobian_by_loops(p), rtol=1e-13, atol=1e-17)


def test_E18_reference_values_and_differences():
    a = np.array([0.2, 0.9, -0.3, -0.5])
    J = softmax.jacobian(a).to_dense()
    found = [J[0, 0], J[0, 1], J[1, 1], J[3, 3]]
    np.testing.assert_allclose(found, [0.1839011637, -0.1188152295, 0.2498822058, 0.1060724015], atol=5e-11)
    check_function(softmax, a)


def test_E19_symmetric_singular_positive_semidefinite():
    J = softmax.jacobian([0.2, 0.9, -0.3, -0.5])
    dense = J.to_dense()
    assert is_symmetric(J)
    assert is_psd(J)
    assert rank(J) == 3
    np.testing.assert_allclose(np.linalg.eigvalsh(dense), [0, 0.1305, 0.1849, 0.3501], atol=5e-5)
    np.testing.assert_allclose(dense.sum(axis=0), 0, atol=1e-16)
    np.testing.assert_allclose(J @ np.ones(4), 0, atol=1e-16)


def test_E20_a_layer_is_a_function_of_its_weights():
    W, x = rng.normal(size=(3, 5)), rng.normal(size=5)
    np.testing.assert_allclose(Linear(x)(W), W @ x)
    assert Linear(x).jacobian(W).in_shape == (3, 5)


def test_E21_jacobian_of_the_layer():
    W, x = np.array([[2, 3, 4], [5, 6, 7.0]]), np.array([-2, 6, 1.6])
    J = Linear(x).jacobian(W)
    assert isinstance(J, Design)
    np.testing.assert_array_equal(J.to_dense(), [[-2, 6, 1.6, 0, 0, 0], [0, 0, 0, -2, 6, 1.6]])
    np.testing.assert_array_equal(J.to_dense(), np.kron(np.eye(2), x))
    assert np.mean(J.to_dense() == 0) == (2 - 1) / 2


W22, x22 = np.array([[2, 3, 4], [3, 5, -1.0]]), np.array([0.1, -0.2, 0.3])


def test_E22_the_softmax_layer():
    np.testing.assert_allclose(Linear(x22)(W22), [0.8, -1.0], rtol=1e-14)
    np.testing.assert_allclose((softmax @ Linear(x22))(W22), [0.8581489351, 0.1418510649], atol=5e-11)


def test_E23_the_chain_rule_multiplies_matrices():
    layer = Linear(x22)
    DS, Dg = softmax.jacobian(layer(W22)).to_dense(), layer.jacobian(W22).to_dense()
    DP = (softmax @ layer).jacobian(W22)
    assert DP.to_dense().shape == (2, 6)
    np.testing.assert_allclose(DP.to_dense(), DS @ Dg, rtol=1e-14)


@pytest.mark.parametrize(("T", "N"), [(2, 3), (4, 4), (10, 80)])
def test_E24_entries_of_the_layers_jacobian(T, N):
    W, x = rng.normal(size=(T, N)), rng.normal(size=N)
    P = (softmax @ Linear(x))(W)
    closed = np.einsum("t,ti,j->tij", P, np.eye(T), x) - np.einsum("t,i,j->tij", P, P, x)
    found = (softmax @ Linear(x)).jacobian(W).to_dense()
    np.testing.assert_allclose(found, closed.reshape(T, -1), rtol=1e-12, atol=1e-16)


W25, x25 = np.array([[2, 3, 4], [5, 6, 7.0]]), np.array([-2, 2, 1.6])


def test_E25_reference_case():
    layer = softmax @ Linear(x25)
    np.testing.assert_allclose(layer(W25), [0.0081625712, 0.9918374288], atol=5e-11)
    row = [-0.0161918872, 0.0161918872, 0.0129535097, 0.0161918872, -0.0161918872, -0.0129535097]
    np.testing.assert_allclose(layer.jacobian(W25).to_dense(), [row, np.negative(row)], atol=5e-11)


def test_E25_a_larger_case_against_differences():
    W, x = rng.normal(size=(10, 80)) / 10, rng.normal(size=80)
    check_function(softmax @ Linear(x), W)


def test_E26_the_jacobian_is_dense_but_stored_in_T_plus_N_numbers():
    J = (softmax @ Linear(x25)).jacobian(W25)
    assert (J.to_dense() != 0).all()
    np.testing.assert_allclose(J.to_dense().sum(axis=0), 0, atol=1e-17)
    S, D = J.factors
    assert S.probs.size == 2
    assert D.features.size == 3


p27 = np.array([1.2, 2.1, 3.1, 4.8, 0.75])


def test_E27_cross_entropy_of_numbers_that_are_no_distribution():
    losses = [CrossEntropy(y)(p27) for y in range(5)]
    np.testing.assert_allclose(losses, [-0.18232, -0.74194, -1.13140, -1.56862, 0.28768], atol=5e-6)
    np.testing.assert_allclose(losses, [CrossEntropy(one_hot)(p27) for one_hot in np.eye(5)])


def test_E28_derivative_of_cross_entropy():
    for y, expected in enumerate([-0.83333, -0.47619, -0.32258, -0.20833, -1.33333]):
        J = CrossEntropy(y).jacobian(p27)
        assert isinstance(J, Row)
        np.testing.assert_allclose(J.to_dense(), [expected * np.eye(5)[y]], atol=5e-6)


def test_E29_composed_it_is_a_row_of_NT():
    loss = CrossEntropy(1) @ softmax @ Linear(x25)
    raw = loss.jacobian(W25, simplify=False)
    assert [factor.out_shape for factor in raw.factors] == [(), (2,), (2,)]
    product = (
        CrossEntropy(1).jacobian((softmax @ Linear(x25))(W25)).to_dense()
        @ (softmax @ Linear(x25)).jacobian(W25).to_dense()
    )
    assert loss.jacobian(W25).to_dense().shape == (1, 6)
    np.testing.assert_allclose(loss.jacobian(W25).to_dense(), product, rtol=1e-12)


@pytest.mark.parametrize(
    ("y", "value", "g"), [(0, 4.8081960673, 0.9918374288 * x25), (1, 0.0081960673, -0.0081625712 * -x25)]
)
def test_E30_closed_form(y, value, g):
    loss = CrossEntropy(y) @ softmax @ Linear(x25)
    assert loss(W25) == pytest.approx(value, abs=5e-11)
    sign = 1 if y == 1 else -1
    np.testing.assert_allclose(loss.gradient(W25), sign * np.array([g, -g]), atol=5e-10)


def test_E30_every_class_of_a_random_layer():
    W, x = rng.normal(size=(10, 30)), rng.normal(size=30)
    S = softmax(W @ x)
    for y in range(10):
        loss = CrossEntropy(y) @ softmax @ Linear(x)
        closed = np.outer(S - np.eye(10)[y], x)
        np.testing.assert_allclose(loss.gradient(W), closed, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(loss.gradient(W, simplify=False), closed, rtol=1e-9, atol=1e-13)


def test_E31_log_of_softmax_in_two_steps_fails():
    with np.errstate(divide="ignore"):
        assert -np.log(softmax([0, 1000])[0]) == np.inf
    assert softmax_cross_entropy([0, 1000], 0) == 1000
    assert (CrossEntropy(0) @ softmax)([0, 1000]) == 1000


def test_E32_batches():
    logits, probs = np.array([-2.85, 0.86, 0.28]), [0.0154493, 0.6311634, 0.3533873]
    np.testing.assert_allclose(softmax(logits), probs, atol=5e-8)
    assert softmax_cross_entropy(logits, 2) == pytest.approx(1.0401905694, abs=5e-11)
    X, labels, W = rng.normal(size=(20, 5)), rng.integers(0, 10, 20), rng.normal(size=(10, 5))
    P, onehot = softmax(X @ W.T), np.eye(10)[labels]
    loss = SoftmaxCrossEntropy(labels) @ Linear(X)
    np.testing.assert_allclose(loss(W), -np.log(P[np.arange(20), labels]).mean(), rtol=1e-13)
    np.testing.assert_allclose(loss.gradient(W), (P - onehot).T @ X / 20, rtol=1e-11, atol=1e-16)


def test_E33_the_loss_is_not_clipped():
    assert sigmoid_cross_entropy(-800, 1) == 800
    assert SigmoidCrossEntropy(1).gradient(-800) == -1


def test_E35_independent_models_do_not_add_to_one():
    z = np.array([0.5, 1.0, -0.2])
    assert abs(sigmoid(z).sum() - 1) > 0.1
    assert softmax(z).sum() == pytest.approx(1, abs=1e-15)


def test_E34_a_tie_is_positive():
    X, theta = np.array([[1.0, -1.0], [2.0, 2.0], [-1.0, 0.5]]), np.array([1.0, 1.0])
    np.testing.assert_array_equal(sigmoid(X @ theta) >= 0.5, X @ theta >= 0)
    assert (sigmoid(X @ theta) >= 0.5)[0]


def test_E36_descent_along_a_constant_gradient():
    g, start, rate = np.array([3.0, -1.0, 0.5]), np.array([0.1, 0.2, 0.3]), 0.25
    loss = Linear(g)
    theta = start
    for i in range(1, 6):
        theta = theta - rate * loss.gradient(theta)
        np.testing.assert_allclose(theta, start - i * rate * g, rtol=1e-14)
