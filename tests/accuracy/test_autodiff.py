"""Inside PyTorch's and JAX's autodiff the functions and their derivatives are as accurate as outside."""

from functools import cache

import numpy as np
import pytest

from accuracy import autodiff, families
from accuracy.measures import POINTS, ROWS, measure_points, measure_rows, references
from dxent.functions import SoftmaxCrossEntropy, log_softmax, logsumexp, sigmoid, softmax, softplus

# PyTorch tells, from inside torch.func, that torch.jit goes away.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")

LIBRARIES = {"torch": autodiff.torch, "jax": autodiff.jax}

# XLA flushes subnormal numbers to zero: neither results nor what they are made of may be that small.
FLUSHED = ("down to the subnormal", "subnormal")
SPREAD = 650

# JAX transposes the product with the softmax Jacobian itself, without the origin that keeps the last digits;
# and its tanh is off by more than NumPy's.
EXCEPTED = {"jax": {"product", "sigmoid_curvature"}, "torch": set()}


@cache
def rows():
    kept = families.rows("float64", 4, spread=SPREAD)
    return {name: (family, references(family)) for name, family in kept.items() if name not in FLUSHED}


@pytest.fixture(params=LIBRARIES)
def library(request):
    pytest.importorskip(request.param)
    return request.param


def test_values_and_gradients_of_rows(library):
    provider = LIBRARIES[library]()
    for name in sorted(ROWS.keys() & vars(provider).keys() - EXCEPTED[library]):
        for family, (inputs, exact) in rows().items():
            errors = measure_rows(provider, name, inputs, exact)
            assert errors.keeps(ROWS[name].allowed["float64"]), (name, family, str(errors))


def test_logistic_functions_and_their_derivatives(library):
    provider = LIBRARIES[library]()
    for name in sorted(POINTS.keys() & vars(provider).keys() - EXCEPTED[library]):
        for family, z in families.points("float64", 20).items():
            if library == "jax" and family.startswith(FLUSHED):
                continue
            errors = measure_points(provider, name, z)
            assert errors.keeps(POINTS[name].allowed["float64"]), (name, family, str(errors))


X = np.array([[40.0, 0.0, 1.0], [1.0, 2.0, -1.0], [-50.0, 0.0, 3.0]])
LOSS = SoftmaxCrossEntropy(np.array([0, 0, 1]))


def test_hessians_of_torch():
    torch = pytest.importorskip("torch")
    x = torch.tensor(X)
    for found in (torch.autograd.functional.hessian(LOSS, x), torch.func.hessian(LOSS)(x)):
        np.testing.assert_allclose(found.reshape(9, 9).numpy(), LOSS.hessian(X).to_dense(), rtol=1e-14)


def test_hessians_of_jax():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    for hessian in (jax.hessian, lambda f: jax.jacrev(jax.jacrev(f)), lambda f: jax.jit(jax.hessian(f))):
        found = np.asarray(hessian(LOSS)(X)).reshape(9, 9)
        np.testing.assert_allclose(found, LOSS.hessian(X).to_dense(), rtol=1e-14)


@pytest.mark.parametrize("f", [softmax, log_softmax, logsumexp, sigmoid, softplus], ids=str)
def test_derivatives_of_every_order_and_mode_in_torch(f):
    torch = pytest.importorskip("torch")
    x = torch.randn(
        (2, 4), dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True
    )
    assert torch.autograd.gradcheck(f, x, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(f, x, check_fwd_over_rev=True)
    by_row = torch.func.vmap(torch.func.jacrev(f))(x)
    dense = f.jacobian(x[1].detach().numpy()).to_dense().reshape(by_row[1].shape)
    np.testing.assert_allclose(by_row[1].detach(), dense, rtol=1e-13)


def test_operators_work_where_torch_hides_the_numbers():
    torch = pytest.importorskip("torch")
    x = torch.tensor(X)
    found = torch.func.vmap(lambda row: softmax.jacobian(row).mv(row))(x)
    np.testing.assert_array_equal(found, softmax.jacobian(x).mv(x))


@pytest.mark.parametrize("name", ["torch", "array_api_strict"])
def test_products_with_subnormal_probabilities_keep_their_digits(name):
    xp, v = pytest.importorskip(name), np.array([0.0, 2.0**100])
    found = softmax.jacobian(xp.asarray([0.0, -740.0], dtype=xp.float64)).mv(xp.asarray(v))
    np.testing.assert_allclose(np.asarray(found), softmax.jacobian([0.0, -740.0]).mv(v), rtol=1e-15)


@pytest.mark.parametrize("f", [softmax, log_softmax, logsumexp, sigmoid, softplus], ids=str)
def test_derivatives_of_every_order_and_mode_in_jax(f):
    jax = pytest.importorskip("jax")
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)
    x = np.random.default_rng(0).normal(size=(2, 4))
    check_grads(f, (x,), order=2, modes=["fwd", "rev"], rtol=1e-4)
    by_row = np.asarray(jax.vmap(jax.jacfwd(f))(x))
    np.testing.assert_allclose(by_row[1], f.jacobian(x[1]).to_dense().reshape(by_row[1].shape), rtol=1e-13)


def test_masked_entries_have_no_gradient(library):
    mask = np.array([[True, False, True], [False, False, False], [True, True, True]])
    if library == "torch":
        import torch

        x = torch.tensor(X, requires_grad=True)
        softmax(x, where=torch.tensor(mask))[:, 0].sum().backward()
        found = x.grad.numpy()
    else:
        import jax

        jax.config.update("jax_enable_x64", True)
        found = np.asarray(jax.grad(lambda a: softmax(a, where=mask)[:, 0].sum())(X))
    np.testing.assert_array_equal(found[~mask], 0.0)
    assert np.isfinite(found).all()


def test_losses_of_masked_rows(library):
    mask = np.array([[True, False, True], [False, False, False], [True, True, True]])
    loss = SoftmaxCrossEntropy(np.array([0, 0, 1]), where=mask)
    holes = np.where(mask, X, np.nan)
    if library == "torch":
        import torch

        x = torch.tensor(holes, requires_grad=True)
        loss(x).backward()
        first, second = x.grad.numpy(), torch.func.hessian(loss)(x).detach().numpy()
    else:
        import jax

        jax.config.update("jax_enable_x64", True)
        by_hand = jax.jit(lambda a, m: SoftmaxCrossEntropy(loss.targets, where=m)(a))
        first, second = jax.grad(by_hand)(holes, mask), jax.hessian(by_hand)(holes, mask)
    np.testing.assert_allclose(np.asarray(first), loss.gradient(holes), rtol=1e-14)
    np.testing.assert_allclose(np.reshape(second, (9, 9)), loss.hessian(holes).to_dense(), rtol=1e-13)


def test_labels_where_jax_has_no_64_bits():
    jax = pytest.importorskip("jax")
    with jax.enable_x64(False):
        x, labels = jax.numpy.asarray(X), jax.numpy.asarray([0, 0, 1])
        for targets in (labels, labels.astype("float32"), labels.astype("uint32"), np.array([0, 0, 1])):
            loss = SoftmaxCrossEntropy(targets)
            found = jax.jit(jax.grad(loss))(x)
            np.testing.assert_allclose(found, LOSS.gradient(X), rtol=1e-6)
        with pytest.raises(ValueError, match="from 0 to 2: found 3 at index 1"):
            SoftmaxCrossEntropy(jax.numpy.asarray([0, 3, 1]))(x)
        wrong = jax.jit(lambda y: SoftmaxCrossEntropy(y, reduction="none")(x))(labels - 1)
        np.testing.assert_array_equal(np.isnan(wrong), [True, True, False])
