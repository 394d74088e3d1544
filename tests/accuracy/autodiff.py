"""This package inside the autodiff of PyTorch and of JAX, in the form of providers."""

from types import SimpleNamespace

import numpy as np

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


def _losses(labels, reduction="sum"):
    return SoftmaxCrossEntropy(labels, reduction=reduction)


def _events(label):
    return lambda z: SigmoidCrossEntropy(np.full(z.shape, label), reduction="sum")(z)


def torch():
    """Return values and derivatives by torch.autograd."""
    import torch

    def call(function):
        return lambda x, *rest: function(torch.from_numpy(x), *rest).detach().numpy()

    def derivative(function):
        def at(x, *rest):
            x = torch.from_numpy(x).requires_grad_()
            (slope,) = torch.autograd.grad(function(x, *rest).sum(), x)
            return slope.numpy()

        return at

    def second(function):
        def slope(x):
            x.requires_grad_()
            return torch.autograd.grad(function(x).sum(), x, create_graph=True)[0]

        return derivative(slope)

    def product(x, v):
        x = torch.from_numpy(x).requires_grad_()
        return torch.autograd.grad(softmax(x), x, torch.from_numpy(v))[0].numpy()

    return _provider(call, derivative, second, product)


def jax():
    """Return values and derivatives by jax.grad, compiled."""
    import jax

    jax.config.update("jax_enable_x64", True)

    def call(function):
        return lambda x, *rest: np.asarray(jax.jit(lambda a: function(a, *rest))(x))

    def derivative(function):
        return lambda x, *rest: np.asarray(jax.jit(jax.grad(lambda a: function(a, *rest).sum()))(x))

    def second(function):
        return derivative(jax.grad(lambda a: function(a).sum()))

    def product(x, v):
        return np.asarray(jax.jit(lambda a, b: jax.vjp(softmax, a)[1](b)[0])(x, v))

    return _provider(call, derivative, second, product)


def _provider(call, derivative, second, product):
    return SimpleNamespace(
        softmax=call(softmax),
        log_softmax=call(log_softmax),
        logsumexp=call(logsumexp),
        cross_entropy=call(lambda x, y: _losses(y, "none")(x)),
        gradient=derivative(lambda x, y: _losses(y)(x)),
        product=product,
        sigmoid=call(sigmoid),
        sigmoid_slope=derivative(sigmoid),
        sigmoid_curvature=second(sigmoid),
        log_sigmoid=call(log_sigmoid),
        softplus=call(softplus),
        gradient_of_yes=derivative(_events(1.0)),
        gradient_of_no=derivative(_events(0.0)),
    )
