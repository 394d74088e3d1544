"""Rows: weights become shares, tiles cover the rows that count."""

import numpy as np
import pytest
import scipy.sparse

from dxent.data import blocks
from dxent.data.blocks import Block, Rows

X = np.arange(24.0).reshape(8, 3)
LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 1])
WEIGHTS = np.array([1.0, 2.0, 0.0, 4.0, 1.0, 0.0, 3.0, 1.0])


@pytest.fixture(params=[np.asarray, scipy.sparse.csr_matrix], ids=["dense", "csr"])
def store(request):
    return request.param


def test_weights_become_shares_that_sum_to_one(store):
    rows = Rows.of(store(X), LABELS, WEIGHTS, 3)
    (block,) = rows.blocks
    np.testing.assert_allclose(block.sample_weight, WEIGHTS / 12, rtol=1e-15)
    assert (rows.total_weight, rows.samples, rows.features) == (12.0, 8, 3)
    np.testing.assert_allclose(rows.class_shares, [8 / 12, 4 / 12, 0], rtol=1e-15)


@pytest.mark.parametrize("scale", [1e-300, 1e300, 2.0**-1074 * 4])
def test_shares_do_not_depend_on_the_scale_of_the_weights(scale):
    here, there = (Rows.of(X, LABELS, WEIGHTS * factor, 3) for factor in (1.0, scale))
    np.testing.assert_allclose(there.blocks[0].sample_weight, here.blocks[0].sample_weight, rtol=1e-15)
    np.testing.assert_allclose(there.total_weight, 12 * scale, rtol=1e-15)


def test_shares_of_classes_add_up_over_blocks():
    shares = WEIGHTS / 12
    parts = tuple(Block(X[s], LABELS[s], shares[s]) for s in (slice(0, 3), slice(3, 8)))
    rows = Rows(parts, 4, 12.0)
    np.testing.assert_allclose(rows.class_shares, [8 / 12, 4 / 12, 0, 0], rtol=1e-15)
    assert rows.samples == 8


@pytest.mark.parametrize("centre", [None, np.array([1.0, 2.0, 3.0])])
@pytest.mark.parametrize("entries", [1, 7, 1 << 20])
def test_tiles_are_the_rows_of_positive_weight(store, centre, entries, monkeypatch):
    monkeypatch.setattr(blocks, "TILE_ENTRIES", entries)
    tiles = list(Rows.of(store(X.astype(np.float32)), LABELS, WEIGHTS, 3).tiles(centre))
    assert all(tile.dtype == np.float64 for tile in tiles)
    expected = X[WEIGHTS > 0] - (0 if centre is None else centre)
    np.testing.assert_array_equal(np.concatenate(tiles), expected)


@pytest.mark.parametrize("rows", [slice(2, 5), np.array([5, 1])], ids=["slice", "places"])
def test_rows_are_dense_whatever_holds_them(store, rows):
    dense = Block(store(X), LABELS, WEIGHTS / 12).dense(rows)
    assert isinstance(dense, np.ndarray)
    np.testing.assert_array_equal(dense, X[rows])


def test_a_sample_draws_rows_that_count_keeps_rare_classes_and_their_shares(store):
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [20, 2000, 6000])
    weights = rng.integers(0, 4, 8020) * 1.0
    X = np.arange(8020.0)[:, None]
    halves = (slice(0, 3000), slice(3000, 8020))
    parts = [Block(store(X[half]), labels[half], (weights / weights.sum())[half]) for half in halves]
    rows = Rows(parts, 3, weights.sum())
    sample = rows.sample(10, 7)
    counts = sum(np.bincount(block.labels, minlength=3) for block in sample.blocks)
    assert counts[0] == np.count_nonzero(weights[:20])
    np.testing.assert_allclose(counts[1:], [150, 450], rtol=0.25)
    np.testing.assert_allclose(sample.class_shares, rows.class_shares, rtol=1e-14)
    drawn = np.concatenate([block.dense(slice(None)) for block in sample.blocks])[:, 0].astype(int)
    assert (weights[drawn] > 0).all()
    assert (np.diff(drawn) > 0).all()
    np.testing.assert_array_equal(np.concatenate([block.labels for block in sample.blocks]), labels[drawn])
    again = rows.sample(10, 7)
    for here, there in zip(sample.blocks, again.blocks, strict=True):
        np.testing.assert_array_equal(here.sample_weight, there.sample_weight)


def test_a_sample_has_one_of_every_sixteen_rows():
    X, weights = np.arange(1605.0)[:, None], np.full(1605, 1 / 1605)
    rows = Rows((Block(X, np.arange(1605) % 2, weights),), 2, 1605.0)
    drawn = rows.sample(16, 3).blocks[0].X[:, 0]
    np.testing.assert_array_equal((drawn // 16)[:100], np.arange(100))
    assert len(set(drawn % 16)) > 10
    last = [int(rows.sample(16, seed).blocks[0].X[-1, 0]) == 1604 for seed in range(200)]
    assert 2 < sum(last) < 30  # one in sixteen, as any other
