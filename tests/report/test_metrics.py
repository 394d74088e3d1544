"""The scores against scikit-learn's, weighted and not."""

import numpy as np
import pytest
from sklearn import metrics

from dxent.report.metrics import Scores, chance, scores, spread


def problem(classes, rows=300, seed=0):
    draw = np.random.default_rng(seed)
    logits = draw.normal(size=(40, classes))[draw.integers(40, size=rows)]  # with ties
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    labels = np.array(["abcdef"[place] for place in draw.integers(classes, size=rows)])
    return labels, list("abcdef"[:classes]), log_probs, draw.integers(0, 4, size=rows).astype(float)


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_are_scikit_learns(classes, weighted):
    labels, names, log_probs, weight = problem(classes)
    weight = weight if weighted else None
    found = scores(labels, names, log_probs, weight)
    probs, guesses = np.exp(log_probs), np.array(names)[log_probs.argmax(axis=1)]
    common = {"sample_weight": weight}
    value = {"y_score": probs[:, 1]} if classes == 2 else {"y_score": probs, "multi_class": "ovr"}
    brier = probs[:, 1] if classes == 2 else probs
    expected = Scores(
        metrics.accuracy_score(labels, guesses, **common),
        metrics.balanced_accuracy_score(labels, guesses, **common),
        metrics.log_loss(labels, probs, **common),
        metrics.brier_score_loss(labels, brier, **common, **({"pos_label": "b"} if classes == 2 else {})),
        metrics.f1_score(labels, guesses, average="macro", **common),
        metrics.roc_auc_score(labels, **value, **common),
    )
    for name, want in vars(expected).items():
        assert getattr(found, name) == pytest.approx(want, rel=1e-12), name


def test_a_certain_mistake_costs_infinitely_much():
    found = scores(np.array(["a", "b"]), ["a", "b"], np.array([[0.0, -np.inf], [0.0, -np.inf]]))
    assert (found.accuracy, found.log_loss, found.brier) == (0.5, np.inf, 0.5)


def test_one_class_alone_has_no_ranking():
    found = scores(np.array(["a", "a"]), ["a", "b"], np.log([[0.5, 0.5], [0.75, 0.25]]))
    assert np.isnan(found.auc)
    assert found.balanced_accuracy == 1.0


def test_the_spread_is_the_standard_error_of_a_mean():
    labels, names, log_probs, _ = problem(3, rows=2000)
    found = spread(labels, names, log_probs)
    losses = -log_probs[np.arange(2000), np.searchsorted(names, labels)]
    assert found.log_loss == pytest.approx(losses.std() / np.sqrt(2000), rel=0.25)
    assert found == spread(labels, names, log_probs)
    assert found != spread(labels, names, log_probs, seed=1)


def test_the_baseline_knows_the_shares_only():
    labels, names, _, _ = problem(3)
    found = chance(labels, names, np.array([0.5, 0.3, 0.2]))
    assert found.accuracy == (labels == "a").mean()
    assert found.auc == 0.5
    assert found.balanced_accuracy == pytest.approx(1 / 3)
