"""What is proved of a fit, and the warning when it is not enough."""

from __future__ import annotations

from dataclasses import dataclass

from sklearn.exceptions import ConvergenceWarning

from dxent.errors import DxentWarning

__all__ = ["NotCertifiedWarning", "Optimality"]

REASONS = {
    "": "",
    "interrupted": "The fit was interrupted.",
    "max_iter": "max_iter was reached; allow more iterations, or go on with warm_start=True.",
    "rounding floor": (
        "No step improves on the result any more: what is left is hidden by the rounding of float64. "
        "Rescale the data, or accept the proved gap with a larger tol."
    ),
    "separation": (
        "The classes are completely separated by the features, so without a penalty the coefficients grow "
        "without bound; use a finite C."
    ),
    "no finite optimum found": (
        "No finite optimum could be proved: the classes may be separated by some of the features, so that "
        "their coefficients grow without bound; use a finite C."
    ),
}


class NotCertifiedWarning(DxentWarning, ConvergenceWarning):  # type: ignore[misc]  # scikit-learn is untyped
    """A fit ended before its result was proved optimal to the tolerance asked for."""


@dataclass(frozen=True)
class Optimality:
    """What is proved of ``coef_`` and ``intercept_`` as they stand, rounding included.

    - ``certified``: relative_gap ≤ tol was proved;
    - ``relative_gap``: ``gap_bound`` over the objective's value;
    - ``gap_bound``: upper bound, in nats, on the objective (weighted mean loss + penalty) minus its minimum;
    - ``coef_distance_bound``: upper bound on the Euclidean distance of ``coef_`` to the optimal one;
    - ``prob_factor_bound``: no probability of a training row is off by more than this factor;
    - ``method``: "self-concordance", "duality" or "none";
    - ``reason``: why the fit is not certified; empty where it is.

    A bound that the method does not give is infinite.
    """

    certified: bool
    relative_gap: float
    gap_bound: float
    coef_distance_bound: float
    prob_factor_bound: float
    method: str
    reason: str

    def __str__(self) -> str:
        if self.certified:
            return (
                f"Proved: the objective is within a factor 1 + {self.relative_gap:.1e} of the best possible "
                f"(by {self.method})."
            )
        return f"Not proved optimal. {self.reason}"
