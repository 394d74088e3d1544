"""Every rule of the two tables, tried on all samples that it matches.

Nothing is listed by hand: a rule is checked as soon as it is in its table, and fails if no sample matches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

import numpy as np

from dxent.functions import Function
from dxent.functions.rules import RULES
from dxent.operators import LinearOperator
from dxent.operators.rules import PRODUCT_RULES, SCALING_RULES, SUM_RULES, TRANSPOSE_RULES, Rule
from dxent.report.checks import Group, error, finding
from dxent.report.textbook import Known

__all__ = ["check_cancellations", "check_operator_rules"]

FORMED = {"both sides as matrices": 1e-12}
COLLAPSED = {"value": 1e-12, "Jacobian": 1e-10, "Hessian": 1e-10}


def check_operator_rules(samples: Iterable[LinearOperator]) -> Group:
    """Compare both sides of every operator rule, as matrices."""
    samples = tuple(samples)
    tried: dict[str, tuple[list[Rule], list[tuple[Any, Any, Any]]]] = {
        "product": (PRODUCT_RULES, [
            (A, B, A.to_dense() @ B.to_dense())
            for A, B in product(samples, repeat=2) if A.in_shape == B.out_shape
        ]),
        "sum": (SUM_RULES, [
            (A, B, A.to_dense() + B.to_dense())
            for A, B in product(samples, repeat=2)
            if (A.in_shape, A.out_shape) == (B.in_shape, B.out_shape)
        ]),
        "scaling": (SCALING_RULES, [(c, A, c * A.to_dense()) for c, A in product((1.0, -2.5), samples)]),
        "transpose": (TRANSPOSE_RULES, [(A, None, A.to_dense().T) for A in samples]),
    }  # fmt: skip
    findings = [
        finding(f"{name}: {rule.formula}", FORMED, _rule_errors, rule, cases)
        for name, (rules, cases) in tried.items()
        for rule in rules
    ]
    return Group("Rules for operators", FORMED, tuple(findings))


def check_cancellations(functions: Mapping[str, Known]) -> Group:
    """Compare every closed form with the chain that it replaces, on the given inner functions and points."""
    findings = [
        finding(
            f"{outer.__name__} ∘ {inner.__name__}",
            COLLAPSED,
            _cancellation_errors,
            outer,
            inner,
            functions,
        )
        for outer, inner in RULES
    ]
    return Group("Rules for functions", COLLAPSED, tuple(findings))


def _rule_errors(rule: Rule, cases: Iterable[tuple[Any, Any, Any]]) -> dict[str, float]:
    errors = [error(rule.result(A, B).to_dense(), expected) for A, B, expected in cases if rule.matches(A, B)]
    if not errors:
        raise LookupError("no known operators match this rule: add some to known_operators")
    return {"both sides as matrices": max(errors)}


def _cancellation_errors(
    outer: type[Function], inner: type[Function], functions: Mapping[str, Known]
) -> dict[str, float]:
    errors = [
        _chain_errors(f.f, g.f, g.x)
        for f, g in product(functions.values(), repeat=2)
        if (type(f.f), type(g.f)) == (outer, inner) and RULES[outer, inner](f.f, g.f) is not None
    ]
    if not errors:
        raise LookupError("no known functions match this rule: add some to known_functions")
    return {name: max(each[name] for each in errors) for name in COLLAPSED}


def _chain_errors(f: Function, g: Function, x: Any) -> dict[str, float]:
    chain = f @ g
    (value, J), (raw_value, raw_J) = (chain.linearize(x, simplify=rewritten) for rewritten in (True, False))
    weights = np.random.default_rng(1).standard_normal(np.shape(value))
    H, raw_H = (chain.weighted_hessian(x, weights, simplify=rewritten) for rewritten in (True, False))
    return {
        "value": error(value, raw_value),
        "Jacobian": error(J.to_dense(), raw_J.to_dense()),
        "Hessian": error(H.to_dense(), raw_H.to_dense(), 1.0),
    }
