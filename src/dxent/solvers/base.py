"""What a run of a solver leaves behind, and the loop that runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from dxent.evaluation import Evaluation

__all__ = ["Step", "descend"]


@dataclass(frozen=True)
class Step:
    """One entry of a fit's history, to about six digits where single precision was enough for the step."""

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
    here: Evaluation,
    iterates: Iterator[Evaluation],
    *,
    finished: Callable[[Evaluation], bool],
    max_iter: int,
    patience: int,
) -> tuple[Evaluation, str]:
    """Follow the iterates that a solver finds from ``here`` until one is ``finished``.

    Returns the last evaluation and why it is the last: "finished", "max_iter" or "rounding floor" (the solver
    found no step, or ``patience`` steps lowered no value by more than its rounding and halved no gradient).
    """
    least, flattest, idle = here.value, float(np.linalg.norm(here.gradient)), 0
    for _ in range(max_iter):
        following = next(iterates, None)
        if following is None:
            return here, "rounding floor"
        here = following
        if finished(here):
            return here, "finished"
        size = float(np.linalg.norm(here.gradient))
        idle = 0 if here.value < least - here.rounding or size < flattest / 2 else idle + 1
        if idle == patience:
            return here, "rounding floor"
        least, flattest = min(least, here.value), min(flattest, size)
    return here, "max_iter"
