"""A batch is its samples, one after the other; a softmax does not feel a shift, and follows a permutation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dxent.functions import (
    Affine,
    CrossEntropy,
    Linear,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    log_softmax,
    logsumexp,
    softmax,
)

rng = np.random.default_rng(12)
X, W, Wb, w = rng.normal(size=(6, 3)), rng.normal(size=(4, 3)), rng.normal(size=(4, 4)), rng.normal(size=3)
labels, soft, yes = rng.integers(0, 4, 6), rng.uniform(size=(6, 4)), rng.integers(0, 2, 6)
z = rng.normal(size=(6, 4))

# (the batch, the function of one of its samples, the point)
OBJECTIVES = {
    "labels": (SoftmaxCrossEntropy(labels, reduction="sum") @ Linear(X),
               lambda i: SoftmaxCrossEntropy(labels[i], reduction="sum") @ Linear(X[i]), W),
    "soft": (SoftmaxCrossEntropy(soft, reduction="sum") @ Affine(X),
             lambda i: SoftmaxCrossEntropy(soft[i], reduction="sum") @ Affine(X[i]), Wb),
    "raw": (CrossEntropy(labels, reduction="sum") @ softmax @ Linear(X),
            lambda i: CrossEntropy(labels[i], reduction="sum") @ softmax @ Linear(X[i]), W),
    "binary": (SigmoidCrossEntropy(yes, reduction="sum") @ Linear(X),
               lambda i: SigmoidCrossEntropy(yes[i], reduction="sum") @ Linear(X[i]), w),
}  # fmt: skip
every_objective = pytest.mark.parametrize(("batch", "sample", "at"), OBJECTIVES.values(), ids=OBJECTIVES)
rows = arrays(np.float64, (3, 5), elements=st.integers(-(2**30), 2**30).map(float))


@pytest.mark.parametrize("f", [softmax, log_softmax, logsumexp], ids=str)
def test_rows_are_independent(f):
    value, J = f.linearize(z)
    by_loop = [f.linearize(row) for row in z]
    np.testing.assert_array_equal(value, [y for y, _ in by_loop])
    v = rng.normal(size=z.shape)
    np.testing.assert_array_equal(J.mv(v), [J_i.mv(v_i) for (_, J_i), v_i in zip(by_loop, v, strict=True)])


@every_objective
def test_the_objective_of_a_batch_is_a_sum_over_samples(batch, sample, at):
    parts = [sample(i) for i in range(6)]
    assert batch(at) == pytest.approx(sum(f(at) for f in parts), rel=1e-14)
    for simplify in (True, False):
        gradient = sum(f.gradient(at, simplify=simplify) for f in parts)
        np.testing.assert_allclose(batch.gradient(at, simplify=simplify), gradient, rtol=1e-11, atol=1e-13)
        H = sum(f.hessian(at, simplify=simplify).to_dense() for f in parts)
        found = batch.hessian(at, simplify=simplify).to_dense()
        np.testing.assert_allclose(found, H, rtol=1e-10, atol=1e-12)


def test_the_same_for_every_class_is_a_flat_direction():
    H = (SoftmaxCrossEntropy(labels) @ Linear(X)).hessian(W)
    flat = np.tile(rng.normal(size=3), (4, 1))
    np.testing.assert_allclose(H @ flat, 0, atol=1e-15)


@given(rows, st.integers(-(2**30), 2**30))
def test_a_shift_that_is_exact_changes_no_bit(x, shift):
    np.testing.assert_array_equal(softmax(x + shift), softmax(x))
    np.testing.assert_array_equal(log_softmax(x + shift), log_softmax(x))


@given(rows, st.permutations(range(5)))
def test_a_permutation_of_the_classes_goes_through(x, order):
    np.testing.assert_allclose(softmax(x[:, order]), softmax(x)[:, order], rtol=1e-15, atol=0)
    assert (log_softmax(x) <= 0).all()
