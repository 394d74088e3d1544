"""The checks of `dxent check`: what was compared, how far apart it was, and how far it may be.

Every error is relative to the largest entry compared, or to the function's value if that is larger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from dxent.functions import Composition, Function
from dxent.operators import LinearOperator
from dxent.report.differences import by_complex_step, by_differences
from dxent.report.textbook import Known
from dxent.testing import check_function, check_operator

__all__ = ["Finding", "Group", "check_functions", "check_operators", "error", "finding"]

Numbers = NDArray[Any]

VALUE, STEP, SLOPES, CURVATURE = "value", "J, complex step", "J, differences", "H, differences"
FUNCTION_LIMITS = {VALUE: 1e-13, STEP: 1e-12, SLOPES: 1e-7, CURVATURE: 1e-7}
OPERATOR_LIMITS = {"matrix": 1e-12, "A v": 1e-12, "Aᵀ u": 1e-12}


@final
@dataclass(frozen=True)
class Finding:
    """The errors found in one subject; a fault is a sentence, and empty where all is well."""

    subject: str
    errors: Mapping[str, float]
    fault: str


@final
@dataclass(frozen=True)
class Group:
    """Findings with the same comparisons, and the limit of each."""

    title: str
    limits: Mapping[str, float]
    findings: tuple[Finding, ...]


def check_functions(title: str, functions: Mapping[str, Known]) -> Group:
    """Compare values and derivatives with the textbook, with a complex step and with differences."""
    return Group(
        title,
        FUNCTION_LIMITS,
        tuple(finding(name, FUNCTION_LIMITS, _function_errors, known) for name, known in functions.items()),
    )


def check_operators(operators: Mapping[str, tuple[LinearOperator, Numbers]]) -> Group:
    """Compare matrices with the same written down another way, and products with those of the matrix."""
    return Group(
        "Operators",
        OPERATOR_LIMITS,
        tuple(finding(name, OPERATOR_LIMITS, _operator_errors, *pair) for name, pair in operators.items()),
    )


def finding(
    subject: str, limits: Mapping[str, float], measure: Callable[..., Mapping[str, float]], *of: Any
) -> Finding:
    """Measure one subject; what it raises is its fault, as is an error beyond its limit."""
    try:
        errors = measure(*of)
    except Exception as refusal:
        return Finding(subject, {}, f"{type(refusal).__name__}: {refusal}".removeprefix("AssertionError: "))
    beyond = [f"{name}: {errors[name]:.1e}" for name in errors if not errors[name] <= limits[name]]
    return Finding(subject, errors, f"too far apart: {', '.join(beyond)}" if beyond else "")


def error(found: Any, expected: Any, floor: float = 0.0) -> float:
    """Return the largest difference relative to the largest entry, or to `floor` if that is larger."""
    found, expected = np.asarray(found), np.asarray(expected)
    if not found.size:
        return 0.0
    return float(np.abs(found - expected).max() / (max(np.abs(expected).max(), floor) or 1.0))


def _function_errors(known: Known) -> dict[str, float]:
    f, x = known.f, known.x
    check_function(f, x)
    y, J = f.linearize(x)
    jacobian = J.to_dense()
    directions, floor = np.eye(x.size).reshape(-1, *x.shape), float(np.abs(y).max(initial=0.0))
    errors = {}
    if known.formula is not None:
        errors[VALUE] = error(y, known.formula(x))
        errors[STEP] = error(jacobian, by_complex_step(known.formula, x), floor)
    errors[SLOPES] = error(jacobian, by_differences(f, x, directions), floor)
    if isinstance(f, Composition) or type(f).weighted_hessian is not Function.weighted_hessian:
        weights = np.random.default_rng(1).standard_normal(y.shape)
        numeric = by_differences(lambda at: f.linearize(at)[1].T.mv(weights), x, directions)
        scale = float(np.abs(J.T.mv(weights)).max(initial=0.0))
        errors[CURVATURE] = error(f.weighted_hessian(x, weights).to_dense(), numeric, scale)
    return errors


def _operator_errors(A: LinearOperator, dense: Numbers) -> dict[str, float]:
    check_operator(A)
    rng = np.random.default_rng(1)
    v, u = rng.standard_normal(A.in_shape), rng.standard_normal(A.out_shape)
    return {
        "matrix": error(A.to_dense(), dense),
        "A v": error(np.ravel(A.mv(v)), dense @ v.ravel()),
        "Aᵀ u": error(np.ravel(A.T.mv(u)), dense.T @ u.ravel()),
    }
