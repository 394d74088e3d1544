"""Softmax classification and its derivatives, with a certified logistic regression.

A function knows its derivative as a structured linear map; composing functions multiplies those maps; the
objective of a classifier is the same composition summed over the rows of a table:

    loss = dxent.CrossEntropy(labels) @ dxent.softmax @ dxent.Linear(X)
    loss.gradient(W);  loss.hessian(W)
    dxent.LogisticRegression().fit(X, y).optimality_

A name is loaded when it is first used, so that ``import dxent`` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dxent import functions, operators, report, testing
    from dxent.errors import RankWarning
    from dxent.estimators import LogisticRegression, NotCertifiedWarning
    from dxent.estimators.persistence import load, save
    from dxent.functions import (
        Affine,
        BinaryCrossEntropy,
        Composition,
        CrossEntropy,
        Function,
        Linear,
        Logit,
        LogSigmoid,
        LogSoftmax,
        LogSumExp,
        Sigmoid,
        SigmoidCrossEntropy,
        Softmax,
        SoftmaxCrossEntropy,
        Softplus,
        function,
        log_sigmoid,
        log_softmax,
        logit,
        logsumexp,
        sigmoid,
        sigmoid_cross_entropy,
        softmax,
        softmax_cross_entropy,
        softplus,
    )
    from dxent.kernels.dispatch import show_config

    __version__: str

# In reading order: functions, losses, maps, bring your own, the estimator, trust, subpackages.
__all__ = [  # noqa: RUF022 (read top down, not by the alphabet)
    "softmax",
    "log_softmax",
    "logsumexp",
    "sigmoid",
    "log_sigmoid",
    "softplus",
    "logit",
    "Softmax",
    "LogSoftmax",
    "LogSumExp",
    "Sigmoid",
    "LogSigmoid",
    "Softplus",
    "Logit",
    "CrossEntropy",
    "BinaryCrossEntropy",
    "SoftmaxCrossEntropy",
    "SigmoidCrossEntropy",
    "softmax_cross_entropy",
    "sigmoid_cross_entropy",
    "Linear",
    "Affine",
    "Function",
    "Composition",
    "function",
    "LogisticRegression",
    "NotCertifiedWarning",
    "RankWarning",
    "save",
    "load",
    "show_config",
    "functions",
    "operators",
    "report",
    "testing",
    "__version__",
]

_SUBPACKAGES = {"functions", "operators", "report", "testing"}
_HOMES = {
    "LogisticRegression": "dxent.estimators",
    "NotCertifiedWarning": "dxent.estimators",
    "RankWarning": "dxent.errors",
    "save": "dxent.estimators.persistence",
    "load": "dxent.estimators.persistence",
    "show_config": "dxent.kernels.dispatch",
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562); all that is not listed in _HOMES is a function."""
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module 'dxent' has no attribute {name!r}")
    if name == "__version__":
        value: Any = import_module("importlib.metadata").version("dxent")
    elif name in _SUBPACKAGES:
        value = import_module(f"dxent.{name}")
    else:
        value = getattr(import_module(_HOMES.get(name, "dxent.functions")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted(__all__)
