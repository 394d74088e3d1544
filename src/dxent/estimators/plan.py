"""Which solvers to run one after the other, by what their steps cost on a problem of this size."""

from __future__ import annotations

from dxent.objective.objective import Objective
from dxent.objective.preconditioners import pass_work

__all__ = ["newton_passes", "plan"]

FIRST_STEPS = 100  # of a solver that another one follows
FEW_STEPS = 20  # of L-BFGS, where its vectors are as large as the data
MOVES = 4000.0  # multiplications, of large matrices, in the time of a step of L-BFGS for each parameter
NEWTON_PASSES = 6  # up to here, in passes for an exact Hessian, "auto" forms it at each step
PROOF_PASSES = 300  # up to here any solver's result is finished, and proved, with one
PROOF_PARAMETERS = 3000  # and up to here


def plan(objective: Objective, name: str, most: int) -> list[tuple[str, int]]:
    """Return the solvers to run for one of that name, each with the most steps it may take.

    "auto" picks what does best, as measured, on problems of this size. Where the parameters are few, Newton
    finishes for any solver.
    """
    passes = newton_passes(objective)
    if name == "auto" and passes <= NEWTON_PASSES:
        name = "newton"
    if name == "newton":
        return [("newton", most)]
    if objective.size <= PROOF_PARAMETERS and passes <= PROOF_PASSES:
        return [("lbfgs" if name == "auto" else name, FIRST_STEPS), ("newton", most)]
    if name == "auto":
        # far from the optimum remembered curvature beats repeated products with a Hessian about to change
        few = MOVES * objective.size > pass_work(objective)
        return [("lbfgs", FEW_STEPS if few else FIRST_STEPS), ("newton-cg", most)]
    return [(name, most)]


def newton_passes(objective: Objective) -> float:
    """Return what an exact Hessian costs, in passes over the data."""
    return float(objective.rows.samples * objective.size**2 / pass_work(objective))
