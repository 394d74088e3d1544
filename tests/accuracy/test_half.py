"""Half precision, float16 and bfloat16, is computed in more and rounded once, in PyTorch and in JAX."""

import numpy as np
import pytest

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

pytestmark = pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
LIBRARIES = ["torch", "jax.numpy"]
LABELS = np.random.default_rng(0).integers(0, 50, 20)
EVENTS = (LABELS[:, None] == np.arange(50)).astype(float)
SUMS = {
    "softmax": SoftmaxCrossEntropy(LABELS, reduction="sum"),
    "sigmoid": SigmoidCrossEntropy(EVENTS, reduction="sum"),
}
FUNCTIONS = {
    **{str(f): f for f in (softmax, log_softmax, logsumexp, sigmoid, log_sigmoid, softplus)},
    "product": lambda x: softmax.jacobian(x).mv(x),
    "losses": SoftmaxCrossEntropy(LABELS, reduction="none"),
    **{f"{name} loss": f for name, f in SUMS.items()},
    **{f"{name} gradient": f.gradient for name, f in SUMS.items()},
}


def numbers(library, x):
    """The entries of an array of half precision, exactly, in float64."""
    return x.detach().double().numpy() if library == "torch" else np.asarray(x.astype("float32"), float)


def logits(library, dtype):
    xp = pytest.importorskip(library)
    x = 4 * np.random.default_rng(1).normal(size=(20, 50))
    return xp, xp.asarray(x, dtype=getattr(xp, dtype))


def rounded_once(xp, library, found, exact):
    """Assert that no entry is off by more than half of a unit in the last place, and a little."""
    info = xp.finfo(found.dtype)
    binade = 2.0 ** np.floor(np.log2(np.maximum(np.abs(exact), float(info.tiny))))
    assert (np.abs(numbers(library, found) - exact) <= 0.51 * float(info.eps) * binade).all()


@pytest.mark.parametrize("library", LIBRARIES)
def test_row_6_functions_and_derivatives(library, dtype):
    xp, x = logits(library, dtype)
    for f in FUNCTIONS.values():
        found = f(x)
        assert found.dtype == x.dtype
        rounded_once(xp, library, found, f(numbers(library, x)))


@pytest.mark.parametrize("library", LIBRARIES)
def test_row_6_autodiff(library, dtype):
    xp, x = logits(library, dtype)
    for loss in SUMS.values():
        if library == "torch":
            x = x.detach().requires_grad_()
            (found,) = xp.autograd.grad(loss(x), x)
        else:
            import jax

            found = jax.grad(loss)(x)
        rounded_once(xp, library, found, loss.gradient(numbers(library, x)))


@pytest.mark.parametrize("library", LIBRARIES)
def test_row_6_sums_of_many(library, dtype):
    xp = pytest.importorskip(library)
    x = xp.zeros(70_000, dtype=getattr(xp, dtype))
    rounded_once(xp, library, softmax(x), np.full(70_000, 1 / 70_000))
    rounded_once(xp, library, logsumexp(x), np.log(70_000))
