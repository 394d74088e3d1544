"""Other libraries in the form of a provider, as their users would write it; those that are installed."""

from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np


def installed():
    """Return a provider for each library there is."""
    found = {"scipy": scipy, "torch": torch, "jax": jax, "sklearn": sklearn}
    return {name: make() for name, make in found.items() if find_spec(name)}


def scipy():
    from scipy import special

    def chosen(x, y):
        return x[np.arange(len(y)), y]

    def gradient(x, y):
        p = special.softmax(x, axis=-1)
        p[np.arange(len(y)), y] -= 1
        return p

    def variance(x):
        p = special.softmax(x, axis=-1)
        return p * (1 - p)

    def product(x, v):
        p = special.softmax(x, axis=-1)
        return p * (v - np.sum(p * v, axis=-1, keepdims=True))

    return SimpleNamespace(
        softmax=lambda x: special.softmax(x, axis=-1),
        complement=lambda x: 1 - special.softmax(x, axis=-1),
        log_softmax=lambda x: special.log_softmax(x, axis=-1),
        logsumexp=lambda x: special.logsumexp(x, axis=-1),
        cross_entropy=lambda x, y: -chosen(special.log_softmax(x, axis=-1), y),
        gradient=gradient,
        variance=variance,
        product=product,
        sigmoid=special.expit,
        sigmoid_slope=lambda z: special.expit(z) * (1 - special.expit(z)),
        log_sigmoid=special.log_expit,
        softplus=lambda z: -special.log_expit(-z),
        loss_of_yes=lambda z: -special.log_expit(z),
        loss_of_no=lambda z: -special.log_expit(-z),
        gradient_of_yes=lambda z: special.expit(z) - 1,
        gradient_of_no=special.expit,
    )


def torch():
    import torch
    from torch.nn import functional

    def call(function):
        return lambda *arrays: function(*map(torch.from_numpy, arrays)).numpy()

    def derivative(function):
        def at(x, *rest):
            x = torch.from_numpy(x).requires_grad_()
            function(x, *map(torch.from_numpy, rest)).sum().backward()
            return x.grad.numpy()

        return at

    def loss(label):
        return lambda z: functional.binary_cross_entropy_with_logits(
            z, torch.full_like(z, label), reduction="none"
        )

    def softmax(x):
        return torch.softmax(x, -1)

    return SimpleNamespace(
        softmax=call(softmax),
        complement=call(lambda x: 1 - softmax(x)),
        log_softmax=call(lambda x: torch.log_softmax(x, -1)),
        logsumexp=call(lambda x: torch.logsumexp(x, -1)),
        cross_entropy=call(lambda x, y: functional.cross_entropy(x, y, reduction="none")),
        gradient=derivative(lambda x, y: functional.cross_entropy(x, y, reduction="none")),
        variance=call(lambda x: softmax(x) * (1 - softmax(x))),
        product=lambda x, v: torch.func.jvp(softmax, (torch.from_numpy(x),), (torch.from_numpy(v),))[
            1
        ].numpy(),
        sigmoid=call(torch.sigmoid),
        sigmoid_slope=derivative(torch.sigmoid),
        log_sigmoid=call(functional.logsigmoid),
        softplus=call(functional.softplus),
        loss_of_yes=call(loss(1.0)),
        loss_of_no=call(loss(0.0)),
        gradient_of_yes=derivative(loss(1.0)),
        gradient_of_no=derivative(loss(0.0)),
    )


def jax():
    import jax

    jax.config.update("jax_enable_x64", True)
    nn = jax.nn

    def loss(x, y):
        return -jax.numpy.take_along_axis(nn.log_softmax(x), y[:, None], axis=-1)[:, 0]

    def slope(function):
        return jax.grad(lambda z: function(z).sum())

    return SimpleNamespace(
        softmax=nn.softmax,
        complement=lambda x: 1 - nn.softmax(x),
        log_softmax=nn.log_softmax,
        logsumexp=lambda x: nn.logsumexp(x, axis=-1),
        cross_entropy=loss,
        gradient=jax.grad(lambda x, y: loss(x, y).sum()),
        variance=lambda x: nn.softmax(x) * (1 - nn.softmax(x)),
        product=lambda x, v: jax.jvp(nn.softmax, (x,), (v,))[1],
        sigmoid=nn.sigmoid,
        sigmoid_slope=slope(nn.sigmoid),
        log_sigmoid=nn.log_sigmoid,
        softplus=nn.softplus,
        loss_of_yes=lambda z: -nn.log_sigmoid(z),
        loss_of_no=lambda z: -nn.log_sigmoid(-z),
        gradient_of_yes=slope(lambda z: -nn.log_sigmoid(z)),
        gradient_of_no=slope(lambda z: -nn.log_sigmoid(-z)),
    )


def sklearn():
    from sklearn._loss.loss import HalfBinomialLoss, HalfMultinomialLoss

    def classes(x, y):
        return HalfMultinomialLoss(n_classes=x.shape[1]), {"y_true": y.astype(x.dtype), "raw_prediction": x}

    def cross_entropy(x, y):
        loss, arguments = classes(x, y)
        return loss.loss(**arguments)

    def gradient(x, y):
        loss, arguments = classes(x, y)
        return loss.gradient(**arguments)

    def of(what, label):
        loss = HalfBinomialLoss()
        return lambda z: getattr(loss, what)(y_true=np.full_like(z, label), raw_prediction=z)

    return SimpleNamespace(
        cross_entropy=cross_entropy,
        gradient=gradient,
        sigmoid_slope=lambda z: HalfBinomialLoss().gradient_hessian(np.zeros_like(z), z)[1],
        loss_of_yes=of("loss", 1.0),
        loss_of_no=of("loss", 0.0),
        gradient_of_yes=of("gradient", 1.0),
        gradient_of_no=of("gradient", 0.0),
    )
