"""The search for the optimum: one solver after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dxent.estimators.plan import Stage, newton_passes, plan
from dxent.estimators.run import Run, factorised
from dxent.evaluation import Evaluation, Problem
from dxent.solvers.base import descend
from dxent.solvers.lbfgs import lbfgs
from dxent.solvers.newton import chord, newton
from dxent.solvers.newton_cg import newton_cg, plain_newton_cg

__all__ = ["search"]


@dataclass(frozen=True)
class Solver:
    """A solver, how many steps it may need to halve the gradient near the optimum, and if it takes many."""

    iterates: Callable[[Problem, Evaluation], Iterator[Evaluation]]
    patience: int
    takes_many: bool = False


SOLVERS = {
    "newton": Solver(newton, 5),
    "newton-cg": Solver(newton_cg, 5),
    "plain newton-cg": Solver(plain_newton_cg, 20),
    "lbfgs": Solver(lbfgs, 50, takes_many=True),
}
COARSE = 1e-6  # whoever tolerates as much wants it soon
FAR = 0.1  # a relative gap from which many steps lead to the optimum


def search(run: Run) -> str:
    """Run one solver after the other, from the newest iterate or the first; return why the last one ended."""
    reason = "finished"
    for stage in plan(run.objective, run.settings.solver, run.settings.max_iter, run.start):
        # Newton takes a step even from a point that is proved, where that costs little: it ends at rounding
        if (stage.solver == "newton" and polished(run)) or not run.proved(run.here):
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
    """Run one solver from the newest iterate, and return why it ended.

    Where its many steps begin far from the optimum, the first need gradients of a few digits only.
    """
    run.objective.count.rough = SOLVERS[stage.solver].takes_many and run.is_far(run.here, FAR)
    reason = descended(run, stage)
    if run.settle() and reason == "rounding floor":  # that of single precision
        reason = descended(run, stage)
    return reason


def descended(run: Run, stage: Stage) -> str:
    """Take the steps of one solver from the newest iterate, and return why they ended."""
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
