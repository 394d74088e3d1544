"""Laws of probabilities and derivatives for all inputs; and bits that depend on the numbers alone."""

from concurrent.futures import ThreadPoolExecutor
from math import fsum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from dxent.functions import (
    SoftmaxCrossEntropy,
    log_softmax,
    logsumexp,
    sigmoid,
    softmax,
    softplus,
)
from dxent.kernels import rowwise

EPS = np.finfo(float).eps
logit_numbers = st.floats(-1000, 1000)
rows = arrays(float, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=logit_numbers)
margins = arrays(float, st.integers(1, 20), elements=st.floats(allow_nan=False, allow_infinity=False))


@given(rows)
def test_probabilities_sum_to_one(x):
    p = softmax(x)
    assert ((p >= 0) & (p <= 1)).all()
    for row in p:
        assert abs(fsum(row) - 1) <= 2 * EPS
    assert (log_softmax(x) <= 0).all()
    assert (logsumexp(x) >= x.max(axis=1)).all()


@given(arrays(np.int64, (3, 7), elements=st.integers(-(2**20), 2**20)), st.integers(-(2**30), 2**30))
def test_a_shift_that_is_exact_changes_no_bit(x, shift):
    x = x / 1024
    for f in (softmax, log_softmax):
        np.testing.assert_array_equal(f(x + shift), f(x))
    loss = SoftmaxCrossEntropy([0, 3, 6])
    np.testing.assert_array_equal(loss.gradient(x + shift), loss.gradient(x))


@given(rows, st.randoms(use_true_random=False))
def test_classes_in_another_order(x, random):
    order = random.sample(range(x.shape[1]), x.shape[1])
    np.testing.assert_allclose(softmax(x[:, order]), softmax(x)[:, order], rtol=3 * EPS, atol=1e-323)


@given(rows)
def test_a_larger_logit_is_a_larger_probability(x):
    order = np.argsort(x, axis=1)
    assert (np.diff(np.take_along_axis(softmax(x), order, axis=1)) >= 0).all()


@given(margins)
def test_both_sides_of_the_logistic_function(z):
    assert (np.abs(sigmoid(z) + sigmoid(-z) - 1) <= EPS).all()
    slope, mirrored = sigmoid.jacobian(z).entries, sigmoid.jacobian(-z).entries
    np.testing.assert_array_equal(slope, mirrored)
    assert (softplus(z) >= np.maximum(z, 0)).all()


@given(arrays(float, st.integers(1, 8), elements=logit_numbers))
def test_the_hessian_is_symmetric_semidefinite_and_blind_to_a_shift(x):
    H = SoftmaxCrossEntropy(0).hessian(x)
    dense = H.to_dense()
    np.testing.assert_array_equal(dense, dense.T)
    size = np.abs(dense).max(axis=1)
    assert (np.abs(dense.sum(axis=1)) <= 4 * EPS * size).all()
    np.testing.assert_array_equal(H.mv(np.ones_like(x)), 0.0)
    assert (np.diag(dense) >= 0).all()
    v = np.cos(np.arange(len(x)))
    assert v @ H.mv(v) >= -4 * EPS * np.abs(v) @ np.abs(dense) @ np.abs(v)


def layouts(x, folder):
    """The same numbers in every way that an array may hold them."""
    yield np.asfortranarray(x)
    yield np.repeat(x, 2, axis=1)[:, ::2]
    yield x[::-1, ::-1].copy()[::-1, ::-1]
    yield x.astype(x.dtype.newbyteorder())
    yield np.frombuffer(b"." + x.tobytes(), np.uint8)[1:].view(x.dtype).reshape(x.shape)
    read_only = x.copy()
    read_only.flags.writeable = False
    yield read_only
    mapped = np.memmap(folder / "logits", x.dtype, "w+", shape=x.shape)
    mapped[:] = x
    yield mapped


FUNCTIONS = {
    "softmax": softmax,
    "log_softmax": log_softmax,
    "logsumexp": logsumexp,
    "complement": lambda x: softmax.jacobian(x).complement,
    "product": lambda x: softmax.jacobian(x).mv(x),
    "loss": SoftmaxCrossEntropy(np.arange(6), reduction="none"),
    "gradient": SoftmaxCrossEntropy(np.arange(6)).gradient,
    "sigmoid": sigmoid,
    "softplus": softplus,
}
every_function = pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)


@every_function
@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("classes", [7, 45])
@pytest.mark.usefixtures("kernels")
def test_the_layout_in_memory_changes_no_bit(f, classes, dtype, tmp_path):
    x = (5 * np.random.default_rng(0).normal(size=(6, classes))).astype(dtype)
    expected = f(x)
    for array in layouts(x, tmp_path):
        before = array.tobytes()
        np.testing.assert_array_equal(f(array), expected)
        assert array.tobytes() == before
    one = np.broadcast_to(x[:1], x.shape)
    np.testing.assert_array_equal(f(one), f(one.copy()))


@every_function
@pytest.mark.parametrize("entries", [1001, 100])
def test_threads_change_no_bit(f, entries, monkeypatch):
    x = 5 * np.random.default_rng(0).normal(size=(6, 1001))
    monkeypatch.setattr(rowwise, "ENTRIES_A_TILE", entries)
    expected = f(x)
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        np.testing.assert_array_equal(f(x), expected)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(f, [x] * 8):
            np.testing.assert_array_equal(found, expected)
