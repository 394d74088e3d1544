"""The kernels as the other layers call them: tiles, sparse rows, moments, and what is in use."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from dxent.kernels import choice, dispatch, moments, narrow, reference, sparse, tiles, wide

OUTPUTS = [1, 2, 3, 10, 120]


@pytest.fixture
def small_tiles(monkeypatch):
    monkeypatch.setattr(tiles, "ENTRIES_A_TILE", 512)
    monkeypatch.setattr(tiles, "WORK_A_TILE", 2048)
    monkeypatch.setattr(tiles, "GRAM_ROWS_A_TILE", 64)


def all_kernels(kernels, problem, probs):
    X, centre, weights, labels, sample_weight = problem.arguments
    loss, gradient, new_probs = kernels.loss_pass(X, centre, weights, labels, sample_weight)
    return {
        "loss": loss,
        "gradient": gradient,
        "probs": new_probs,
        "logits": kernels.logits(X, centre, weights),
        "hessian": kernels.hessian_pass(X, centre, probs, sample_weight, problem.direction),
        "gram": kernels.softmax_gram(X, centre, probs, sample_weight, problem.with_bias),
    }


def assert_same(problem, dense, tolerance=1e-12):
    probs = reference.loss_pass(*dense.arguments)[2]
    expected = all_kernels(reference, dense, probs)
    for name, result in all_kernels(dispatch, problem, probs).items():
        scale = np.max(np.abs(expected[name]), initial=1.0)
        np.testing.assert_allclose(result, expected[name], rtol=0, atol=tolerance * scale, err_msg=name)
        assert np.asarray(result).dtype == np.asarray(expected[name]).dtype, name


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("outputs", OUTPUTS)
def test_many_tiles_are_one(make_problem, outputs):
    problem = make_problem(600, 11, outputs)
    assert len(tiles.pass_tiles(problem.X, outputs)) > 1
    assert_same(problem, problem)


@pytest.mark.parametrize(("samples", "features"), [(0, 4), (1, 4), (9, 0)])
@pytest.mark.parametrize("outputs", OUTPUTS)
def test_next_to_nothing(make_problem, samples, features, outputs):
    problem = make_problem(samples, features, outputs)
    assert_same(problem, problem)


@pytest.mark.skipif(dispatch.native is None, reason="needs the compiled kernels")
@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, lambda X: X.astype(X.dtype.newbyteorder())])
@pytest.mark.parametrize(
    ("data", "arithmetic", "tolerance"), [("f8", "f8", 1e-12), ("f4", "f4", 2e-5), ("u1", "f8", 1e-12)]
)
@pytest.mark.parametrize("centre", [False, True])
def test_a_wide_matrix(make_problem, monkeypatch, data, arithmetic, tolerance, centre, kind):
    monkeypatch.setattr(tiles, "WIDE", 8000)
    monkeypatch.setattr(wide, "COLUMNS_A_TILE", 12)
    problem = make_problem(300, 40, 5, data=data, arithmetic=arithmetic, centre=centre, bias=centre)
    X = kind(problem.X)
    assert choice.chosen(X, 5)[0] is wide
    assert_same(replace(problem, X=X), problem, tolerance)


def unaligned(X):
    raw = np.zeros(X.nbytes + 1, np.uint8)
    raw[1:] = np.frombuffer(np.ascontiguousarray(X).tobytes(), np.uint8)
    return raw[1:].view(X.dtype).reshape(X.shape)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize(
    "odd",
    [unaligned, lambda X: X.astype(">f8"), lambda X: np.round(X).astype(np.int64)],
    ids=["unaligned", "swapped", "integers"],
)
def test_memory_that_needs_converting(make_problem, odd):
    problem = make_problem(200, 6, 3)
    other = odd(problem.X)
    assert_same(replace(problem, X=other), replace(problem, X=other.astype(np.float64)))


@pytest.mark.usefixtures("small_tiles")
def test_a_large_gram_is_formed_by_parts(make_problem, monkeypatch):
    problem = make_problem(150, 9, 5)
    probs = reference.loss_pass(*problem.arguments)[2]
    arguments = problem.X, problem.centre, probs, problem.sample_weight, True
    small = dispatch.softmax_gram(*arguments)
    monkeypatch.setattr(dispatch, "GRAM_ENTRIES", 300)
    np.testing.assert_allclose(dispatch.softmax_gram(*arguments), small, rtol=0, atol=1e-15)


SPARSE = {
    "array": scipy.sparse.csr_array,
    "matrix": scipy.sparse.csr_matrix,
    "wide indices": lambda X: with_indices(scipy.sparse.csr_array(X), np.int64),
    "unsorted, doubled, explicit zeros": lambda X: untidy(X),
    "prepared": lambda X: dispatch.prepare(scipy.sparse.csr_array(X)),
}


def with_indices(X, dtype):
    return scipy.sparse.csr_array((X.data, X.indices.astype(dtype), X.indptr.astype(dtype)), shape=X.shape)


def untidy(X):
    """The same matrix with each entry in two halves, backwards, and its zeros stored."""
    samples, features = X.shape
    columns = np.tile(np.repeat(np.arange(features)[::-1], 2), samples)
    data = np.repeat(X[:, ::-1], 2, axis=1).ravel() / 2
    return scipy.sparse.csr_array((data, columns, np.arange(samples + 1) * 2 * features), shape=X.shape)


def use(kernels, monkeypatch):
    """Work on sparse rows in one compiled sweep, in two, or with SciPy's products."""
    monkeypatch.setattr(tiles, "NARROW", 0 if kernels == "two sweeps" else 1000)
    monkeypatch.setattr(tiles, "FEW_PRODUCTS", np.inf if kernels == "two sweeps" else 0)
    if kernels == "SciPy":
        for module in (sparse, choice, dispatch):
            monkeypatch.setattr(module, "native", None)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("centre", [True, False])
@pytest.mark.parametrize("outputs", [1, 2, 10])
@pytest.mark.parametrize("kind", SPARSE)
@pytest.mark.parametrize("kernels", ["one sweep", "two sweeps", "SciPy"])
def test_sparse_rows(make_problem, monkeypatch, kernels, kind, outputs, centre):
    use(kernels, monkeypatch)
    problem = make_problem(200, 8, outputs, centre=centre)
    problem.X[problem.X < 1.5] = 0
    X = SPARSE[kind](problem.X)
    before = [part.copy() for part in (X.data, X.indices, X.indptr)]
    assert_same(replace(problem, X=X), problem)
    *found, bound = moments.column_moments(X, problem.sample_weight)
    *wanted, longest = moments.column_moments(problem.X, problem.sample_weight)
    for moment, dense in zip(found, wanted, strict=True):
        np.testing.assert_allclose(moment, dense, rtol=1e-12, atol=1e-14)
    assert longest <= bound <= 4 * longest
    for part, was in zip((X.data, X.indices, X.indptr), before, strict=True):
        np.testing.assert_array_equal(part, was)


@pytest.mark.parametrize("kernels", ["one sweep", "two sweeps"])
@pytest.mark.parametrize("data", ["f4", "f8"])
def test_sparse_float32(make_problem, monkeypatch, data, kernels):
    use(kernels, monkeypatch)
    problem = make_problem(50, 8, 3, data=data, arithmetic="f4")
    assert_same(replace(problem, X=scipy.sparse.csr_array(problem.X)), problem, 1e-5)


@pytest.mark.parametrize("kernels", ["one sweep", "two sweeps"])
@pytest.mark.parametrize(("samples", "features"), [(0, 4), (1, 4), (9, 0)])
@pytest.mark.parametrize("outputs", [1, 3])
def test_next_to_nothing_of_sparse_rows(make_problem, monkeypatch, samples, features, outputs, kernels):
    use(kernels, monkeypatch)
    problem = make_problem(samples, features, outputs)
    assert_same(replace(problem, X=scipy.sparse.csr_array(problem.X)), problem)


def columns(kind, rng):
    """Return 3000 rows of 30 columns, most of them zeros, and a centre."""
    X = rng.normal(size=(3000, 30)) * (rng.random((3000, 30)) < 0.1)
    if kind == "one nearly full":
        X[:, 7] = rng.random(3000) < 0.999
    return X, np.full(30, 1e6) if kind == "far off" else X.mean(axis=0)


@pytest.mark.skipif(dispatch.native is None, reason="needs the compiled kernels")
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize(
    ("kind", "by_entries"), [("few", True), ("far off", True), ("one nearly full", False)]
)
def test_the_gram_of_stored_entries_is_as_sure_as_certificates_take_it_for(kind, by_entries, classes):
    rng = np.random.default_rng(classes)
    X, centre = columns(kind, rng)
    probs, weight = rng.dirichlet(np.ones(classes), 3000), np.full(3000, 1 / 3000)
    weight[::7] = 0
    design = dispatch.prepare(scipy.sparse.csr_array(X))
    assert tiles.has_few_products(design)
    grams = narrow.pair_grams(design, centre, probs, weight, *reference.class_pairs(classes), True)
    assert (grams is not None) == by_entries
    rows = np.column_stack([X - centre.astype(np.longdouble), np.ones(3000)])
    p = probs[:, 1:].astype(np.longdouble)
    curvature = weight[:, None, None] * (p[:, :, None] * np.eye(classes - 1) - p[:, :, None] * p[:, None])
    exact = np.einsum("iab,ij,ik->ajbk", curvature, rows, rows, optimize=True)
    exact = exact.reshape(31 * (classes - 1), -1)
    roots = np.sqrt(np.diagonal(exact))
    sure = 16 * np.sqrt(64 + 3000 / 16) * 2.0**-53 * roots * roots[:, None]
    assert np.all(np.abs(dispatch.softmax_gram(design, centre, probs, weight, True) - exact) <= sure)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("as_sparse", [False, True])
def test_moments(as_sparse):
    rng = np.random.default_rng(0)
    spread = rng.normal(size=400)
    X = np.column_stack([spread, 1e9 + spread, np.full(400, 0.1), np.full(400, 1e9), 1e100 * spread])
    sample_weight = rng.random(400)
    sample_weight[[0, 7]] = 0
    X[7] = 1e100  # a row without weight
    sample_weight /= sample_weight.sum()
    mean, variance, span, longest = moments.column_moments(
        scipy.sparse.csr_array(X) if as_sparse else X, sample_weight
    )
    kept = np.delete(X, [0, 7], axis=0)
    s = np.delete(sample_weight, [0, 7])
    about = kept - s @ kept
    np.testing.assert_allclose(mean, s @ kept, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(variance[[2, 3]], 0)
    np.testing.assert_array_equal(span[[2, 3]], 1e-290)
    np.testing.assert_allclose(variance[[0, 4]], (s @ about**2)[[0, 4]], rtol=1e-12)
    np.testing.assert_allclose(variance[1], variance[0], rtol=1e-7)
    np.testing.assert_allclose(span, np.maximum(np.abs(kept - kept[0]).max(axis=0), 1e-290), rtol=1e-12)
    moving = [0, 1, 4]
    lengths = np.linalg.norm(about[:, moving] / span[moving], axis=1)
    assert longest >= lengths.max() * (1 - 1e-6)
    if not as_sparse:
        assert longest == pytest.approx(lengths.max(), rel=1e-6)


def test_moments_of_a_sparse_column_with_a_far_first_row():
    dense = np.zeros((1000, 2))
    dense[0, 0] = 1e9
    dense[::2, 1] = 3
    weight = np.full(1000, 1e-3)
    for result, wanted in zip(
        moments.column_moments(scipy.sparse.csr_array(dense), weight)[:3],
        (dense.mean(axis=0), dense.var(axis=0), np.abs(dense - dense[0]).max(axis=0)),
        strict=True,
    ):
        np.testing.assert_allclose(result, wanted, rtol=1e-9)


def test_what_is_in_use():
    config = dispatch.show_config()
    assert config["kernels"] == ("NumPy" if dispatch.native is None else "native")
    assert config["threads"] >= 1
    assert config["numpy"] == np.__version__


def test_import_is_lazy():
    code = "import sys, dxent.kernels.dispatch; print(*[m for m in ('scipy', 'sklearn') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "\n"
    )


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("centre", [False, True])
def test_square_pullback(make_problem, as_sparse, centre):
    problem = make_problem(40, 6, 3)
    X = problem.X * (np.arange(40)[:, None] % 3 != np.arange(6) % 3)
    R = np.random.default_rng(0).random((40, 3))
    mean = X.mean(axis=0) if centre else None
    expected = R.T @ np.column_stack([(X - (0 if mean is None else mean)) ** 2, np.ones(40)])
    design = dispatch.prepare(scipy.sparse.csr_array(X)) if as_sparse else X
    np.testing.assert_allclose(dispatch.square_pullback(design, mean, R, True), expected, rtol=1e-13)


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("centre", [False, True])
def test_square_logits(make_problem, as_sparse, centre):
    problem = make_problem(40, 6, 3)
    X = problem.X * (np.arange(40)[:, None] % 3 != np.arange(6) % 3)
    mean = X.mean(axis=0) if centre else None
    expected = np.column_stack([(X - (0 if mean is None else mean)) ** 2, np.ones(40)]) @ problem.weights.T
    design = dispatch.prepare(scipy.sparse.csr_array(X)) if as_sparse else X
    found = dispatch.square_logits(design, mean, problem.weights)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("outputs", OUTPUTS)
@pytest.mark.parametrize("as_sparse", [False, True])
def test_weights_of_zero_leave_the_biases(make_problem, outputs, as_sparse):
    problem = make_problem(30, 9, outputs)
    X = dispatch.prepare(scipy.sparse.csr_array(problem.X)) if as_sparse else problem.X
    weights = np.zeros((outputs, 10))
    weights[:, 9] = np.arange(outputs)
    for W in (weights, weights[:, :9], weights.astype(np.float32)):
        Z = dispatch.logits(X, problem.centre, W)
        assert Z.dtype == W.dtype
        np.testing.assert_array_equal(Z, np.tile(W[:, 9:].sum(axis=1), (30, 1)))


def test_squares_that_are_kept_are_about_the_centre_that_is_asked_for(make_problem):
    problem = make_problem(50, 9, 3)
    X = scipy.sparse.csr_array(problem.X * (np.arange(50)[:, None] % 4 == np.arange(9) % 4))
    tidy, weights, residuals = dispatch.prepare(X), problem.weights[:, :9], np.ones((50, 3))
    assert scipy.sparse.issparse(tidy)
    for centre in (problem.centre, None, 2 * problem.centre):
        dense = X.toarray()
        for of, args in ((dispatch.square_logits, (weights,)), (dispatch.square_pullback, (residuals, True))):
            expected = getattr(reference, of.__name__)(dense, centre, *args)
            np.testing.assert_allclose(of(tidy, centre, *args), expected, rtol=1e-12, atol=1e-12)


def test_sparse_counts_and_weights_by_column(make_problem):
    problem = make_problem(60, 8, 3, data="u1")
    counts = scipy.sparse.csr_array(problem.X.astype(np.uint16))
    other = replace(problem, X=dispatch.prepare(counts), weights=np.asfortranarray(problem.weights))
    assert_same(other, replace(problem, X=problem.X.astype(np.float64)))


def test_passes_over_one_sparse_matrix_at_a_time_share_nothing(make_problem):
    problem = make_problem(300, 40, 6)
    X = dispatch.prepare(scipy.sparse.csr_array(problem.X))
    shapes = [np.full((k, 41), float(k)) for k in (2, 6, 2, 6, 6, 3)] * 20
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda W: dispatch.logits(X, problem.centre, W), shapes))
    for W, Z in zip(shapes, results, strict=True):
        np.testing.assert_allclose(Z, reference.logits(problem.X, problem.centre, W), rtol=0, atol=1e-11)


def test_tiles_of_stored_entries_cover_every_row_once(monkeypatch):
    monkeypatch.setattr(tiles, "ENTRIES_A_TILE", 16)
    counts = np.array([0, 900, 0, 1, 2, 0, 0, 40, 300, 0])
    indptr = np.concatenate([[0], np.cumsum(counts)])
    X = scipy.sparse.csr_array((np.ones(indptr[-1]), np.zeros(indptr[-1], int), indptr), shape=(10, 1))
    cut = tiles.stored_tiles(X, 3)
    assert len(cut) > 10
    assert [i for rows in cut for i in range(10)[rows]] == list(range(10))


@pytest.mark.parametrize("ones", [False, True])
@pytest.mark.parametrize("stored", [0.2, 0.5])
def test_a_prepared_sparse_matrix_gives_the_same(make_problem, stored, ones):
    problem = make_problem(50, 7, 3)
    problem.X[np.random.default_rng(0).random((50, 7)) > stored] = 0
    problem.X[problem.X != 0] = 1 if ones else problem.X[problem.X != 0]
    X = scipy.sparse.csr_array(problem.X)
    design = dispatch.prepare(X)
    assert isinstance(design, np.ndarray) == (stored > 1 / 3)
    assert getattr(design, "all_ones", ones) == ones
    assert_same(replace(problem, X=design), replace(problem, X=X), 1e-14)
    assert not hasattr(X, "columns")


def test_a_prepared_sparse_matrix_has_each_entry_once_and_in_order():
    parts = np.array([1.0, 2.0, 4.0, 8.0, 0.0]), np.array([6, 2, 6, 0, 1]), np.array([0, 3, 5])
    X = scipy.sparse.csr_array(parts, shape=(2, 9))
    design = dispatch.prepare(X)
    np.testing.assert_array_equal(design.indices, [2, 6, 0])
    np.testing.assert_array_equal(design.data, [2, 5, 8])
    np.testing.assert_array_equal(X.data, [1, 2, 4, 8, 0])


def test_a_zero_that_is_stored_keeps_no_matrix_from_being_one_of_ones():
    parts = np.array([1.0, 0.0, 1.0]), np.array([0, 5, 3]), np.array([0, 2, 3])
    X = scipy.sparse.csr_array(parts, shape=(2, 7))
    design = dispatch.prepare(X)
    assert design.all_ones
    np.testing.assert_array_equal(design.toarray(), X.toarray())
    assert X.nnz == 3


def test_a_prepared_sparse_matrix_is_transposed_once():
    X = scipy.sparse.random_array((50, 7), density=0.2, format="csr", rng=0)
    design = dispatch.prepare(X)
    assert sparse.columns_of(design) is sparse.columns_of(design)
    np.testing.assert_array_equal(sparse.columns_of(design).toarray(), X.toarray().T)
    assert not hasattr(X, "columns")


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_largest_magnitude_is_found_in_any_tile(monkeypatch, order):
    monkeypatch.setattr(moments, "ENTRIES_A_TILE", 8)
    X = np.asarray(np.random.default_rng(0).uniform(-1, 1, (50, 3)), order=order)
    assert moments.largest_magnitude(X) == np.abs(X).max()
    for value, expected in ((-7.0, 7.0), (8.0, 8.0), (-np.inf, np.inf), (np.nan, np.nan)):
        X[31, 1] = value
        np.testing.assert_equal(moments.largest_magnitude(X), expected)
    np.testing.assert_equal(moments.largest_magnitude(X.ravel()), np.nan)
    assert moments.largest_magnitude(np.zeros((0, 3))) == moments.largest_magnitude(np.zeros((3, 0))) == 0
    assert moments.largest_magnitude(np.full((3, 3), 200, np.uint8)) == 200


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("data", [None, "f4", "f8", "u2"])
def test_some_columns_of_some_rows(data, index):
    rng = np.random.default_rng(0)
    X = (rng.integers(0, 9, size=(30, 12)) * (rng.random((30, 12)) < 0.4)).astype(data or float)
    design = X
    if data is not None:
        design = scipy.sparse.csr_array(X)
        design.indices, design.indptr = design.indices.astype(index), design.indptr.astype(index)
    rows = np.array([3, 3, 7, 29])
    for columns in (np.arange(12), np.array([1, 5, 6]), np.arange(0)):
        np.testing.assert_array_equal(dispatch.gather(design, rows, columns), X[np.ix_(rows, columns)])
