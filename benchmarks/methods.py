"""Dxent and its peers: how each is asked for the same optimum, with more and more effort.

All minimise mean loss + ‖W‖²/(2 C n) with a free intercept, except those that penalise the intercept too.
Peers get a tolerance of next to nothing and a limit of iterations, so that a ladder of limits shows the way
down; glmnet's rungs are the inverses of its own threshold; dxent's rungs are tolerances, which it must prove.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import glmnet
import numpy as np
import scipy.sparse

__all__ = ["METHODS", "Fitted", "Method", "version"]

DOUBLING = tuple(2**k for k in range(24))
POWERS = tuple(10.0**k for k in range(3, 17))
TOLERANCES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-9, 1e-10)


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a fit gave; `proof` has what only dxent tells, `seconds` is for a fit in a process of its own."""

    coef: Any
    intercept: Any
    iterations: int
    seconds: float | None = None
    proof: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Method:
    """How to fit, the package that it needs, its rungs, and what it cannot do."""

    fit: Callable[[Any, Any, float, float], Fitted]
    package: str
    rungs: tuple[float, ...] = DOUBLING
    binary_only: bool = False
    dense_only: bool = False
    forms_hessian: bool = False
    penalises_intercept: bool = False

    @property
    def proves(self) -> bool:
        """Whether the rungs are tolerances that are proved."""
        return self.rungs is TOLERANCES

    def refuses(self, facts: dict[str, Any]) -> str:
        """Return why it is not tried on such a set, or nothing."""
        size = 8 * (facts["features"] * facts["classes"]) ** 2
        if self.binary_only and facts["classes"] > 2:
            return "binary only"
        if self.dense_only and facts["sparse"]:
            return "dense only"
        if self.forms_hessian and size > 2**32:
            return f"its Hessian needs {size / 2**30:,.0f} GiB"
        return ""


class Stamps(io.StringIO):
    """Notes when each line is written."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def write(self, text: str) -> int:
        """Note the time of a line's end."""
        self.times += [time.perf_counter()] * text.count("\n")
        return len(text)


def of_dxent(X: Any, y: Any, C: float, tol: float, fit_intercept: bool = True) -> Fitted:
    """Fit to a tolerance; the proof, and when each iteration had which objective."""
    import dxent

    stamps, start = Stamps(), time.perf_counter()
    with contextlib.redirect_stdout(stamps):
        model = dxent.LogisticRegression(C=C, tol=tol, verbose=1, fit_intercept=fit_intercept).fit(X, y)
    trace = [(at - start, step.objective) for at, step in zip(stamps.times, model.trace_, strict=False)]
    proof = {"gap_bound": model.optimality_.gap_bound, "passes": model.trace_[-1].passes}
    if tol == TOLERANCES[-1]:
        proof["trace"] = trace
    return Fitted(model.coef_, model.intercept_, int(model.n_iter_[0]), proof=proof)


def of_dxent_penalised(X: Any, y: Any, C: float, tol: float) -> Fitted:
    """Fit with the intercept as the weight of one more column."""
    ones = np.ones((X.shape[0], 1))
    wide = scipy.sparse.hstack([X, ones], format="csr") if scipy.sparse.issparse(X) else np.hstack([X, ones])
    fitted = of_dxent(wide, y, C, tol, fit_intercept=False)
    return Fitted(fitted.coef[:, :-1], fitted.coef[:, -1], fitted.iterations, proof=fitted.proof)


def of_scikit_learn(solver: str) -> Callable[[Any, Any, float, float], Fitted]:
    """Return a fit with one of scikit-learn's solvers."""

    def fit(X: Any, y: Any, C: float, limit: float) -> Fitted:
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=C, solver=solver, tol=1e-15, max_iter=int(limit)).fit(X, y)
        return Fitted(model.coef_, model.intercept_, int(np.max(model.n_iter_)))

    return fit


def of_intelex(X: Any, y: Any, C: float, limit: float) -> Fitted:
    """Fit with scikit-learn-intelex."""
    from sklearnex.linear_model import LogisticRegression

    model = LogisticRegression(C=C, tol=0.0, max_iter=int(limit)).fit(X, y)
    return Fitted(model.coef_, model.intercept_, int(np.max(model.n_iter_)))


def of_cyanure(X: Any, y: Any, C: float, limit: float) -> Fitted:
    """Fit with cyanure, which chooses its solver; an iteration is a pass over the data."""
    from cyanure.estimators import Classifier

    classes, labels = np.unique(y, return_inverse=True)
    model = Classifier(
        loss="logistic" if len(classes) == 2 else "multiclass-logistic",
        lambda_1=1 / (C * len(y)),
        fit_intercept=True,
        tol=1e-15,
        max_iter=int(limit),
        verbose=False,
    ).fit(X, 2 * labels - 1 if len(classes) == 2 else labels)
    return Fitted(np.reshape(model.coef_, (X.shape[1], -1)).T, np.ravel(model.intercept_), int(limit))


def of_torch(X: Any, y: Any, C: float, limit: float) -> Fitted:
    """Fit with PyTorch's L-BFGS, full batches and the strong Wolfe line search, in float64."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

    classes, labels = np.unique(y, return_inverse=True)
    rows, outputs = torch.from_numpy(np.ascontiguousarray(X)), 1 if len(classes) == 2 else len(classes)
    targets = torch.from_numpy(labels)
    W = torch.zeros(outputs, X.shape[1], dtype=torch.float64, requires_grad=True)
    b = torch.zeros(outputs, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [W, b],
        max_iter=int(limit),
        max_eval=4 * int(limit),
        tolerance_grad=0,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Any:
        optimizer.zero_grad()
        logits = rows @ W.T + b
        if outputs == 1:
            loss = binary_cross_entropy_with_logits(logits[:, 0], targets.to(torch.float64))
        else:
            loss = cross_entropy(logits, targets)
        loss = loss + (W * W).sum() / (2 * C * len(labels))
        loss.backward()
        return loss

    optimizer.step(closure)
    return Fitted(W.detach().numpy(), b.detach().numpy(), optimizer.state[W]["n_iter"])


def of_glmnet(X: Any, y: Any, C: float, limit: float) -> Fitted:
    """Fit with glmnet; the limit is the inverse of its threshold."""
    labels = np.unique(y, return_inverse=True)[1]
    weights, seconds = glmnet.fit(X, labels, 1 / (C * len(labels)), 1 / limit)
    return Fitted(weights[:, 1:], weights[:, 0], int(limit), seconds)


METHODS = {
    "dxent": Method(of_dxent, "dxent", TOLERANCES),
    "scikit-learn lbfgs": Method(of_scikit_learn("lbfgs"), "scikit-learn", DOUBLING[3:]),
    "scikit-learn newton-cg": Method(of_scikit_learn("newton-cg"), "scikit-learn"),
    "scikit-learn newton-cholesky": Method(
        of_scikit_learn("newton-cholesky"), "scikit-learn", forms_hessian=True
    ),
    "scikit-learn saga": Method(of_scikit_learn("saga"), "scikit-learn", DOUBLING[2:]),
    "scikit-learn-intelex": Method(of_intelex, "scikit-learn-intelex", DOUBLING[3:], dense_only=True),
    "cyanure": Method(of_cyanure, "cyanure", DOUBLING[2:]),
    "PyTorch L-BFGS": Method(of_torch, "torch", DOUBLING[3:], dense_only=True),
    "glmnet": Method(of_glmnet, "glmnet", POWERS, dense_only=True),
    "dxent, intercept penalised": Method(
        of_dxent_penalised, "dxent", TOLERANCES, binary_only=True, penalises_intercept=True
    ),
    "liblinear": Method(
        of_scikit_learn("liblinear"), "scikit-learn", binary_only=True, penalises_intercept=True
    ),
}


def version(package: str) -> str:
    """Return the version that is installed, or nothing."""
    if package == "glmnet":
        return glmnet.version()
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(package)
    return ""


warnings.filterwarnings("ignore")  # that a limit was reached is what is asked for
