"""What the proofs ask of a Hessian: how far its rows reach, what is left of it elsewhere, its intercepts."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import scipy.sparse

from dxent.kernels import dispatch
from dxent.objective.certificate import Certificate
from dxent.objective.rounding import product_rounding
from dxent.objective.self_concordance import self_concordance_bound
from dxent.solvers.newton import newton
from objective.problems import draw

compiled = pytest.mark.skipif(dispatch.native is None, reason="needs the compiled kernels")


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
        assert longest <= hessian.reach(hessian.factor) <= 20 * longest


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


@compiled
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("kind", ["far from zero", "rare ones", "equal rows", "heavy tails"])
def test_products_in_single_precision_are_off_by_no_more_than_is_allowed_for(classes, kind):
    rng = np.random.default_rng(3)
    data = draw(9, classes=classes, samples=3000, features=9)
    if kind == "far from zero":
        data.X[:] = data.X + 1e6 * rng.normal(size=9)
    elif kind == "rare ones":
        data.X[:] = rng.random(data.X.shape) < 1e-2
    elif kind == "equal rows":  # the errors of their sums have one sign
        data.X[:] = np.where(np.arange(3000) < 10, 1.0, np.pi)[:, None] * (1 + np.arange(9.0) ** 2)
        data.sample_weight[:] = 1.0
    else:
        data.X[:] = rng.standard_cauchy(data.X.shape)
    objective = data.objective(1e-3, True, cuts=(1000,))
    assert objective.gram_precision == np.float32
    for hessian in (objective.evaluate(objective.start()).hessian, *two_hessians(objective)):
        exact, rough = (dispatched(hessian, precision) for precision in (np.float64, np.float32))
        root = np.sqrt(np.diagonal(exact))
        off = np.abs(rough - exact) / np.outer(root, root)
        assert 0 < off.max() < product_rounding(objective, np.float32)


def dispatched(hessian, precision):
    """The sum of the data's products alone, in reference coordinates."""
    objective = hessian.objective
    return sum(
        dispatch.softmax_gram(block.X, objective.coordinates.centre, p, block.sample_weight, True, precision)
        for block, p in zip(objective.rows.blocks, hessian.probs, strict=True)
    )


@compiled
def test_a_step_takes_the_rough_factor_and_a_better_one_where_that_is_in_doubt():
    data = draw(4, classes=3, features=4)
    hessian = two_hessians(data.objective(0.1, True))[0]
    assert not hessian.is_factorised
    assert hessian.step_factor is hessian.rough_factor is hessian.single_factor
    assert "factor" not in vars(hessian)
    np.testing.assert_allclose(hessian.single_factor.lower, hessian.factor.lower, atol=1e-6)
    data.X[:, 3] = data.X[:, 2] + 1e-5 * data.X[:, 3]
    hessian = two_hessians(data.objective(1e-12, True))[0]
    assert hessian.step_factor is hessian.rough_factor is hessian.factor
    assert hessian.single_factor.least_doubt > 4
    after = hessian.objective.evaluate(hessian.objective.start()).hessian
    assert after.step_factor is after.factor
    assert "single_factor" not in vars(after)


@compiled
@pytest.mark.parametrize("stored", [np.float32, np.uint8])
def test_a_centre_is_not_rounded_for_a_proof(stored):
    data = draw(4, classes=3, features=4)
    data.X[:] = np.round(data.X) + 100
    objective = replace(data, X=stored(data.X)).objective(0.1, True)
    assert objective.precision == np.float32
    assert objective.gram_precision == np.float64


def test_rows_that_do_not_count_may_be_beyond_single_precision():
    data = draw(4, classes=3, features=4)
    data.X[5], data.sample_weight[5] = 1e99, 0.0
    objective = data.objective(0.1, True)
    hessian = two_hessians(objective)[0]
    v = np.ones(objective.size, objective.precision)
    assert np.isfinite(hessian.mv(v)).all()
    assert np.isfinite(hessian.step_factor.lower).all()


@compiled
def test_a_better_factor_is_formed_for_a_proof_only_if_it_may_prove_enough():
    data = draw(6, samples=300, classes=3, features=3)
    data.X[:, 2] = data.X[:, 1] + 1e-2 * data.X[:, 2]
    objective = data.objective(1e-7, True)
    *_, here = newton(objective, objective.evaluate(objective.start()))
    here = objective.evaluate(here.point)
    assert here.hessian.rough_factor.doubt > 0.5
    assert self_concordance_bound(objective, here, here, enough=0.0) == Certificate.none()
    assert "factor" not in vars(here.hessian)
    assert self_concordance_bound(objective, here, here, enough=1e-9).relative_gap < 1e-9
    assert here.hessian.rough_factor is here.hessian.factor
