"""What a run of a solver leaves behind, and the loop that runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from dxent.evaluation import Evaluation

__all__ = ["Step", "descend"]

IDLE_STEPS = 5  # with neither the value lower by more than its rounding nor the gradient halved


@dataclass(frozen=True)
class Step:
    """One entry of a fit's history."""

    iteration: int
    objective: float
    gradient_norm: float
    passes: int  # over the data, since the start of the fit

    def __str__(self) -> str:
        return (
            f"iteration {self.iteration}: objective {self.objective:.12g}, "
            f"gradient {self.gradient_norm:.1e}, {self.passes} passes"
        )


def descend(
    iterates: Iterator[Evaluation],
    *,
    finished: Callable[[Evaluation], bool],
    passes: Callable[[], int],
    trace: list[Step],
    max_iter: int,
    verbose: bool,
) -> tuple[Evaluation, str]:
    """Follow the iterates until one is ``finished``, and append each to ``trace``.

    Returns the last evaluation and why it is the last: "finished", "max_iter" or "rounding floor" (nothing
    improves any more). An interrupt is the caller's to catch: ``trace`` and whatever ``finished`` kept
    survive it.
    """
    least, flattest, idle = np.inf, np.inf, 0
    for here in iterates:
        trace.append(Step(len(trace), here.value, float(np.linalg.norm(here.gradient)), passes()))
        if verbose:
            print(trace[-1])
        idle = 0 if here.value < least - here.rounding or trace[-1].gradient_norm < flattest / 2 else idle + 1
        if idle == IDLE_STEPS:
            return here, "rounding floor"
        least, flattest = min(least, here.value), min(flattest, trace[-1].gradient_norm)
        if finished(here):
            return here, "finished"
        if len(trace) > max_iter:
            return here, "max_iter"
    return here, "rounding floor"
