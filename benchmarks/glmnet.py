"""Fits with glmnet, which needs Rscript and the R package glmnet: each in a process of R, from files.

With α = 0 glmnet minimises mean loss + λ ‖W‖²/2 with a free intercept, and one logit for two classes: our
objective where λ = 1/(C n). Friedman, Hastie & Tibshirani 2010, sections 3 and 4. Its time is that of a path
of 30 penalties down to λ.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["fit", "version"]


def fit(X: Any, labels: Any, penalty: float, thresh: float) -> tuple[Any, float]:
    """Return the weights, outputs × (1 + features), the intercept first; and the seconds of the fit alone."""
    with tempfile.TemporaryDirectory() as place:
        np.ascontiguousarray(X.T).tofile(Path(place, "X"))  # column by column
        labels.astype(np.int32).tofile(Path(place, "y"))
        program = Path(__file__).with_suffix(".R")
        numbers = map(repr, (*X.shape, penalty, thresh))
        subprocess.run(["Rscript", program, place, *numbers], check=True, capture_output=True)
        found = np.fromfile(Path(place, "found"))
    return found[1:].reshape(-1, 1 + X.shape[1]), float(found[0])


@functools.cache
def version() -> str:
    """Return the version that is installed, or nothing."""
    if shutil.which("Rscript") is None:
        return ""
    command = ["Rscript", "-e", 'cat(as.character(packageVersion("glmnet")))']
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else ""
