"""The rows that bend the loss most: exact where all are kept, better than a diagonal where few are."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from dxent.objective import row_preconditioner
from dxent.objective.preconditioners import diagonal
from objective.problems import draw
from objective.test_preconditioners import condition


def evaluation(classes, intercept, seed=0):
    """Sparse rows, more features than rows, some of them long."""
    rng = np.random.default_rng(seed)
    data = draw(seed, samples=60, features=80, classes=classes)
    table = data.X * (rng.random(data.X.shape) < 0.2) * rng.pareto(1.0, size=(60, 1))
    data = replace(data, X=scipy.sparse.csr_array(table))
    objective = data.objective(1e-3, intercept)
    objective.count.passes = 1000  # enough to pay for the rows
    return objective.evaluate(objective.start())


def class_blocks(here):
    """The Hessian in θ as it would be if the classes were not coupled."""
    objective, (probs,) = here.hessian.objective, here.hessian.probs
    (block,), coords = objective.rows.blocks, objective.coordinates
    if coords.basis is None:
        return here.hessian.to_dense()
    rows = block.X.toarray() / coords.scale
    weights = block.sample_weight[:, None] * probs * (1 - probs)
    blocks = [rows.T @ (w[:, None] * rows) + np.diag(objective.penalty.strengths) for w in weights.T]
    inverse = sum(
        np.kron(np.outer(q, q), np.linalg.inv(b)) for q, b in zip(coords.basis, blocks, strict=True)
    )
    return np.linalg.inv(inverse)


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_with_all_rows_each_class_is_inverted_exactly(classes):
    here = evaluation(classes, intercept=False)
    preconditioner = diagonal(here.hessian.objective, here.hessian.probs)
    assert condition(preconditioner, class_blocks(here)) < 1 + 1e-6


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("intercept", [True, False])
def test_a_few_rows_do_better_than_none(classes, intercept, monkeypatch):
    here = evaluation(classes, intercept)
    objective, hessian = here.hessian.objective, here.hessian.to_dense()
    numbers = []
    for kept in (1, 30):
        monkeypatch.setattr(row_preconditioner, "rows_to_keep", lambda samples, classes, kept=kept: kept)
        numbers.append(condition(diagonal(objective, here.hessian.probs), hessian))
    assert numbers[1] < numbers[0] / 2


def test_memory_limits_the_rows():
    assert row_preconditioner.rows_to_keep(10, 3) == 10
    assert row_preconditioner.rows_to_keep(10**6, 20) == 400
    assert 1000 * row_preconditioner.rows_to_keep(10**6, 1000) ** 2 <= row_preconditioner.LARGEST_CORES
