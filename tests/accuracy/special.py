"""What the functions and their derivatives are at infinity, at NaN, at the ends of the range: one table.

    python -m accuracy.special        writes docs/special-values.md, with tests/ on the path

Tests compare every function with it, in every kernel and array library, and the page with this file.
"""

import math
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "special-values.md"
INF, NAN, LOG_2, LOG_3 = math.inf, math.nan, math.log(2), math.log(3)
S, L = 1 / (1 + math.e), math.log1p(1 / math.e)
V = S * (1 - S)
MAX = "max"
"""Stands for the largest number of a dtype."""

ROW_FUNCTIONS = ("softmax", "log_softmax", "logsumexp", "cross_entropy", "gradient", "variance")
UNDEFINED = [NAN] * 3
FIRST = ([1, 0, 0], [0, -INF, -INF], INF, 0, [0, 0, 0], [0, 0, 0])

# A row of logits → its softmax, log_softmax, logsumexp; loss and gradient for the first class; p (1 − p).
ROWS = [
    ([0.0], ([1], [0], 0, 0, [0], [0])),
    ([INF], ([1], [0], INF, 0, [0], [0])),
    ([-INF], ([NAN], [NAN], -INF, NAN, [NAN], [NAN])),
    ([-INF, 0, 1], ([0, S, 1 - S], [-INF, -1 - L, -L], 1 + L, INF, [-1, S, 1 - S], [0, V, V])),
    ([INF, 0, 1], FIRST),
    ([INF, -INF, 0], FIRST),
    ([0, INF, 1], ([0, 1, 0], [-INF, 0, -INF], INF, INF, [-1, 1, 0], [0, 0, 0])),
    ([INF, INF, 0], (UNDEFINED, UNDEFINED, INF, NAN, UNDEFINED, UNDEFINED)),
    ([-INF, -INF, -INF], (UNDEFINED, UNDEFINED, -INF, NAN, UNDEFINED, UNDEFINED)),
    ([NAN, 0, 1], (UNDEFINED, UNDEFINED, NAN, NAN, UNDEFINED, UNDEFINED)),
    ([0, NAN, INF], (UNDEFINED, UNDEFINED, NAN, NAN, UNDEFINED, UNDEFINED)),
    ([MAX, "-max", 0], ([1, 0, 0], [0, -INF, "-max"], MAX, 0, [0, 0, 0], [0, 0, 0])),
    ([MAX, MAX, MAX], ([1 / 3] * 3, [-LOG_3] * 3, MAX, LOG_3, [-2 / 3, 1 / 3, 1 / 3], [2 / 9] * 3)),
    ([0, -800], ([1, 0], [0, -800], 0, 0, [0, 0], [0, 0])),
]  # fmt: skip

# The same where entries, here None, are left out by `where=`.
LEFT_OUT = [
    ([None, 0, 1], ([0, S, 1 - S], [-INF, -1 - L, -L], 1 + L, INF, [0, S, 1 - S], [0, V, V])),
    ([0, None, 1], ([S, 0, 1 - S], [-1 - L, -INF, -L], 1 + L, 1 + L, [S - 1, 0, 1 - S], [V, 0, V])),
    ([0, None, None], ([1, 0, 0], [0, -INF, -INF], 0, 0, [0, 0, 0], [0, 0, 0])),
    ([INF, None, 0], FIRST),
    ([-INF, None, 0], ([0, 0, 1], [-INF, -INF, 0], 0, INF, [-1, 0, 1], [0, 0, 0])),
    ([-INF, None, -INF], ([NAN, 0, NAN], [NAN, -INF, NAN], -INF, NAN, [NAN, 0, NAN], [NAN, 0, NAN])),
    ([None, None, None], ([0, 0, 0], [-INF] * 3, -INF, 0, [0, 0, 0], [0, 0, 0])),
]

POINT_FUNCTIONS = (
    "sigmoid",
    "sigmoid_slope",
    "sigmoid_curvature",
    "log_sigmoid",
    "softplus",
    "loss_of_yes",
    "loss_of_no",
    "gradient_of_yes",
    "gradient_of_no",
)

# A margin → the value of each of these.
POINTS = [
    (0.0, (0.5, 0.25, 0, -LOG_2, LOG_2, LOG_2, LOG_2, -0.5, 0.5)),
    (-0.0, (0.5, 0.25, 0, -LOG_2, LOG_2, LOG_2, LOG_2, -0.5, 0.5)),
    (800, (1, 0, 0, 0, 800, 0, 800, 0, 1)),
    (-800, (0, 0, 0, -800, 0, 800, 0, -1, 0)),
    (MAX, (1, 0, 0, 0, MAX, 0, MAX, 0, 1)),
    ("-max", (0, 0, 0, "-max", 0, MAX, 0, -1, 0)),
    (INF, (1, 0, 0, 0, INF, 0, INF, 0, 1)),
    (-INF, (0, 0, 0, -INF, 0, INF, 0, -1, 0)),
    (NAN, (NAN,) * 9),
]

HEAD = """\
# Special values

Where a function has a limit at infinity it has that value there; where it has none it is NaN. One +∞ takes
all of a row; two have no limit, nor has a row of −∞. NaN spoils its own row only. `max` is the largest number
of the dtype. No entry comes with a warning. Loss and gradient are for the first class.

A mask `where=` leaves out the entries shown as –, whatever they hold: probability 0, log-probability −∞, no
derivative, no part in label smoothing. A row without any entry has logsumexp −∞ and loss 0, and does not
count in the mean. In a loss 0 · log 0 = 0: what a target does not ask for costs nothing.

The tests compare this table with every kernel and array library. Written by `python -m accuracy.special`.
"""


def numbers(values, largest):
    """Return values of the table as numbers of a dtype."""
    if isinstance(values, list | tuple):
        return [numbers(value, largest) for value in values]
    return float({MAX: largest, "-max": -largest}.get(values, values))


def text(value):
    """Return a value as the page shows it."""
    if isinstance(value, list):
        return "[" + ", ".join(map(text, value)) + "]"
    if value is None:
        return "–"
    return (value if isinstance(value, str) else f"{value:.4g}").replace("inf", "∞").replace("-", "−")


def table(first, names, cases):
    """Return the lines of a table."""
    lines = ["", f"| {first} | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for point, values in cases:
        lines.append("| " + " | ".join(text(value) for value in (point, *values)) + " |")
    return lines


def page():
    """Return the page."""
    lines = [*table("logits", ROW_FUNCTIONS, ROWS + LEFT_OUT), *table("z", POINT_FUNCTIONS, POINTS)]
    return "\n".join([HEAD.rstrip(), *lines]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
