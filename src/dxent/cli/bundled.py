"""The data sets that come with scikit-learn, by name."""

from __future__ import annotations

from dxent.data.table import Frame

__all__ = ["BUNDLED", "load_bundled"]

# What the labels of each are called.
BUNDLED = {"iris": "species", "wine": "cultivar", "digits": "digit", "breast_cancer": "diagnosis"}


def load_bundled(name: str) -> Frame:
    """Return a bundled data set."""
    import pyarrow as pa
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    names = map(str, bunch.feature_names)
    return Frame(
        source=name,
        target=BUNDLED[name],
        columns=pa.table(dict(zip(names, bunch.data.T, strict=True))),
        labels=bunch.target_names[bunch.target],
    )
