"""Each rule of the algebra keeps the matrix, and none is idle: it fires on some pair of cases."""

from itertools import product

import numpy as np
import pytest

from cases.operators import CASES
from dxent.operators import Diagonal, Identity, Product, Row, Scaled, Sum, Transpose, Zero
from dxent.operators.rules import PRODUCT_RULES, SCALING_RULES, SUM_RULES, TRANSPOSE_RULES

OPERATORS = [A for A, _ in CASES.values()]
OPERATORS += [A.T for A in OPERATORS if A.in_shape != A.out_shape]
OPERATORS += [Identity(A.in_shape) for A in OPERATORS] + [Zero(A.in_shape, A.out_shape) for A in OPERATORS]
OPERATORS += [Diagonal(np.full(A.in_shape, 3.0)) for A in OPERATORS[:40]]
OPERATORS += [Scaled(2.0, A) for A in OPERATORS[:40]]


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rule", PRODUCT_RULES, ids=lambda rule: rule.formula)
def test_product_rule(rule):
    pairs = [
        (A, B) for A, B in product(OPERATORS, OPERATORS) if A.in_shape == B.out_shape and rule.matches(A, B)
    ]
    assert pairs
    for A, B in pairs[:200]:
        result = rule.result(A, B)
        assert (result.in_shape, result.out_shape) == (B.in_shape, A.out_shape)
        close(result.to_dense(), A.to_dense() @ B.to_dense())


@pytest.mark.parametrize("rule", SUM_RULES, ids=lambda rule: rule.formula)
def test_sum_rule(rule):
    pairs = [
        (A, B)
        for A, B in product(OPERATORS, OPERATORS)
        if (A.in_shape, A.out_shape) == (B.in_shape, B.out_shape) and rule.matches(A, B)
    ]
    assert pairs
    for A, B in pairs[:200]:
        close(rule.result(A, B).to_dense(), A.to_dense() + B.to_dense())


@pytest.mark.parametrize("rule", SCALING_RULES, ids=lambda rule: rule.formula)
def test_scaling_rule(rule):
    pairs = [(c, A) for c, A in product((1, 1.0, -2.5), OPERATORS) if rule.matches(c, A)]
    assert pairs
    for c, A in pairs:
        close(rule.result(c, A).to_dense(), c * A.to_dense())


@pytest.mark.parametrize("rule", TRANSPOSE_RULES, ids=lambda rule: rule.formula)
def test_transpose_rule(rule):
    operators = [A for A in OPERATORS if rule.matches(A, None)]
    assert operators
    for A in operators:
        close(rule.result(A, None).to_dense(), A.to_dense().T)


def test_rules_meet_their_new_neighbours():
    g, D = Row(np.array([1.0, 2.0])), Diagonal(np.array([3.0, 4.0]))
    collapsed = (g @ D) @ Identity((2,)) @ D
    assert isinstance(collapsed, Row)
    close(collapsed.gradient, [9.0, 32.0])


def test_zero_terms_disappear():
    A = CASES["dense"][0]
    assert A + Zero((2, 3), (4,)) is A
    assert isinstance(A + A + Zero((2, 3), (4,)), Sum)
    assert isinstance(A.T @ Zero((4,), (4,)) @ A, Zero)


def test_nodes_where_no_rule_applies():
    A, J = CASES["dense"][0], CASES["softmax"][0]
    assert isinstance(J @ A, Product)
    assert isinstance(J + J, Sum)
    assert isinstance(2.0 * J, Scaled)
    assert isinstance(A.T, Transpose)
    assert len((A.T @ J @ A).factors) == 3


def test_shapes_that_do_not_fit_are_named():
    A, J = CASES["dense"][0], CASES["softmax_rows"][0]
    with pytest.raises(ValueError, match=r"takes shape \(3, 4\).*gives \(4,\)"):
        J @ A
    with pytest.raises(ValueError, match=r"maps \(3, 4\) → \(3, 4\).*maps \(2, 3\) → \(4,\)"):
        J + A
    with pytest.raises(ValueError, match=r"takes arrays of shape \(2, 3\), not \(3, 2\)"):
        A @ np.zeros((3, 2))
