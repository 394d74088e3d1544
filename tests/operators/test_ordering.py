from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxent.functions import CrossEntropy, Linear, softmax
from dxent.functions import cost_report as function_costs
from dxent.operators import Dense, Row, cost_report
from dxent.operators.combine import Product
from dxent.operators.ordering import best_plan, multiply_out


def chain(lengths, seed=0):
    rng = np.random.default_rng(seed)
    return [Dense(rng.normal(size=(m, n)), (n,), (m,)) for m, n in pairwise(lengths)]


def textbook_cost(lengths):
    """The matrix-chain recursion as textbooks have it, for matrices without structure."""
    if len(lengths) == 2:
        return 0
    return min(
        textbook_cost(lengths[: k + 1]) + textbook_cost(lengths[k:]) + lengths[0] * lengths[k] * lengths[-1]
        for k in range(1, len(lengths) - 1)
    )


@given(st.lists(st.integers(1, 9), min_size=2, max_size=6))
def test_dense_chains_cost_what_the_textbook_says(lengths):
    factors = chain(lengths)
    assert cost_report(Product(tuple(factors))).chosen.multiplications == textbook_cost(lengths)
    matrices = [factor.matrix for factor in factors]
    expected = matrices[0] if len(matrices) == 1 else np.linalg.multi_dot(matrices)
    np.testing.assert_allclose(multiply_out(factors), expected, rtol=1e-10, atol=1e-12)


def test_textbook_example():
    # CLRS, 15.2: six matrices, 15125 multiplications.
    lengths = [30, 35, 15, 5, 10, 20, 25]
    report = cost_report(Product(tuple(chain(lengths))))
    assert report.chosen.multiplications == 15125
    assert report.chosen.bracketing == "((A (A A)) ((A A) A))"


def test_one_output_makes_reverse_mode_the_cheapest():
    x, W = np.arange(1.0, 6.0), np.ones((4, 5))
    J = (CrossEntropy(1) @ softmax @ Linear(x)).jacobian(W, simplify=False)
    report = cost_report(J)
    assert report.chosen.bracketing == report.reverse.bracketing == "((gᵀ (diag p − p pᵀ)) (I ⊗ xᵀ))"
    assert report.reverse.multiplications == 2 * 4 + 4 * 5
    # J X by applying Xᵀ to the four rows of J; then gᵀ (J X).
    assert report.forward.multiplications == 4 * (4 * 5) + 4 * 20
    assert report.forward.entries == 4 * 20
    assert report.reverse.entries == 20
    assert "reverse" in str(report)
    assert "28 multiplications" in str(report)


def test_one_input_makes_forward_mode_the_cheapest():
    factors = [*chain([9, 8, 7]), Row(np.ones(7)).T]
    report = cost_report(Product(tuple(factors)))
    assert report.chosen.multiplications == report.forward.multiplications < report.reverse.multiplications


def test_a_single_operator_needs_no_order():
    (A,) = chain([3, 2])
    assert best_plan([A]) == 0
    assert cost_report(A).chosen.multiplications == 0


@pytest.mark.parametrize("side", ["left", "right"])
def test_structured_factor_is_applied_not_formed(side):
    big = softmax.jacobian(np.zeros(300))
    thin = Dense(np.ones((300, 2)), (2,), (300,))
    operator = Product((big, thin)) if side == "left" else Product((thin.T, big))
    assert cost_report(operator).chosen.multiplications == 2 * big._cost()
    np.testing.assert_allclose(operator.to_dense(), 0.0, atol=1e-15)


def test_the_closed_form_is_cheaper_still():
    x, W = np.arange(1.0, 6.0), np.ones((4, 5))
    raw = CrossEntropy(1) @ softmax @ Linear(x)
    report = function_costs(raw, W)
    assert report.chosen.multiplications == 2 * 4 + 4 * 5
    assert report.closed_form.multiplications == 4 * 5
    assert "closed form" in str(report)
    assert function_costs(softmax @ Linear(x), W).closed_form is None
