"""The warnings of dxent.

    UserWarning
    └── DxentWarning
        ├── RankWarning           the data do not determine the coefficients
        └── NotCertifiedWarning   the fit ended without a proof (in `dxent.estimators`: it is also
                                  scikit-learn's ConvergenceWarning)

Bad arguments raise the built-in ``ValueError`` and ``TypeError``: one sentence that names the place and
says what to do.
"""

from __future__ import annotations

__all__ = ["DxentWarning", "RankWarning"]


class DxentWarning(UserWarning):
    """Base of all warnings that dxent issues."""


class RankWarning(DxentWarning):
    """The columns are linearly dependent and nothing penalises the free directions."""
