"""Each preconditioner is symmetric positive definite and resembles the inverse Hessian."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from dxent.objective import block_preconditioner, pair_preconditioner, preconditioners, sampling
from dxent.objective.block_preconditioner import BlockPreconditioner
from dxent.objective.diagonal_preconditioner import DiagonalPreconditioner
from dxent.objective.factor import Factor
from dxent.objective.kronecker_preconditioner import KroneckerPreconditioner
from dxent.objective.pair_preconditioner import PairPreconditioner
from dxent.objective.preconditioners import active_columns, block_size, precondition
from dxent.objective.sampling import Curvature
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


def curvature(here):
    return Curvature.of(here.hessian.objective.rows, here.hessian.probs)


def pairs(here, terms, monkeypatch, **changes):
    """The preconditioner from so many terms a parameter."""
    monkeypatch.setattr(pair_preconditioner, "TERMS_PER_PARAMETER", terms)
    objective = replace(here.hessian.objective, **changes)
    return PairPreconditioner.of(
        objective, curvature(here), active_columns(objective, curvature(here)), cost=1.0
    )


def test_from_many_terms_it_is_the_inverse(here, monkeypatch):
    assert condition(pairs(here, 3000, monkeypatch), here.hessian.to_dense()) < 1.5


def test_from_a_sample_of_terms_it_is_near(here, monkeypatch):
    assert condition(pairs(here, 24, monkeypatch), here.hessian.to_dense()) < 20


def test_a_column_that_only_the_penalty_bends_is_left_out_and_inverted_alone(monkeypatch):
    data = draw(3, samples=200, classes=3)
    data = replace(data, X=np.column_stack([data.X, np.full(200, 7.0), 1e-9 * data.X[:, 0]]))
    objective = data.objective(STRENGTH, True)
    here = objective.evaluate(objective.start())
    active = active_columns(objective, curvature(here))
    assert active.tolist() == [0, 1, 2, 5]
    M = pairs(here, 3000, monkeypatch)
    assert condition(M, here.hessian.to_dense()) < 1.5


def kronecker(here):
    return KroneckerPreconditioner.of(here.hessian.objective, curvature(here), cost=1.0)


def test_one_feature_matrix_for_all_classes(here):
    assert condition(kronecker(here), here.hessian.to_dense()) < 100


def test_one_feature_matrix_is_exact_where_the_probabilities_are_equal(classes, intercept):
    data = draw(classes, samples=24, classes=classes)  # so few that all are taken
    objective = data.objective(1e-12, intercept)
    here = objective.evaluate(np.zeros(objective.size))
    theirs = kronecker(here).apply(here.gradient)
    mine = np.linalg.solve(here.hessian.to_dense(), here.gradient)
    # each class is scaled by 1/K − 1/K², and the Hessian on what sums to zero by 1/K; of two, both by 1/4
    factor = 1.0 if classes == 2 else 1 - 1 / classes
    np.testing.assert_allclose(theirs * factor, mine, rtol=1e-5)


def blocks(here, columns=99):
    size = min(columns, here.hessian.objective.coordinates.shape[1])
    return BlockPreconditioner.of(here.hessian.objective, curvature(here), size, cost=1.0)


def test_a_block_for_each_class(here, classes, monkeypatch):
    """All there is of two classes; of more, all but what they have in common."""
    monkeypatch.setattr(block_preconditioner, "ROWS_A_COLUMN", 100)
    assert condition(blocks(here), here.hessian.to_dense()) < (1.0001 if classes == 2 else 30)


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_the_diagonal_beyond_the_heaviest_columns(here, columns):
    M = blocks(here, columns)
    assert M.heads.shape[1] == columns
    assert condition(M, here.hessian.to_dense()) < 100


def test_each_class_has_the_columns_that_bend_it():
    labels = np.repeat([0, 1, 2], 40)
    X = np.random.default_rng(0).normal(size=(120, 3)) * (1e-3 + (labels[:, None] == np.arange(3)))
    objective = replace(draw(0, samples=120), X=X, labels=labels).objective(1e-3, False)
    bend = Curvature(np.where(labels[:, None] == np.arange(3), 0.5, 0.01), np.full(120, 1 / 120))
    M = BlockPreconditioner.of(objective, bend, 1, cost=1.0)
    assert M.heads.ravel().tolist() == [0, 1, 2]


def test_a_long_row_is_drawn_though_it_weighs_little(monkeypatch):
    """A row that is a thousand times as long as the others, in two columns together."""
    monkeypatch.setattr(block_preconditioner, "ROWS_A_COLUMN", 20)
    data = draw(0, samples=3000, features=4, classes=2)
    data.X[1500] = [0, 3000, 3000, 0]
    objective = replace(data, sample_weight=np.ones(3000)).objective(1e-3, True)
    here = objective.evaluate(objective.start())
    assert condition(blocks(here), here.hessian.to_dense()) < 3


def test_blocks_grow_with_the_search_as_far_as_memory_goes(monkeypatch):
    objective = draw(0, samples=40, features=2000, classes=3).objective(1e-3, True)
    sizes = []
    for passes in (0, 3_000, 30_000):
        monkeypatch.setattr(objective.count, "passes", passes)
        sizes.append(block_size(objective)[0])
    assert sizes == [256, 512, 1024]
    monkeypatch.setattr(preconditioners, "BLOCK_ENTRIES", 3 * 300**2)
    assert block_size(objective)[0] == 300
    sparse = replace(draw(0, samples=40, features=2000), X=scipy.sparse.csr_array(np.eye(40, 2000)))
    objective = sparse.objective(1e-3, True)
    monkeypatch.setattr(objective.count, "passes", 30_000)
    assert block_size(objective)[0] == 256


def test_many_correlated_columns_have_blocks(monkeypatch):
    monkeypatch.setattr(preconditioners, "MANY_COLUMNS", 299)
    data = draw(0, samples=400, features=300, classes=3)
    data.X[:] += np.random.default_rng(1).normal(size=(400, 1)) * data.X.std(axis=0)
    objective = data.objective(1e-3, True)
    M = precondition(objective, objective.evaluate(objective.start()))
    assert isinstance(M, BlockPreconditioner)
    assert M.cost > 0


def test_classes_of_unlike_curvature_have_scales_of_their_own(monkeypatch):
    data = draw(0, samples=2000, classes=3)
    objective = replace(data, labels=np.where(np.arange(2000) < 1990, data.labels % 2, 2)).objective(
        1e-6, True
    )
    here = objective.evaluate(objective.start())
    own = kronecker(here)
    shared = replace(own, scales=np.full(3, own.scales.mean()))
    H = here.hessian.to_dense()
    assert condition(own, H) < condition(shared, H) / 5


@pytest.mark.parametrize("as_sparse", [False, True])
def test_columns_that_have_little_to_do_with_one_another_keep_their_own_scales(as_sparse, intercept):
    data = draw(0, samples=4000, features=300, classes=3)
    data = replace(data, X=scipy.sparse.csr_array(data.X)) if as_sparse else data
    objective = data.objective(1e-3, intercept)
    here = objective.evaluate(objective.start())
    if intercept:  # else the columns' means are in common
        M = precondition(objective, here)
        assert isinstance(M, DiagonalPreconditioner)
        assert condition(M, here.hessian.to_dense()) < 12
    assert objective.correlated != intercept


def test_columns_are_correlated_that_share_a_tenth_of_themselves():
    data = draw(0, samples=2000, features=300, classes=3)
    common = np.random.default_rng(1).normal(size=(2000, 1)) * data.X.std(axis=0)
    assert replace(data, X=data.X + common / 3).objective(1e-3, True).correlated
    assert not replace(data, X=data.X + common / 10).objective(1e-3, True).correlated


def test_of_few_columns_it_is_not_asked_whether_they_are_correlated():
    assert draw(0, samples=2000, features=256).objective(1e-3, True).correlated


def test_the_passes_so_far_pick_the_form(here, monkeypatch):
    objective = here.hessian.objective
    monkeypatch.setattr(objective.count, "passes", 1000)
    names = [type(precondition(objective, here)).__name__]
    monkeypatch.setattr(objective.count, "passes", 0)
    names.append(type(precondition(objective, here)).__name__)
    assert names == ["PairPreconditioner", "KroneckerPreconditioner"]


def test_where_the_penalty_alone_bends_nothing_is_sampled(monkeypatch):
    objective = draw(0, samples=50, classes=3).objective(1e9, False)
    here = objective.evaluate(objective.start())
    assert not len(active_columns(objective, curvature(here)))
    monkeypatch.setattr(objective.count, "passes", 1000)
    assert condition(precondition(objective, here), here.hessian.to_dense()) < 1.1


def test_the_terms_have_the_right_expectation(here, monkeypatch):
    """Averaged over seeds, the Hessian of the sampled terms is the Hessian."""
    total = 0.0
    for seed in range(60):
        M = pairs(here, 24, monkeypatch, seed=seed)
        turn = np.kron(np.linalg.inv(M.back), np.eye(len(M.active)))
        inverse = np.stack([M.factor.solve(e) for e in np.eye(M.factor.order, dtype=M.factor.dtype)])
        total = total + turn.T @ np.linalg.inv(inverse.astype(float)) @ turn / 60
    H = here.hessian.to_dense()
    assert np.abs(total - H).max() < 0.1 * np.abs(H).max()


def test_where_every_row_is_saturated_the_penalty_is_left(here, classes):
    objective = here.hessian.objective
    labels = np.concatenate([block.labels for block in objective.rows.blocks])
    bend = Curvature(np.eye(classes)[labels], np.full(len(labels), 1 / len(labels)))
    M = PairPreconditioner.of(objective, bend, np.arange(objective.coordinates.shape[1]), cost=1.0)
    vector = np.random.default_rng(0).normal(size=objective.coordinates.shape)
    penalised = objective.penalty.strengths > 0
    found = M.apply(vector.ravel()).reshape(vector.shape)[:, penalised]
    np.testing.assert_allclose(
        found, (vector / objective.penalty.strengths.clip(1e-300))[:, penalised], rtol=1e-2
    )


def test_rows_are_drawn_in_order_and_by_their_curvature():
    probs = np.array([[0.5, 0.5], [1.0, 0.0], [0.9, 0.1], [0.5, 0.5]])
    bend = Curvature(probs, np.ones(len(probs)))
    drawn, weights = sampling.draw(bend.sizes, bend.sizes, 1000, np.random.default_rng(0))
    assert (np.diff(drawn) >= 0).all()
    np.testing.assert_allclose(np.bincount(drawn, weights), bend.sizes, rtol=0.01)


def test_a_factor_solves_and_knows_its_inverse():
    half = np.random.default_rng(0).normal(size=(6, 6))
    H = half @ half.T + np.eye(6)
    factor, b = Factor.of(H.copy(), 1e-3), np.arange(6.0)
    np.testing.assert_allclose(factor.solve(b), np.linalg.solve(H, b), rtol=1e-12)
    np.testing.assert_allclose(factor.inverse_diagonal, np.diag(np.linalg.inv(H)), rtol=1e-12)
    np.testing.assert_allclose(
        factor.half_solve(b) @ factor.half_solve(b), b @ np.linalg.solve(H, b), rtol=1e-12
    )
    assert factor.doubt == pytest.approx(1e-3 * np.diag(H) @ np.diag(np.linalg.inv(H)))
    assert 0.1 * factor.doubt < factor.least_doubt <= factor.doubt


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_semidefinite_matrix_is_lifted_no_more_than_it_takes(dtype):
    column = np.arange(1.0, 5.0)
    H = np.outer(column, column).astype(dtype)
    factor = Factor.of(H.copy(), 0.0)
    lower = factor.lower
    assert factor.lifted
    assert factor.doubt == factor.least_doubt == np.inf
    assert np.isfinite(lower).all()
    assert np.abs(lower @ lower.T - H).max() < 1000 * np.finfo(dtype).eps * H.max()
