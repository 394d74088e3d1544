"""Gap against time: one figure a set, one panel a C."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from methods import METHODS
from summary import Problem, gaps, proves, reference

__all__ = ["draw"]

FLOOR = 1e-13
# Colours that remain apart for the colour-blind (Okabe & Ito 2008), and a grey.
PALETTE = ("#000000", "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#999999")
# The same in every figure; the few that penalise the intercept have figures of their own.
PENALISED = [name for name, method in METHODS.items() if method.penalises_intercept]
FREE = [name for name in METHODS if name not in PENALISED]
COLOURS = dict(zip(FREE + PENALISED, PALETTE + PALETTE, strict=False))
# The same file for the same numbers.
STYLE = {
    "svg.hashsalt": "dxent",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.grid": True,
    "grid.alpha": 0.3,
}


def draw(problems: list[Problem], path: Path) -> None:
    """Draw the panels of one set."""
    matplotlib.use("svg")
    from matplotlib import pyplot

    with matplotlib.rc_context(STYLE):
        figure, axes = pyplot.subplots(
            1, len(problems), figsize=(3.2 * len(problems) + 1.8, 3.2), sharey=True, squeeze=False
        )
        for axis, problem in zip(axes[0], problems, strict=True):
            panel(axis, problem)
        axes[0][0].set_ylabel("relative gap to the optimum")
        handles = {
            text: handle
            for axis in axes[0]
            for handle, text in zip(*axis.get_legend_handles_labels(), strict=True)
        }
        figure.legend(handles.values(), handles.keys(), loc="outside right center", frameon=False)
        figure.set_layout_engine("constrained")
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


def panel(axis, problem: Problem) -> None:
    """Draw the curves of one problem."""
    optimum = reference(problem.curves).optimum
    for curve in problem.curves:
        if not curve["runs"]:
            continue
        name, colour = curve["method"], COLOURS[curve["method"]]
        seconds = [np.median(run["seconds"]) for run in curve["runs"]]
        heights = np.maximum(gaps(curve, optimum), FLOOR)
        bold = {"linewidth": 2.2, "zorder": 3} if proves(curve) else {"linewidth": 1.2}
        label = f"{name}, proved" if proves(curve) else name
        axis.loglog(seconds, heights, "o-", markersize=3, color=colour, label=label, **bold)
        if trace := curve["runs"][-1].get("trace"):
            times, objectives = np.transpose(trace)
            way = np.maximum((objectives - optimum) / optimum, FLOOR)
            axis.loglog(times, way, ":", color=colour, label="dxent, iterations of one fit")
    axis.set_title(f"C = {problem.C:g}")
    axis.set_xlabel("seconds")
    axis.set_ylim(FLOOR / 2, None)
