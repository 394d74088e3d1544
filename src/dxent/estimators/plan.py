"""Which solvers to run one after the other, by what their steps cost on a problem of this size."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from dxent.objective.objective import Objective
from dxent.objective.preconditioners import hessian_work, pass_work, sampled_passes

__all__ = ["Stage", "Start", "newton_passes", "plan"]

FIRST_STEPS = 100  # of a solver that another one follows
PLAIN_STEPS = 2  # of Newton-CG without a preconditioner, which tell the scale of the optimum's logits
FEW_STEPS = 30  # of L-BFGS, where an exact Hessian would finish
FEWER_STEPS = 20  # of L-BFGS, where its vectors are as large as the data
MOVES = 4000.0  # multiplications, of large matrices, in the time of a step of L-BFGS for each parameter
NEWTON_PASSES = 20  # up to here, in passes for an exact Hessian, "auto" forms it at each step,
SAMPLED_NEWTON_PASSES = 9  # or here, after a sample: a preconditioner knows as much of the curvature
BINDING = 0.1  # of the curvature at the start: with less, fewer rows than parameters are fitted closely
DEAR = 16.0  # passes for a sampled Hessian, as of few rows, whose curvature collapses as they are fitted
PROOF_PASSES = 300  # up to here any solver's result is finished, and proved, with one,
PROOF_PARAMETERS = 3000  # if it has no more rows than this

Start = Literal["cold", "warm", "sample", "sampled"]
"""No weights at all; those of the last fit; any, in the search for a sample's optimum; and from there."""


@dataclass(frozen=True)
class Stage:
    """A solver, the most steps it may take, and how dear, in passes, the last may be."""

    solver: str
    steps: int
    passes: float = math.inf


def plan(objective: Objective, name: str, most: int, start: Start) -> list[Stage]:
    """Return the solvers to run, one after the other, for one of that name.

    Where the parameters are few, Newton finishes for any solver.
    """
    if name == "auto":
        return automatic(objective, most, start)
    if name == "newton" or not newton_can_finish(objective):
        return [Stage(name, most)]
    return [Stage(name, FIRST_STEPS), Stage("newton", most)]


def automatic(objective: Objective, most: int, start: Start) -> list[Stage]:
    """Return what does best, as measured, on problems of this size.

    The curvature of three classes or more may grow from the start to the optimum, and that of few rows
    collapses: either way the first whole Newton steps, and all that L-BFGS learns of them, mislead. Plain
    steps come first then, unless the start is warm; of two classes the curvature is next to the largest at
    the start.
    """
    passes, newton, warm = newton_passes(objective), Stage("newton", most), start in ("warm", "sampled")
    plain = Stage("plain newton-cg", PLAIN_STEPS)
    if passes <= (NEWTON_PASSES if start in ("cold", "warm") else SAMPLED_NEWTON_PASSES):
        return [plain, newton] if objective.rows.classes > 2 and not warm else [newton]
    # far from the optimum remembered curvature beats repeated products with a Hessian about to change
    if newton_can_finish(objective):
        sampled, few = sampled_passes(objective, objective.coordinates.shape[1]), Stage("lbfgs", FEW_STEPS)
        if sampled >= DEAR:
            few = replace(plain, steps=FIRST_STEPS, passes=sampled / 2)
        # where a step takes more products than two Hessians cost, those are the better buy
        return [few, Stage("newton-cg", FIRST_STEPS, 2 * passes), newton]
    long = MOVES * objective.size > pass_work(objective)
    stages = [Stage("lbfgs", FEWER_STEPS if long else FIRST_STEPS), Stage("newton-cg", most)]
    collapses = objective.rows.samples < objective.size and np.median(objective.penalty.strengths) < BINDING
    return [plain, *stages] if collapses and not warm else stages


def newton_can_finish(objective: Objective) -> bool:
    """Return whether the Hessian is small, and cheap, enough to finish, and prove, with it."""
    return objective.size <= PROOF_PARAMETERS and newton_passes(objective) <= PROOF_PASSES


def newton_passes(objective: Objective) -> float:
    """Return what an exact Hessian costs, in passes over the data."""
    return hessian_work(objective) / pass_work(objective)
