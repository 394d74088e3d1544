"""All ways to a softmax layer's derivatives agree: chain, closed form, differences, PyTorch and JAX."""

import numpy as np
import pytest

from dxent.functions import CrossEntropy, Linear, softmax
from dxent.testing import check_function

rng = np.random.default_rng(29)


def case(samples, classes, features, soft):
    """Return X (or one x), the target's one-hot or soft probabilities, the targets, and W."""
    shape = () if samples is None else (samples,)
    X, W = rng.normal(size=(*shape, features)), rng.normal(size=(classes, features))
    labels = rng.integers(classes, size=shape)
    target_probs = rng.dirichlet(np.ones(classes), size=shape or None) if soft else np.eye(classes)[labels]
    return X, target_probs, target_probs if soft else labels, W


CASES = {
    f"{'one sample' if samples is None else f'{samples} samples'}, {'soft' if soft else 'labels'}": case(
        samples, classes, features, soft
    )
    for samples, classes, features in ((None, 3, 5), (1, 2, 2), (7, 4, 3), (50, 10, 6))
    for soft in (False, True)
}
every_case = pytest.mark.parametrize(("X", "target_probs", "targets", "W"), CASES.values(), ids=CASES)


def chain(X, targets):
    return CrossEntropy(targets) @ softmax @ Linear(X)


def assert_agree(found, expected, rtol):
    """The largest difference, relative to the largest entry."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= rtol * np.abs(expected).max()


@every_case
def test_jacobian_gradient_and_closed_form(X, target_probs, targets, W):
    loss, rows = chain(X, targets), np.atleast_2d(X)
    P, Y = softmax(rows @ W.T), np.atleast_2d(target_probs)
    closed = (P - Y).T @ rows / len(rows)
    assert_agree(loss.gradient(W), closed, 1e-12)
    assert_agree(loss.gradient(W, simplify=False), closed, 1e-12)
    for simplify in (True, False):
        assert_agree(loss.jacobian(W, simplify=simplify).to_dense(), closed.reshape(1, -1), 1e-12)
    kron = [np.kron(np.diag(p) - np.outer(p, p), np.outer(x, x)) for p, x in zip(P, rows, strict=True)]
    for simplify in (True, False):
        assert_agree(loss.hessian(W, simplify=simplify).to_dense(), np.mean(kron, axis=0), 1e-12)


@every_case
def test_finite_differences(X, target_probs, targets, W):
    check_function(chain(X, targets), W, rtol=1e-6)


@every_case
def test_jax(X, target_probs, targets, W):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)

    def loss(W):
        log_probs = jax.nn.log_softmax(X @ W.T)
        return -(target_probs * log_probs).sum() / (log_probs.size // log_probs.shape[-1])

    ours = chain(X, targets)
    assert_agree(ours(W), loss(W), 1e-12)
    assert_agree(ours.gradient(W), jax.grad(loss)(W), 1e-12)
    for held in (X, jax.numpy.asarray(X)):
        assert_agree(jax.jit(chain(held, targets).gradient)(W), ours.gradient(W), 1e-12)
    assert_agree(ours.hessian(W).to_dense(), jax.hessian(loss)(W).reshape(W.size, W.size), 1e-10)


@every_case
def test_torch(X, target_probs, targets, W):
    torch = pytest.importorskip("torch")
    weights = torch.tensor(W, requires_grad=True)
    logits = torch.atleast_2d(torch.tensor(X) @ weights.T)
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(np.atleast_2d(target_probs)))
    ours = chain(X, targets)
    assert_agree(ours(W), loss.detach(), 1e-12)
    assert_agree(ours.gradient(W), torch.autograd.grad(loss, weights)[0], 1e-12)
