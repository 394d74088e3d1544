"""What the proofs ask of a Hessian: how far its rows reach, what is left of it elsewhere, its intercepts."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import scipy.sparse

from objective.problems import draw


@pytest.fixture(params=[2, 3, 5], ids=lambda classes: f"{classes} classes")
def data(request):
    plain = draw(request.param, classes=request.param)
    plain.sample_weight[::7] = 0.0
    plain.X[::7] = 1e6  # rows that do not count
    return plain


def objective_of(data, intercept=True):
    return data.objective(0.03, intercept, cuts=(7, 31))


def two_hessians(objective):
    rng = np.random.default_rng(5)
    return [objective.evaluate(rng.normal(size=objective.size)).hessian for _ in range(2)]


def class_directions(coords):
    """e_k − e_l in the class basis, for each pair."""
    if coords.basis is None:
        return [np.ones(1)]
    return [coords.basis[k] - coords.basis[j] for k, j in combinations(range(len(coords.basis)), 2)]


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
def test_no_row_is_farther_than_the_reach(data, intercept, as_sparse):
    stored = replace(data, X=scipy.sparse.csr_array(data.X)) if as_sparse else data
    objective = objective_of(stored, intercept)
    for hessian in two_hessians(objective):
        rows = objective.coordinates.standard(data.X[data.sample_weight > 0])
        moves = np.stack([np.kron(q, x) for q in class_directions(objective.coordinates) for x in rows])
        inverse = np.linalg.inv(hessian.to_dense())
        longest = np.sqrt(np.einsum("ij,jk,ik->i", moves, inverse, moves).max())
        assert longest <= hessian.reach <= 20 * longest


def test_elsewhere_is_left_of_a_hessian_what_is_kept(data):
    here, there = two_hessians(objective_of(data))
    for first, second in ((here, there), (there, here)):
        kept = first.kept_at(second)
        left = second.to_dense() - kept * first.to_dense()
        assert np.linalg.eigvalsh(left).min() >= -1e-14 * np.abs(second.to_dense()).max()
        counted = data.sample_weight > 0
        p, q = (np.concatenate(hessian.probs)[counted] for hessian in (first, second))
        assert kept == (q / p).min() < 1
    assert here.kept_at(here) == 1


def test_a_probability_that_has_become_0_keeps_nothing_and_one_that_was_0_anything(data):
    objective = objective_of(data)
    hessian = objective.evaluate(objective.start()).hessian
    certain = tuple(np.eye(data.classes)[np.zeros(len(p), int)] for p in hessian.probs)
    assert hessian.kept_at(replace(hessian, probs=certain)) == 0
    assert replace(hessian, probs=certain).kept_at(replace(hessian, probs=certain)) == 1


def test_the_curvature_of_the_classes_alone(data):
    hessian, _ = two_hessians(objective_of(data))
    probs, shares = np.concatenate(hessian.probs), data.sample_weight / data.sample_weight.sum()
    each = np.einsum("ik,kl->ikl", probs, np.eye(data.classes)) - np.einsum("ik,il->ikl", probs, probs)
    mean = np.einsum("i,ikl->kl", shares, each)
    np.testing.assert_allclose(hessian.class_curvature, mean, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize(
    ("store", "sweeps"), [(np.asarray, 1), (np.asarray, 2), (np.float32, 1), (scipy.sparse.csr_array, 1)]
)
def test_a_step_of_the_intercepts_alone(data, store, sweeps, monkeypatch):
    objective = objective_of(replace(data, X=store(data.X)))
    if sweeps == 2:
        monkeypatch.setitem(vars(objective), "in_one_sweep", False)
    hessian, _ = two_hessians(objective)
    v = np.random.default_rng(1).normal(size=data.classes)
    basis, theta = objective.coordinates.basis, np.zeros(objective.coordinates.shape)
    theta[:, -1] = v[1] - v[0] if basis is None else basis.T @ v
    np.testing.assert_allclose(hessian.along_intercepts(v), hessian.to_dense() @ theta.ravel(), atol=1e-13)
