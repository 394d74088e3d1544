"""Write docs/checklist.md: each statement of the tutorials, and the tests that hold it.

    python tools/checklist.py

A test bears the id of its statement in its name: ``test_E9_…``.
"""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "checklist.md"

SOURCES = {
    "E": "E. Bendersky, The Softmax function and its derivative, and its code",
    "P": "P. Roelants, Logistic classification with cross-entropy",
    "Q": "P. Roelants, Softmax classification with cross-entropy",
    "R": "P. Roelants, How to implement a neural network, parts 2 and 4",
}

STATEMENTS = {
    "E1": "Softmax maps N numbers to N numbers, e^a_j / Σ e^a_k.",
    "E2": "They lie between 0 and 1 and add to 1.",
    "E3": "The order of the inputs is kept; ties stay ties.",
    "E4": "softmax([1, 2, 3]) = [0.09, 0.24, 0.67].",
    "E5": "softmax([1, 2, 5]) gives the largest input 94 %: a soft maximum.",
    "E6": "Read as probabilities, they are fitted by maximum likelihood.",
    "E7": "The formula as written overflows above 709.78 (float32: 88.72).",
    "E8": "A constant added to every input changes nothing.",
    "E9": "Shifted by the maximum, large negative inputs become 0, nothing becomes NaN.",
    "E10": "The zeros are not true; the logarithms keep what is lost.",
    "E11": "softmax([2945, 2945.5]) = [0.3775, 0.6225].",
    "E12": "In a batch each row has its own maximum to shift by.",
    "E13": "The derivative is the N × N matrix of the partial derivatives.",
    "E14": "On the diagonal S_i (1 − S_i).",
    "E15": "Off the diagonal −S_j S_i.",
    "E16": "In one formula S_i (δ_ij − S_j).",
    "E17": "As matrices diag S − S Sᵀ.",
    "E18": "It agrees with centred differences.",
    "E19": "It is symmetric, has rank N − 1, is positive semidefinite, and ignores constant shifts.",
    "E20": "A layer is differentiated as a function of its weights, not of its input.",
    "E21": "Its Jacobian is I ⊗ xᵀ, T × N·T, of which (T − 1)/T are zeros.",
    "E22": "The softmax layer P(W) = softmax(W x).",
    "E23": "The chain rule: DP = D softmax · Dg, (T × T)(T × N·T).",
    "E24": "Its entries are S_t (δ_ti − S_i) x_j.",
    "E25": "The product equals the closed form, in small cases and for N = 80, T = 10.",
    "E26": "DP has no zeros, though one factor is sparse; S and x say it all.",
    "E27": "xent(Y, P) = −Σ Y_k log P_k, for numbers that need not add to 1.",
    "E28": "Its Jacobian has the one entry −1/P_y.",
    "E29": "The whole chain is 1 × N·T.",
    "E30": "It collapses to (S_i − δ_iy) x_j.",
    "E31": "The logarithm of softmax in two steps gives ∞ where the loss is 1000.",
    "E32": "For a batch with an L2 penalty the gradient is Xᵀ(P − Y)/k + β W.",
    "E33": "The binary loss is not clipped: 800 at logit −800.",
    "E34": "The tutorial's code calls a tie positive.",
    "E35": "Independent binary models give probabilities that do not add to 1; softmax's do.",
    "E36": "Descent along a constant gradient g: θ_i = θ_0 − i·rate·g.",
    "E37": "A column that never varies is scaled by 1.",
    "P1": "σ(z) = 1/(1 + e^−z) rises from 0 to 1; σ(−z) = 1 − σ(z).",
    "P2": "The probability of the other class keeps its digits: 4.2e-18 at z = 40.",
    "P3": "The log-odds are z.",
    "P4": "σ′ = σ (1 − σ), at most 1/4, even, finite at ±800.",
    "P5": "The likelihood of independent events is a product.",
    "P6": "Its logarithm has the same maximum and does not underflow.",
    "P7": "Cross-entropy is the negative log-likelihood.",
    "P8": "−log y where t = 1, −log(1 − y) where t = 0.",
    "P9": "It is 0 where right and unbounded where wrong.",
    "P10": "It is convex in the weights of a logistic model.",
    "P11": "dξ/dy = (y − t)/(y (1 − y)).",
    "P12": "dξ/dz = y − t, also where the product of the factors is NaN.",
    "Q1": "y_c = e^z_c / Σ e^z_d: the denominator makes the sum 1.",
    "Q2": "For two classes y is a surface over the two logits, σ(z_1 − z_2).",
    "Q3": "∂y_i/∂z_j by cases: y_i (1 − y_i) and −y_i y_j.",
    "Q4": "The diagonal is the logistic derivative; two classes reduce to it.",
    "Q5": "The likelihood of a one-hot target is Π y_c^t_c.",
    "Q6": "The loss of two classes is the logistic loss.",
    "Q7": "The loss of a batch is the sum of the samples' losses.",
    "Q8": "∂ξ/∂z = y − t, if the targets add to 1; (Σ t) y − t in general.",
    "Q9": "It has the form of the logistic result.",
    "Q10": "Without the shift the code overflows at 710.",
    "R1": "One neuron: x · y(1 − y) · (y − t)/(y(1 − y)) = x (y − t).",
    "R2": "The text averages the gradient, the code adds it; the numbers shown are the sum's.",
    "R3": "The maximum of the likelihood is at w = (2.228, 1.040), with 2 + 4 errors.",
    "R4": "Without a bias the boundary passes through the origin.",
    "R5": "Back-propagation through a hidden layer is the chain rule.",
    "R6": "Momentum takes the loss from 69.474 to 0.3808 in 300 steps, with no errors.",
    "R7": "Rounding a probability of one half gives class 0.",
}


def tests_by_id() -> dict[str, list[str]]:
    """Return for each id the tests that bear it, as pytest names them."""
    found: dict[str, list[str]] = {}
    for path in sorted(REPOSITORY.glob("tests/**/test_*.py")):
        place = path.relative_to(REPOSITORY).as_posix()
        for statement, name in re.findall(
            r"^def test_([EPQR]\d+)_(\w+)", path.read_text("utf-8"), re.MULTILINE
        ):
            found.setdefault(statement, []).append(f"{place}::test_{statement}_{name}")
    return found


def page() -> str:
    """Return the page."""
    tests = tests_by_id()
    lines = ["# The tutorials, statement by statement", "", "Written by `tools/checklist.py`."]
    for letter, source in SOURCES.items():
        lines += ["", f"## {source}", "", "| | statement | test |", "|---|---|---|"]
        for statement, words in STATEMENTS.items():
            if statement.startswith(letter):
                names = "<br>".join(f"`{name}`" for name in tests.get(statement, ["**none**"]))
                lines.append(f"| {statement} | {words} | {names} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
