"""Write docs/rules.md: the simplifications of operators and of functions, from their tables.

python tools/rules.py
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

from dxent.functions.rules import RULES
from dxent.operators.rules import PRODUCT_RULES, SCALING_RULES, SUM_RULES, TRANSPOSE_RULES, Rule
from dxent.report.formulas import REASONS
from dxent.report.mathml import plain
from dxent.report.textbook import known_functions

PAGE = Path(__file__).resolve().parents[1] / "docs" / "rules.md"

TABLES = {
    "Products": PRODUCT_RULES,
    "Sums": SUM_RULES,
    "Multiples": SCALING_RULES,
    "Transposes": TRANSPOSE_RULES,
}

INTRODUCTION = """# The rules

Written by `tools/rules.py` from the tables in `dxent/functions/rules.py` and `dxent/operators/rules.py`.
`dxent check` compares both sides of each.

## Functions

`simplify` replaces two neighbours of a composition by the one function that they are. What is evaluated is
always the simplified chain; `simplify=False` shows the raw one.

| neighbours | become | because |
|---|---|---|"""

OPERATORS = """
## Operators

The first rule that matches is applied wherever two operators meet; J is a `SoftmaxJacobian`, g a `Row`."""


def function_rules() -> list[str]:
    """Return a line for each cancellation, with the names of functions that it matches."""
    known = [one.f for one in known_functions().values()]
    lines = []
    for pair, result in RULES.items():
        outer, inner = next((f, g) for f, g in product(known, repeat=2) if (type(f), type(g)) == pair)
        lines.append(f"| `{outer} ∘ {inner}` | `{result(outer, inner)}` | {plain(REASONS.get(pair, ''))} |")
    return lines


def operator_rules(title: str, rules: list[Rule]) -> list[str]:
    """Return a section with a line for each rule."""
    return [f"\n### {title}\n", *(f"- {rule.formula}" for rule in rules)]


def page() -> str:
    """Return the page."""
    sections = [line for title, rules in TABLES.items() for line in operator_rules(title, rules)]
    return "\n".join([INTRODUCTION, *function_rules(), OPERATORS, *sections]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
