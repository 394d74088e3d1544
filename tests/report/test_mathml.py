"""Formulas from one line of text."""

from xml.etree import ElementTree

import pytest

from dxent.report import formulas
from dxent.report.mathml import mathml, plain

EVERY = [
    line
    for formula in (*formulas._FORMULAS.values(), *formulas._ONE_OUTPUT.values())
    for line in (formula.takes, formula.gives, formula.value, formula.derivative, formula.matrix)
    if line
] + [*formulas.REASONS.values(), *(form.gradient for form in formulas.CLOSED_FORMS.values())]


def test_plain():
    assert plain(r"p_j = \frac{e^{z_j}}{Σ_k e^{z_k}}") == "p_j = e^z_j / Σ_k e^z_k"
    assert plain("W_{ij}") == "W_ij"
    assert plain(r"\frac{1}{1 + e^{−z}}") == "1 / (1 + e^−z)"
    assert plain(r"\frac{p − t}{p (1 − p)}") == "(p − t) / (p (1 − p))"


def test_scripts_fractions_and_words():
    assert mathml("a_{ij}^2") == (
        '<math aria-label="a_ij^2"><mrow><msubsup><mi>a</mi><mrow><mi>i</mi><mi>j</mi></mrow><mn>2</mn>'
        "</msubsup></mrow></math>"
    )
    assert "<mfrac><mrow><mn>1</mn></mrow><mrow><mi>x</mi></mrow></mfrac>" in mathml(r"\frac{1}{x}")
    assert '<mi>log</mi><mspace width="0.2em"/><mi>p</mi>' in mathml("log p")
    assert '<msup><mi>x</mi><mi mathvariant="normal">T</mi></msup>' in mathml("xᵀ")


def test_what_is_no_formula_cannot_mark_up_a_page():
    assert "<script" not in mathml("y = <script>(x)")


def test_an_unfinished_formula_is_refused():
    with pytest.raises(ValueError, match="ends where something must follow"):
        mathml("x_")


@pytest.mark.parametrize("formula", EVERY)
def test_every_formula_is_well_formed(formula):
    root = ElementTree.fromstring(mathml(formula))
    assert {element.tag for element in root.iter()} <= {
        "math", "mrow", "mi", "mn", "mo", "mfrac", "msub", "msup", "msubsup", "mspace",
    }  # fmt: skip
    counts = {"mfrac": 2, "msub": 2, "msup": 2, "msubsup": 3}
    for element in root.iter():
        assert len(element) == counts.get(element.tag, len(element))
    assert "\\" not in plain(formula)
    assert "{" not in plain(formula)
