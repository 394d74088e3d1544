"""The data sets that the benchmarks fit: scikit-learn's own, and those of a directory given with --data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import scipy.sparse
from sklearn import datasets

__all__ = ["BUNDLED", "FILES", "WIDE", "load", "prepared", "shape"]

BUNDLED: dict[str, Callable[..., Any]] = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast_cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
}

# name: (file, label column of a Parquet file)
FILES = {
    "satellite": ("mlbench_Satellite.parquet", "classes"),
    "letter": ("mlbench_LetterRecognition.parquet", "lettr"),
    "shuttle": ("mlbench_Shuttle.parquet", "Class"),
    "drybean": ("drybean.parquet", "Class"),
    "covtype": ("covtype_20k.parquet", "Cover_Type"),
    "a9a": ("a9a.npz", ""),
    "ijcnn1": ("ijcnn1.npz", ""),
    "mnist": ("mnist70k_784_10c.npz", ""),
    "reuters": ("reuters_single_counts.npz", ""),
    "20news": ("20news_counts.npz", ""),
}


TRAINING_ROWS = 60_000


WIDE = "wide"  # made here: 20 000 embeddings of 768 numbers, 1000 classes


def prepared(name: str, directory: Path | None) -> tuple[Any, Any]:
    """Return a set as a practitioner would fit it: dense columns scaled to variance 1, pixels as they are."""
    if name == WIDE:
        return embeddings(20_000, 768, 1000)
    X, y = load(name, directory)
    if scipy.sparse.issparse(X) or name == "mnist":
        return X, y
    spread = X.std(axis=0)
    return (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1.0), y


def shape(name: str, directory: Path | None) -> tuple[int, int, int, bool]:
    """Return samples, features, classes, and whether a set is sparse."""
    X, y = prepared(name, directory)
    return *X.shape, len(np.unique(y)), scipy.sparse.issparse(X)


def embeddings(samples: int, features: int, classes: int) -> tuple[Any, Any]:
    """Return rows of length 1 around the centre of their class, as a network's last layer gives them."""
    rng = np.random.default_rng(0)
    labels = np.concatenate([np.arange(classes), rng.integers(classes, size=samples - classes)])
    X = rng.normal(size=(classes, features))[labels] + 2.0 * rng.normal(size=(samples, features))
    return X / np.linalg.norm(X, axis=1, keepdims=True), labels


def load(name: str, directory: Path | None) -> tuple[Any, Any]:
    """Return the design matrix and the labels of a set."""
    if name in BUNDLED:
        return BUNDLED[name](return_X_y=True)
    if directory is None:
        raise ValueError(
            f"{name} is not bundled: name the directory that holds {FILES[name][0]} with --data."
        )
    file, label = FILES[name]
    if label:
        table = pyarrow.parquet.read_table(directory / file)
        columns = [table[column].to_numpy() for column in table.column_names if column != label]
        return np.column_stack(columns).astype(np.float64), table[label].to_numpy()
    archive = np.load(directory / file)
    if "X" in archive:  # MNIST: pixels, the training rows first
        return archive["X"][:TRAINING_ROWS] / 255.0, archive["y"][:TRAINING_ROWS]
    # scikit-learn's saga and liblinear take no wider indices
    indices, starts = (archive[part].astype(np.int32) for part in ("indices", "indptr"))
    parts = archive["data"].astype(np.float64), indices, starts
    return scipy.sparse.csr_array(parts, shape=tuple(archive["shape"])), archive["y"]
