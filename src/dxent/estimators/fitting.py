"""From rows to proved coefficients: picks coordinates and solver, follows the run, certifies the result."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dxent.data.blocks import Rows
from dxent.estimators.beginning import begin
from dxent.estimators.optimality import REASONS, Optimality
from dxent.estimators.run import Run, Settings, factorised
from dxent.estimators.search import search
from dxent.estimators.separation import Separation, find_separation
from dxent.evaluation import Evaluation
from dxent.objective.coefficients import effective, raw
from dxent.objective.objective import Objective
from dxent.objective.rank import null_space
from dxent.objective.scaling import Moments, coordinates
from dxent.solvers.base import Step

__all__ = ["Fit", "fit"]

Matrix = NDArray[np.float64]

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
    if columns.keep_digits:
        rows = rows.without_zeros()
    coords = coordinates(rows, columns, settings.strength, settings.intercept)
    gauge = None
    if settings.strength == 0 and rows.features <= RANK_FEATURES:
        gauge = null_space(rows, coords)
    objective = Objective.of(rows, coords, columns, settings.strength, gauge=gauge, seed=settings.seed)
    run = Run(objective, settings, "cold" if start is None else "warm")
    try:
        if start is None:
            begin(run)
        else:
            run.record(objective.evaluate(effective(objective, *start)))
        reason = search(run)
    except KeyboardInterrupt:
        if not run.trace:
            raise
        reason = "interrupted"
    return finish(run, reason)


def finish(run: Run, reason: str) -> Fit:
    """Round to the coefficients the user gets, and certify those."""
    objective, settings = run.objective, run.settings
    run.anchor = factorised(run.here) or run.anchor
    coef, intercept = raw(objective, run.here.point)
    certificate = run.certify(effective(objective, coef, intercept))
    here = run.here
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
