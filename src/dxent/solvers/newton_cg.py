"""Newton's method with the step from conjugate gradients: never forms the Hessian."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dxent.evaluation import Evaluation, Floats, Preconditioner, Problem, Vector
from dxent.operators.base import LinearOperator
from dxent.operators.vectors import add_to, dot
from dxent.solvers.line_search import line_search

__all__ = ["newton_cg", "plain_newton_cg"]

LARGEST_RESIDUAL = 0.25
SMALLEST_RESIDUAL = 0.01
INNER_STEPS = 2000  # a restart would throw away what the directions so far have learned
HALF = 0.5
FLATNESS = 0.25


def newton_cg(problem: Problem, here: Evaluation) -> Iterator[Evaluation]:
    """Yield the iterates of truncated Newton.

    The linear system is solved to a relative residual η_k = √(‖g_k‖/‖g_0‖), between 0.01 and 0.25, in the
    norm of the preconditioner: ever faster convergence, but no step far beyond what was asked for. The
    preconditioner is rebuilt once the Hessian products since it was built have cost three times as much.

    See: Nocedal & Wright, Numerical Optimization, algorithm 7.1; Dembo, Eisenstat & Steihaug, SIAM J. Numer.
    Anal. 19 (1982).
    """
    preconditioner, spent, precision = problem.preconditioner(here), 0, np.dtype(problem.precision)
    first = float(np.sqrt(here.gradient @ preconditioner.apply(here.gradient)))
    while True:
        if spent > 3 * preconditioner.cost:
            del preconditioner  # the new one may take as much memory
            preconditioner, spent = problem.preconditioner(here), 0
        size = float(np.sqrt(here.gradient @ preconditioner.apply(here.gradient)))
        forcing = float(np.clip(np.sqrt(size / first), SMALLEST_RESIDUAL, LARGEST_RESIDUAL)) if size else 0.0
        step, products = newton_step(here, preconditioner, forcing, precision)
        spent += products + 1
        there = line_search(problem, here, step, flatness=FLATNESS)
        if there is not None:
            here = there
            yield here
        elif precision != np.float64:  # where no such step helps, a more precise one may
            precision = np.dtype(np.float64)
        else:
            return


@dataclass(frozen=True)
class Identity:
    """No preconditioner."""

    cost: float = 0.0

    def apply(self, vector: Floats) -> Floats:
        """Return v."""
        return vector.copy()


def plain_newton_cg(problem: Problem, here: Evaluation) -> Iterator[Evaluation]:
    """Yield the iterates of truncated Newton without a preconditioner, each system solved to one half.

    For the first steps where the curvature is about to collapse. Conjugate gradients begin with the
    directions of most curvature; those of little, in which a whole Newton step goes much too far, come last.

    See: Nocedal & Wright, Numerical Optimization, algorithm 7.1.
    """
    precision = np.dtype(problem.precision)
    while True:
        step, _ = newton_step(here, Identity(), HALF, precision)
        there = line_search(problem, here, step, flatness=FLATNESS)
        if there is None:
            return
        here = there
        yield here


def newton_step(
    here: Evaluation, preconditioner: Preconditioner, tolerance: float, precision: np.dtype[Any]
) -> tuple[Vector, int]:
    """Return about −H⁻¹ g, from products in some precision, and how many there were."""
    length = float(np.linalg.norm(here.gradient)) or 1.0
    target = (here.gradient / -length).astype(precision, copy=False)
    step, products = conjugate_gradients(here.hessian, target, preconditioner, tolerance)
    return length * step.astype(np.float64, copy=False), products


def conjugate_gradients(
    operator: LinearOperator, target: Floats, preconditioner: Preconditioner, tolerance: float
) -> tuple[Floats, int]:
    """Solve A x ≈ b from x = 0 until ‖b − A x‖ ≤ tolerance · ‖b‖ in the norm of M⁻¹; also count the products.

    See: Saad, Iterative Methods for Sparse Linear Systems, algorithm 9.1.
    """
    x, residual = np.zeros_like(target), target.copy()
    z = preconditioner.apply(residual)
    p, rho = z, dot(residual, z)
    enough = tolerance**2 * rho
    most = min(INNER_STEPS, 2 * len(target))  # without rounding, as many as there are unknowns suffice
    for products in range(most):
        if rho <= enough:
            return x, products
        Ap = operator.mv(p)
        curvature = dot(p, Ap)
        if curvature <= 0:  # rounding has eaten the curvature; what was found so far is a descent direction
            return (x if products else z), products + 1
        step = rho / curvature
        add_to(x, step, p)
        add_to(residual, -step, Ap)
        z = preconditioner.apply(residual)
        previous, rho = rho, dot(residual, z)
        add_to(z, rho / previous, p)
        p = z
    return x, most
