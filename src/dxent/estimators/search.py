"""The search for the optimum: one solver after the other, first over a sample of the rows where that pays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from dxent.estimators.plan import WEAK, Stage, hardly_penalised, newton_passes, plan
from dxent.estimators.run import Run, factorised
from dxent.evaluation import Evaluation, Problem
from dxent.objective.objective import Objective
from dxent.objective.preconditioners import pass_work
from dxent.solvers.base import descend
from dxent.solvers.lbfgs import lbfgs
from dxent.solvers.newton import chord, newton
from dxent.solvers.newton_cg import newton_cg, plain_newton_cg

__all__ = ["begin", "search"]


@dataclass(frozen=True)
class Solver:
    """A solver, and how many steps it may need to halve the gradient near the optimum."""

    iterates: Callable[[Problem, Evaluation], Iterator[Evaluation]]
    patience: int


SOLVERS = {
    "newton": Solver(newton, 5),
    "newton-cg": Solver(newton_cg, 5),
    "plain newton-cg": Solver(plain_newton_cg, 20),
    "lbfgs": Solver(lbfgs, 50),
}
COARSE = 1e-6  # whoever tolerates as much wants it soon
SHARE = 16  # of the rows, one in so many is drawn; where the penalty binds, one in eight if they are few
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
    share = share_drawn(objective)
    if not share:
        run.record(objective.evaluate(objective.start()))
        return
    rows = objective.rows.sample(share, settings.seed)
    tol = max(settings.tol, PRECISE * objective.size / (2 * rows.samples))
    sample = Run(objective.of_rows(rows), replace(settings, tol=tol, verbose=False))
    try:
        begin(sample)
        search(sample)
    finally:  # an interrupted search has got somewhere, too
        objective.count.passes += sample.objective.count.passes // share
        here = objective.evaluate(sample.here.point if sample.trace else objective.start())
        run.warm = here.value <= objective.start_value
        run.record(here if run.warm else objective.evaluate(objective.start()))


def share_drawn(objective: Objective) -> int:
    """Return of how many rows one is drawn, or 0 where the sample would tell or save too little.

    Of two classes Newton takes few steps from no weights at all, and as many from those that a sample makes
    too large, for columns which it hardly sees.
    """
    samples, strength = objective.rows.samples, objective.strength
    share = min(SHARE, samples // (ROWS_A_PARAMETER * objective.size))
    least = SHARE if hardly_penalised(objective, WEAK) else SHARE // 2
    if strength == 0 or share < least or pass_work(objective) < LONG:
        return 0
    squares = objective.moments.square(objective.coordinates.intercept)
    free = squares * objective.rows.variance_of_shares > strength
    rare = samples * squares < share * ROWS_A_COLUMN * objective.moments.span**2
    seen = objective.rows.classes > 2 or np.mean(free & rare) <= MOST_UNSEEN
    return share if seen else 0


def search(run: Run) -> str:
    """Run one solver after the other, from the newest iterate or the first; return why the last one ended."""
    first, reason = run.here, "finished"
    for stage in plan(run.objective, run.settings.solver, run.settings.max_iter, run.warm):
        # Newton takes a step even from a point that is proved, where that costs little: it ends at rounding
        if (stage.solver == "newton" and polished(run)) or not run.proved(run.here):
            if stage.afresh:
                run.restart(first)
            reason = follow(run, stage)
            if run.separated(run.here):
                return reason
    anchor = factorised(run.here) or run.anchor
    if reason == "finished" and anchor is not None and polished(run):
        for here in chord(run.objective, anchor, run.here):
            run.here = here
    return reason


def polished(run: Run) -> bool:
    """Return whether to go on beyond the proof: the tolerance is small, and a Hessian no dear one."""
    cheap = newton_passes(run.objective) <= run.objective.count.passes
    return cheap and run.settings.tol < COARSE


def follow(run: Run, stage: Stage) -> str:
    """Run one solver from the newest iterate, and return why it ended."""
    solver = SOLVERS[stage.solver]

    def finished(here: Evaluation) -> bool:
        before = run.trace[-1].passes
        return run.finished(here) or run.trace[-1].passes - before > stage.passes

    _, reason = descend(
        run.here,
        solver.iterates(run.objective, run.here),
        finished=finished,
        max_iter=min(stage.steps, run.settings.max_iter + 1 - len(run.trace)),
        patience=solver.patience,
    )
    return reason
