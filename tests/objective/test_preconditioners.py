"""Each preconditioner is symmetric positive definite and resembles the inverse Hessian."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from dxent.objective import preconditioners
from dxent.objective.hessian import Factor
from dxent.objective.preconditioners import dense, diagonal, featurewise, precondition
from objective.problems import draw

STRENGTH = 0.01


@pytest.fixture(params=[2, 3, 5], ids=lambda classes: f"{classes} classes")
def classes(request):
    return request.param


@pytest.fixture(params=[True, False], ids=["intercept", "no intercept"])
def intercept(request):
    return request.param


@pytest.fixture(params=["dense", "csr"])
def here(request, classes, intercept):
    """A point not far from the optimum; the data in two blocks."""
    data = draw(classes, samples=200, classes=classes)
    if request.param == "csr":
        data = replace(data, X=scipy.sparse.csr_matrix(data.X))
    objective = data.objective(STRENGTH, intercept, cuts=(90,))
    return objective.evaluate(objective.start())


def condition(preconditioner, hessian):
    """The condition number of M⁻¹H, after checking that M⁻¹ is symmetric positive definite."""
    inverse = np.stack([preconditioner.apply(e) for e in np.eye(len(hessian))])
    np.testing.assert_allclose(inverse, inverse.T, rtol=0, atol=1e-5 * np.abs(inverse).max())
    values = np.linalg.eigvalsh((inverse + inverse.T) / 2)
    assert values[0] > 0
    spectrum = np.linalg.eigvals(inverse @ hessian).real
    return spectrum.max() / spectrum.min()


def test_from_all_rows_the_dense_one_is_the_inverse(here, monkeypatch):
    monkeypatch.setattr(preconditioners, "ROWS_PER_FEATURE", 1000)
    whole = replace(here.hessian.objective, rows=merged(here.hessian.objective.rows))
    there = whole.evaluate(here.point)
    assert condition(whole.preconditioner(there), here.hessian.to_dense()) < 1.001


def merged(rows):
    """The same rows in one block."""
    first, second = rows.blocks
    stack = np.concatenate if isinstance(first.X, np.ndarray) else preconditioners.sparse_rows
    block = replace(
        first,
        X=stack([first.X, second.X]),
        labels=np.append(first.labels, second.labels),
        sample_weight=np.append(first.sample_weight, second.sample_weight),
    )
    return replace(rows, blocks=(block,))


def test_from_a_sample_of_rows_the_dense_one_is_near(here, monkeypatch):
    monkeypatch.setattr(preconditioners, "ROWS_PER_FEATURE", 20)
    assert condition(dense(here.hessian.objective, here.hessian.probs), here.hessian.to_dense()) < 20


def test_one_feature_matrix_for_all_classes(here):
    assert condition(featurewise(here.hessian.objective, here.hessian.probs), here.hessian.to_dense()) < 100


def test_the_diagonal(here):
    assert condition(diagonal(here.hessian.objective, here.hessian.probs), here.hessian.to_dense()) < 100


def test_the_diagonal_where_columns_do_not_interact(classes):
    """An orthogonal design with balanced labels has a diagonal Hessian at zero."""
    X = np.repeat(np.kron([[1, 1], [1, -1]], [[1, 1], [1, -1]])[:, 1:], classes, axis=0).astype(float)
    data = replace(
        draw(0, classes=classes),
        X=X,
        labels=np.tile(np.arange(classes), 4),
        sample_weight=np.ones(4 * classes),
    )
    objective = data.objective(STRENGTH, True)
    here = objective.evaluate(objective.start())
    assert (
        condition(diagonal(objective, here.hessian.probs), here.hessian.to_dense())
        < {2: 1, 3: 1.5, 5: 1.25}[classes] + 1e-12
    )


def test_the_size_picks_the_form(here, monkeypatch):
    objective = here.hessian.objective
    names = [type(precondition(objective, here)).__name__]
    for limit in ("DENSE_PARAMETERS", "DENSE_FEATURES"):
        monkeypatch.setattr(preconditioners, limit, 2)
        names.append(type(precondition(objective, here)).__name__)
    assert names == ["DensePreconditioner", "FeaturePreconditioner", "DiagonalPreconditioner"]


def test_the_sample_has_the_right_expectation(here, monkeypatch):
    """Averaged over seeds, the Hessian of the sampled rows is the Hessian."""
    monkeypatch.setattr(preconditioners, "ROWS_PER_FEATURE", 20)
    objective, total = here.hessian.objective, 0.0
    for seed in range(60):
        lower = dense(replace(objective, seed=seed), here.hessian.probs).factor.lower.astype(float)
        total = total + lower @ lower.T / 60
    H = here.hessian.to_dense()
    assert np.abs(total - H).max() < 0.1 * np.abs(H).max()


def test_a_factor_solves_and_knows_its_inverse():
    half = np.random.default_rng(0).normal(size=(6, 6))
    H = half @ half.T + np.eye(6)
    factor, b = Factor.of(H.copy()), np.arange(6.0)
    np.testing.assert_allclose(factor.solve(b), np.linalg.solve(H, b), rtol=1e-12)
    np.testing.assert_allclose(factor.inverse_diagonal, np.diag(np.linalg.inv(H)), rtol=1e-12)
    np.testing.assert_allclose(
        factor.half_solve(b) @ factor.half_solve(b), b @ np.linalg.solve(H, b), rtol=1e-12
    )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_semidefinite_matrix_is_lifted_no_more_than_it_takes(dtype):
    column = np.arange(1.0, 5.0)
    H = np.outer(column, column).astype(dtype)
    lower = Factor.of(H.copy()).lower
    assert np.isfinite(lower).all()
    assert np.abs(lower @ lower.T - H).max() < 1000 * np.finfo(dtype).eps * H.max()
