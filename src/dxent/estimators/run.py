"""A search as it goes on: its iterates, and whether the newest is proved optimal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from dxent.estimators.separation import margins
from dxent.evaluation import Evaluation
from dxent.objective.certificate import Certificate, duality_bound, self_concordance_bound
from dxent.objective.hessian import ObjectiveHessian
from dxent.objective.objective import Objective
from dxent.solvers.base import Step

__all__ = ["Run", "Settings", "factorised"]


@dataclass(frozen=True)
class Settings:
    """What the user asked for."""

    strength: float  # λ on the mean loss
    intercept: bool
    solver: str
    tol: float
    max_iter: int
    seed: int
    verbose: bool = False


@dataclass(eq=False)
class Run:
    """Follows a search: records each iterate, keeps the newest, and tries to prove it optimal."""

    objective: Objective
    settings: Settings
    here: Evaluation
    anchor: Evaluation | None = None  # the newest iterate whose Hessian has been factorised
    left: Evaluation | None = None  # an iterate from which the search did not go on
    trace: list[Step] = field(default_factory=list)

    def restart(self, first: Evaluation) -> None:
        """Go on from ``first``; the iterate that was the newest is kept."""
        self.left, self.here = self.here, first

    def record(self, here: Evaluation) -> None:
        """Make ``here`` the newest iterate."""
        self.anchor = factorised(self.here) or self.anchor
        self.here = here
        norm = float(np.linalg.norm(here.gradient))
        self.trace.append(Step(len(self.trace), here.value, norm, self.objective.count.passes))
        if self.settings.verbose:
            print(self.trace[-1])

    def finished(self, here: Evaluation) -> bool:
        """Record an iterate, and return whether there is no need, or no sense, in going on."""
        self.record(here)
        return self.separated(here) or self.proved(here)

    def proved(self, here: Evaluation) -> bool:
        """Return whether ``here`` is proved optimal to the tolerance."""
        return self.promising(here) and any(
            bound.relative_gap <= self.settings.tol for bound in self.bounds(here)
        )

    def bounds(self, here: Evaluation) -> Iterator[Certificate]:
        """Yield what each bound that applies proves, the dearest one last."""
        if self.anchor is None:
            yield duality_bound(self.objective, here)
            return
        assert isinstance(self.anchor.hessian, ObjectiveHessian)
        yield self_concordance_bound(self.objective, self.anchor, here, self.anchor.hessian.column_reach)
        yield duality_bound(self.objective, here)
        yield self_concordance_bound(self.objective, self.anchor, here, self.anchor.hessian.row_reach)

    def certificate(self, here: Evaluation) -> Certificate:
        """Return what the bounds prove together; the dearest one is needed only where others fail."""
        certificate = Certificate.none()
        for bound in self.bounds(here):
            certificate = certificate.meet(bound)
            if certificate.relative_gap <= self.settings.tol and certificate.prob_factor_bound < np.inf:
                break
        return certificate

    def promising(self, here: Evaluation) -> bool:
        """Return whether a bound can be small enough: each costs more than the term it starts from."""
        coords, enough = self.objective.coordinates, 2 * self.settings.tol * here.value
        if self.anchor is not None:
            assert isinstance(self.anchor.hessian, ObjectiveHessian)
            if np.sum(self.anchor.hessian.factor.half_solve(here.gradient) ** 2) <= 2 * enough:
                return True
        slopes = here.gradient.reshape(coords.shape)[:, : len(coords.scale)] * coords.scale
        return float(np.sum(slopes**2)) <= enough * self.objective.strength

    def separated(self, here: Evaluation) -> bool:
        """Return whether the iterate proves that no finite optimum exists: λ = 0, and every row is right."""
        if self.objective.strength > 0:
            return False
        assert isinstance(here.hessian, ObjectiveHessian)
        return all(
            bool(np.all(margins(probs, block.labels)[block.sample_weight > 0] > 1e-6))
            for block, probs in zip(self.objective.rows.blocks, here.hessian.probs, strict=True)
        )


def factorised(here: Evaluation | None) -> Evaluation | None:
    """Return the evaluation if its Hessian has been factorised."""
    return here if here is not None and "factor" in vars(here.hessian) else None
