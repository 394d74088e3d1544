"""A search as it goes on: its iterates, and whether the newest is proved optimal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dxent.estimators.plan import Start
from dxent.estimators.separation import margins
from dxent.evaluation import Evaluation
from dxent.objective.certificate import Certificate, carried
from dxent.objective.duality import duality_bound, duality_estimate
from dxent.objective.hessian import ObjectiveHessian
from dxent.objective.objective import Objective
from dxent.objective.self_concordance import self_concordance_bound
from dxent.operators.vectors import norm
from dxent.solvers.base import Step

__all__ = ["Run", "Settings", "factorised"]

Vector = NDArray[np.float64]

MARGIN = 30.0
"""Times the tolerance: a gap a few steps away from it."""


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
    start: Start = "cold"
    here: Evaluation = field(init=False)
    anchor: Evaluation | None = None  # the newest iterate whose Hessian has been factorised
    verdict: tuple[Evaluation, Certificate] | None = None  # the newest that was asked of, and what is proved
    trace: list[Step] = field(default_factory=list)

    def record(self, here: Evaluation) -> None:
        """Make ``here`` the newest iterate."""
        if self.trace:
            self.anchor = factorised(self.here) or self.anchor
        self.here = here
        step = Step(len(self.trace), here.value, norm(here.gradient), self.objective.count.passes)
        self.trace.append(step)
        if self.settings.verbose:
            print(self.trace[-1])

    def finished(self, here: Evaluation) -> bool:
        """Record an iterate, and return whether there is no need, or no sense, in going on.

        Passes are rough no longer than they tell whether a step has helped.
        """
        if is_rough(here):
            self.objective.count.rough = here.value < self.here.value - here.rounding and self.is_far(here)
        self.record(here)
        return self.separated(here) or self.proved(here)

    def proved(self, here: Evaluation) -> bool:
        """Return whether ``here`` is proved optimal to the tolerance."""
        return self.proof(here).relative_gap <= self.settings.tol

    def proof(self, here: Evaluation) -> Certificate:
        """Return what is proved of ``here`` by the bounds that may suffice; the newest is remembered."""
        if is_rough(here):
            return Certificate.none()
        if self.verdict is None or self.verdict[0] is not here:
            self.verdict = here, self.certificate(here, self.settings.tol * here.value)
        return self.verdict[1]

    def is_far(self, here: Evaluation, gap: float = 0.0) -> bool:
        """Return whether the relative gap may be more than that, and than thirty times the tolerance."""
        return duality_estimate(self.objective, here) > max(gap, MARGIN * self.settings.tol) * here.value

    def settle(self) -> bool:
        """Evaluate the newest iterate in double precision, as all that follow; return if that was needed."""
        self.objective.count.rough = False
        if not is_rough(self.here):
            return False
        self.here = self.objective.evaluate(self.here.point)
        return True

    def bounds(self, here: Evaluation, enough: float) -> Iterator[Certificate]:
        """Yield what each bound proves that may be below ``enough``, by an estimate that costs little."""
        if self.anchor is not None:
            assert isinstance(self.anchor.hessian, ObjectiveHessian)
            decrement = np.sum(self.anchor.hessian.rough_factor.half_solve(here.gradient) ** 2)
            if decrement / 2 <= enough:
                yield self_concordance_bound(self.objective, self.anchor, here, enough)
        if duality_estimate(self.objective, here) <= enough:
            yield duality_bound(self.objective, here)

    def certificate(self, here: Evaluation, enough: float = math.inf) -> Certificate:
        """Return what the bounds prove together, until that is enough; the point may be far from optimal."""
        certificate = Certificate.none()
        for bound in self.bounds(here, enough):
            certificate = certificate.meet(bound)
            if certificate.relative_gap <= self.settings.tol and certificate.prob_factor_bound < np.inf:
                break
        return certificate

    def certify(self, point: Vector) -> Certificate:
        """Go to a point next to the newest iterate, whose proof may suffice for it; return what is proved."""
        self.objective.count.rough = False
        if self.proved(self.here):
            proof = self.proof(self.here)
            if self.anchor is not None and proof.prob_factor_bound == math.inf:
                proof = proof.meet(self_concordance_bound(self.objective, self.anchor, self.here, enough=0.0))
            proof = carried(proof, self.objective, self.here, point)
            if proof.relative_gap <= self.settings.tol:
                return proof
        self.here = self.objective.evaluate(point)
        return self.certificate(self.here)

    def separated(self, here: Evaluation) -> bool:
        """Return whether the iterate proves that no finite optimum exists: λ = 0, and every row is right."""
        if self.objective.strength > 0:
            return False
        assert isinstance(here.hessian, ObjectiveHessian)
        return all(
            bool(np.all(margins(probs, block.labels)[block.sample_weight > 0] > 1e-6))
            for block, probs in zip(self.objective.rows.blocks, here.hessian.probs, strict=True)
        )


def is_rough(here: Evaluation) -> bool:
    """Return whether the evaluation is in single precision."""
    assert isinstance(here.hessian, ObjectiveHessian)
    return here.hessian.is_rough


def factorised(here: Evaluation | None) -> Evaluation | None:
    """Return the evaluation if its Hessian has been factorised."""
    if here is None:
        return None
    assert isinstance(here.hessian, ObjectiveHessian)
    return here if here.hessian.is_factorised else None
