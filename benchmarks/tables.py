"""Does a table need more care than ours? Held-out log-loss beside the usual scikit-learn pipeline.

    python benchmarks/tables.py --data DIR [--sets adult titanic]

Both get the same training rows, three quarters of each class, and choose C by 5-fold cross-validated log-
loss: `TableClassifier` as ``dxent fit --C auto`` has it, and a ColumnTransformer (medians, scaling, one-hot
levels, words) with LogisticRegressionCV. Prints the log-loss of both on the other rows, in nats, the
difference with its bootstrap standard deviation, pairs of losses drawn together, and the seconds of both
fits.
"""

from __future__ import annotations

import argparse
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import dxent
from dxent.estimators import TableClassifier

DRAWS = 1000


@dataclass(frozen=True)
class Set:
    """A file, its column of labels, and the columns to leave out or to count the words of."""

    file: str
    target: str
    drop: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    tfidf: bool = False


SETS = {
    "adult": Set("adult", "income", drop=("is_test",)),
    "titanic": Set("titanic", "survived", drop=("alive",)),
    "titanic, leaking": Set("titanic", "survived"),
    "bank": Set("bank_additional_full", "y"),
    "diamonds": Set("diamonds", "cut"),
    "mushroom": Set("arff_mushroom", "class"),
    "wine, quality": Set("winequality", "quality"),
    "wine, colour": Set("winequality", "color"),
    "sms, counts": Set("sms_spam_raw", "label", text=("text",)),
    "sms, tf-idf": Set("sms_spam_raw", "label", text=("text",), tfidf=True),
}


def main() -> None:
    """Fit every set with both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    options = parser.parse_args()
    print(f"{'':18}{'C':>8} {'dxent':>8} {'scikit-learn':>13} {'difference':>18} {'seconds':>15}")
    for name in options.sets:
        print(f"{name:18}{line(options.data, SETS[name])}", flush=True)


def line(directory: Path, one: Set) -> str:
    """Compare on one set, and put the result into words."""
    table = pd.read_parquet(directory / f"{one.file}.parquet").drop(columns=list(one.drop))
    y = np.asarray(table.pop(one.target))
    train, test = train_test_split(np.arange(len(y)), test_size=0.25, random_state=0, stratify=y)
    losses, seconds, models = [], [], (TableClassifier(C="auto", text=one.text), peer(table, one))
    for model in models:
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of classes with fewer rows than folds
            model.fit(table.iloc[train], y[train])
        seconds.append(time.perf_counter() - start)
        # not from scikit-learn's probabilities, which underflow to zero on rows far from all others
        logits = model.decision_function(table.iloc[test])
        logits = logits if logits.ndim == 2 else np.column_stack([np.zeros(len(test)), logits])
        losses.append(
            -dxent.log_softmax(logits)[np.arange(len(test)), np.searchsorted(model.classes_, y[test])]
        )
    ours, theirs = losses
    draw = np.random.default_rng(0)
    drawn = [(ours - theirs)[draw.integers(len(test), size=len(test))].mean() for _ in range(DRAWS)]
    return (
        f"{models[0].C_:8.3g} {ours.mean():8.5f} {theirs.mean():13.5f} "
        f"{(ours - theirs).mean():+9.5f} ± {np.std(drawn):.5f} {seconds[0]:7.1f} {seconds[1]:7.1f}"
    )


def peer(table: pd.DataFrame, one: Set) -> Any:
    """Return the pipeline that a user of scikit-learn would write."""
    words = TfidfVectorizer(min_df=2) if one.tfidf else CountVectorizer(min_df=2)
    features = make_column_transformer(
        (
            make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()),
            make_column_selector(dtype_include="number"),
        ),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include=["category", "bool"])),
        *((words, column) for column in one.text),
    )
    # the default grid, 1e-4 to 1e4
    choice = LogisticRegressionCV(
        cv=5, scoring="neg_log_loss", max_iter=1000, l1_ratios=(0,), use_legacy_attributes=False
    )
    return make_pipeline(features, choice)


if __name__ == "__main__":
    main()
