"""Running the pages of the tutorial as the documentation does: cell by cell, in one namespace."""

import re
from pathlib import Path

import matplotlib.pyplot as plt

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorial"
CELL = re.compile(
    r"^```\{code-cell\} ipython3\n(---\n(?P<options>.*?)---\n)?(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)


def cells(name):
    """The cells of a page: their options, as text, and their code."""
    text = (TUTORIAL / f"{name}.md").read_text(encoding="utf-8")
    return [(match["options"] or "", match["code"]) for match in CELL.finditer(text)]


def run(name):
    """Run a page; return its variables, and for each cell whether it drew something."""
    variables, drew = {"__name__": name}, []
    plt.switch_backend("agg")
    for _, code in cells(name):
        exec(compile(code, f"{name}.md", "exec"), variables)
        for number in plt.get_fignums():
            plt.figure(number).canvas.draw()
        drew.append(bool(plt.get_fignums()))
        plt.close("all")
    return variables, drew
