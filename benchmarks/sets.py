"""The sets that the benchmarks fit: scikit-learn's, those of a directory given with --data, made ones."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import scipy.sparse
from sklearn import datasets

__all__ = ["BUNDLED", "EMBEDDINGS", "FILES", "MADE", "allowed_mb", "facts", "load", "prepared"]

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
    "outdoor": ("outdoor_21_40c.npz", ""),
    "adult": ("adult.parquet", "income"),
    "a9a": ("a9a.npz", ""),
    "ijcnn1": ("ijcnn1.npz", ""),
    "mnist": ("mnist70k_784_10c.npz", ""),
    "reuters": ("reuters_single_counts.npz", ""),
    "20news": ("20news_counts.npz", ""),
}
TRAINING_ROWS = 60_000  # of MNIST
EMBEDDINGS = "embeddings"
AS_THEY_ARE = ("adult", "mnist", EMBEDDINGS)


def prepared(name: str, directory: Path | None) -> tuple[Any, Any]:
    """Return a set as a practitioner would fit it: columns scaled; pixels, one-hot, counts as they are."""
    X, y = load(name, directory)
    return (X if scipy.sparse.issparse(X) or name in AS_THEY_ARE else scaled(X)), y


@functools.cache
def facts(name: str, directory: Path | None) -> dict[str, Any]:
    """Return a set's size, whether it is sparse, and the megabytes that X takes."""
    X, y = prepared(name, directory)
    sparse = scipy.sparse.issparse(X)
    held = (X.data, X.indices, X.indptr) if sparse else (X,)
    samples, features = X.shape
    return {
        "samples": samples,
        "features": features,
        "classes": len(np.unique(y)),
        "sparse": sparse,
        "mb": sum(part.nbytes for part in held) / 1e6,
    }


def allowed_mb(facts: dict[str, Any]) -> float:
    """Return the megabytes that a fit of dense rows is allowed: 0.3 of X, and 8 bytes a row and class."""
    return float(0.3 * facts["mb"] + 8e-6 * facts["samples"] * facts["classes"])


def load(name: str, directory: Path | None) -> tuple[Any, Any]:
    """Return the design matrix and the labels of a set."""
    if name in BUNDLED:
        return BUNDLED[name](return_X_y=True)
    if name in MADE:
        return MADE[name]()
    file, label = FILES[name]
    if directory is None:
        raise ValueError(f"{name} is not bundled: name the directory that holds {file} with --data.")
    if label:
        return from_table(directory / file, label)
    archive = np.load(directory / file)
    if name == "mnist":
        return archive["X"][:TRAINING_ROWS] / 255.0, archive["y"][:TRAINING_ROWS]
    if "X" in archive:
        return archive["X"].astype(np.float64), archive["y"]
    # scikit-learn's saga and liblinear take no wider indices
    indices, starts = (archive[part].astype(np.int32) for part in ("indices", "indptr"))
    parts = archive["data"].astype(np.float64), indices, starts
    return scipy.sparse.csr_array(parts, shape=tuple(archive["shape"])), archive["y"]


def from_table(path: Path, label: str) -> tuple[Any, Any]:
    """Return a table's numbers; with categories in it, scaled numbers and one-hot columns."""
    table = pyarrow.parquet.read_table(path)
    columns = [table[name] for name in table.column_names if name not in (label, "is_test")]
    is_category = [pyarrow.types.is_dictionary(column.type) for column in columns]
    numbers = np.column_stack(list(itertools.compress(columns, np.logical_not(is_category))))
    numbers = numbers.astype(np.float64)
    levels = [one_hot(column) for column in itertools.compress(columns, is_category)]
    return (np.hstack([scaled(numbers), *levels]) if levels else numbers), table[label].to_numpy()


def one_hot(column: Any) -> Any:
    """Return a column of 0 and 1 for each level; missing cells are a level."""
    levels, codes = np.unique([str(cell) for cell in column.to_pylist()], return_inverse=True)
    return np.eye(len(levels))[codes]


def scaled(X: Any) -> Any:
    """Return columns of mean 0 and variance 1."""
    spread = X.std(axis=0)
    X = X - X.mean(axis=0)
    X /= np.where(spread > 0, spread, 1.0)
    return X


def drawn(logits: Any, rng: np.random.Generator) -> Any:
    """Return labels drawn from the softmax of the logits, which are brought to variance 4 before."""
    return np.argmax(logits * (2 / logits.std()) + rng.gumbel(size=logits.shape), axis=1)


def million() -> tuple[Any, Any]:
    """1 000 000 × 50, 2 classes: mixtures of 50 normal numbers; labels are drawn from a softmax of them."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1_000_000, 50)) @ rng.normal(size=(50, 50))
    return X, drawn(X @ rng.normal(size=(50, 2)), rng)


def collinear() -> tuple[Any, Any]:
    """200 000 × 54, 7 classes: normal numbers times 1 to 10⁻³, rotated, and the columns times 10⁻³ to 10³.

    Labels are drawn from a softmax of the numbers before that. Scaled, the Gram matrix has condition 10⁶.
    """
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(200_000, 54))
    rotation = np.linalg.qr(rng.normal(size=(54, 54)))[0]
    X = (numbers * np.geomspace(1, 1e-3, 54)) @ rotation * np.geomspace(1e-3, 1e3, 54)
    return X, drawn(numbers @ rng.normal(size=(54, 7)), rng)


def wide() -> tuple[Any, Any]:
    """5 000 × 20 000, 20 classes: normal numbers; a class shifts the first 200 columns by half as much."""
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(5_000, 20_000)), rng.integers(20, size=5_000)
    X[:, :200] += 0.5 * rng.normal(size=(20, 200))[labels]
    return X, labels


def embeddings() -> tuple[Any, Any]:
    """20 000 × 768, 1000 classes: rows of length 1 around their class's centre, as a network's last layer."""
    rng = np.random.default_rng(0)
    labels = np.concatenate([np.arange(1000), rng.integers(1000, size=19_000)])
    X = rng.normal(size=(1000, 768))[labels] + 2.0 * rng.normal(size=(20_000, 768))
    return X / np.linalg.norm(X, axis=1, keepdims=True), labels


MADE = {"million": million, "collinear": collinear, "wide": wide, EMBEDDINGS: embeddings}
