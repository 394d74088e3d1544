"""What is shown of a fit: its content as data, and that content as text or as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from dxent.estimators import LogisticRegression, TableClassifier

__all__ = ["html"]


def html(
    model: LogisticRegression | TableClassifier,
    X: Any,
    y: Any,
    path: str | Path,
    sample_weight: ArrayLike | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Write what a model is and how well it predicts rows X, labels y, as one self-contained page.

    Give it rows that the fit has not seen: on others, the scores flatter. The file is whole or not there.

    Raises: ValueError for labels that the model does not know, or not one a row; OSError with a sentence
    where the file cannot be written
    """
    from dxent.data.writing import check_writable, write_atomically
    from dxent.report.fit_html import fit_page
    from dxent.report.fitted import given_rows

    check_writable(path, overwrite)
    content = fit_page(given_rows(model, X, y, sample_weight)).encode()
    write_atomically(path, lambda file: file.write(content), overwrite=overwrite)
