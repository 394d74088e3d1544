"""From rows to proved coefficients: picks coordinates and solver, follows the run, certifies the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dxent.data.blocks import Rows
from dxent.estimators.optimality import REASONS, Optimality
from dxent.estimators.plan import Stage, newton_passes, plan
from dxent.estimators.run import Run, Settings, factorised
from dxent.estimators.separation import Separation, find_separation
from dxent.evaluation import Evaluation, Problem
from dxent.objective.coefficients import effective, raw
from dxent.objective.objective import Objective
from dxent.objective.rank import null_space
from dxent.objective.scaling import Moments, coordinates
from dxent.solvers.base import Step, descend
from dxent.solvers.lbfgs import lbfgs
from dxent.solvers.newton import chord, newton
from dxent.solvers.newton_cg import newton_cg, plain_newton_cg

__all__ = ["Fit", "fit"]

Matrix = NDArray[np.float64]


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
RANK_FEATURES = 3000  # up to here linear dependence is looked for where nothing is penalised


@dataclass(frozen=True, eq=False)
class Fit:
    """The result: raw coefficients, what is proved of them, and how they were found."""

    coef: Matrix
    intercept: Matrix
    optimality: Optimality
    trace: tuple[Step, ...]
    dependent: NDArray[np.intp]  # columns that others determine, where nothing penalises them
    interrupted: bool
    separation: Separation | None  # why there is no optimum, where that was found


def fit(rows: Rows, columns: Moments, settings: Settings, start: tuple[Matrix, Matrix] | None) -> Fit:
    """Minimise the objective over the rows, from raw coefficients ``start`` or from the class shares.

    An interrupt (KeyboardInterrupt) ends the search; the result says so and holds the newest iterate.
    """
    coords = coordinates(rows, columns, settings.strength, settings.intercept)
    gauge = None
    if settings.strength == 0 and rows.features <= RANK_FEATURES:
        gauge = null_space(rows, coords)
    objective = Objective.of(rows, coords, columns, settings.strength, gauge=gauge, seed=settings.seed)
    first = objective.evaluate(objective.start() if start is None else effective(objective, *start))
    run = Run(objective, settings, first)
    run.record(first)
    try:
        reason = search(run)
    except KeyboardInterrupt:
        reason = "interrupted"
    return finish(run, reason)


def search(run: Run) -> str:
    """Run one solver after the other, from the newest iterate or the first; return why the last one ended."""
    first, reason = run.here, "finished"
    for stage in plan(run.objective, run.settings.solver, run.settings.max_iter):
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


def finish(run: Run, reason: str) -> Fit:
    """Round to the coefficients the user gets, and certify those."""
    objective, settings = run.objective, run.settings
    run.anchor = factorised(run.here) or run.anchor
    if run.left is not None and run.left.value < run.here.value:  # stopped before it was as far again
        run.here = run.left
    coef, intercept = raw(objective, run.here.point)
    here = objective.evaluate(effective(objective, coef, intercept))
    certificate = run.certificate(here)
    certified = certificate.relative_gap <= settings.tol
    why = "" if certified else explain(run, here, reason)
    optimality = Optimality(
        certified,
        certificate.relative_gap,
        certificate.gap_bound,
        certificate.coef_distance_bound,
        certificate.prob_factor_bound,
        certificate.method,
        REASONS[why],
    )
    norm = float(np.linalg.norm(here.gradient))
    last = Step(len(run.trace) - 1, here.value, norm, objective.count.passes)
    return Fit(
        coef,
        intercept,
        optimality,
        (*run.trace[:-1], last),
        dependent_columns(objective),
        reason == "interrupted",
        find_separation(objective, here) if why in ("separation", "no finite optimum found") else None,
    )


def explain(run: Run, here: Evaluation, reason: str) -> str:
    """Return why ``here`` is not proved, from why the search ended."""
    if reason in ("interrupted", "max_iter"):
        return reason
    if run.objective.strength > 0:
        return "rounding floor"
    return "separation" if run.separated(here) else "no finite optimum found"


def dependent_columns(objective: Objective) -> NDArray[np.intp]:
    """Return the columns that take part in a linear dependence."""
    gauge = objective.penalty.gauge
    if gauge is None:
        return np.zeros(0, np.intp)
    return np.flatnonzero(np.abs(gauge).max(axis=1) > 1e-8)
