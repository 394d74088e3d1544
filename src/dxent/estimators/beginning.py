"""Where the search begins: near the optimum of a sample of the rows, where one tells and saves time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dxent.estimators.run import Run
from dxent.estimators.search import search
from dxent.objective.objective import Objective
from dxent.objective.preconditioners import pass_work

__all__ = ["begin"]

SHARE = 16  # of the rows, one in so many is drawn
ROWS_A_PARAMETER = 7  # of a sample, at least
ROWS_A_COLUMN = 16  # of a sample, that tell a column from a constant one
MOST_UNSEEN = 1 / 3  # of the columns
LONG = 1 << 24  # a pass whose work is less takes no longer than what Python does between passes
PRECISE = 0.1  # of a sample's own error, below which nothing is gained


def begin(run: Run) -> None:
    """Record where to start from: the optimum of a sample of the rows, where one tells, or no weights at all.

    The optimum of m rows is worse than that of all by about the number of parameters over 2 m, in nats: a few
    steps, each for a fraction of the price, save several. The sample starts from one of its own.
    """
    objective, settings = run.objective, run.settings
    if not sample_pays(objective):
        run.record(objective.evaluate(objective.start()))
        return
    rows = objective.rows.sample(SHARE, settings.seed)
    tol = max(settings.tol, PRECISE * objective.size / (2 * rows.samples) / objective.start_value)
    sample = Run(objective.of_rows(rows), replace(settings, tol=tol, verbose=False), "sample")
    try:
        begin(sample)
        search(sample)
    finally:  # an interrupted search has got somewhere, too
        objective.count.passes += sample.objective.count.passes // SHARE
        here = objective.evaluate(sample.here.point if sample.trace else objective.start())
        if here.value <= objective.start_value:
            run.start = "sampled"
        else:
            here = objective.evaluate(objective.start())
        run.record(here)


def sample_pays(objective: Objective) -> bool:
    """Return whether a sample of the rows tells, and saves, enough.

    Of two classes Newton takes few steps from no weights at all, and as many from those that a sample makes
    too large, for columns which it hardly sees.
    """
    samples, strength = objective.rows.samples, objective.strength
    few = samples < SHARE * ROWS_A_PARAMETER * objective.size
    if strength == 0 or few or pass_work(objective) < LONG:
        return False
    squares = objective.moments.square(objective.coordinates.intercept)
    free = squares * objective.rows.variance_of_shares > strength
    rare = samples * squares < SHARE * ROWS_A_COLUMN * objective.moments.span**2
    return objective.rows.classes > 2 or bool(np.mean(free & rare) <= MOST_UNSEEN)
