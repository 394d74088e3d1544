"""The data sets that come with scikit-learn, by name."""

from __future__ import annotations

import numpy as np

from dxent.data.table import Table

__all__ = ["BUNDLED", "load_bundled"]

# What the labels of each are called.
BUNDLED = {"iris": "species", "wine": "cultivar", "digits": "digit", "breast_cancer": "diagnosis"}


def load_bundled(name: str) -> Table:
    """Return a bundled data set as a table."""
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    return Table(
        source=name,
        target=BUNDLED[name],
        columns=tuple(map(str, bunch.feature_names)),
        X=np.ascontiguousarray(bunch.data, dtype=np.float64),
        labels=bunch.target_names[bunch.target],
    )
