"""Coordinates: one linear map, its transpose and its inverse; moments over blocks."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from dxent.objective.scaling import (
    Coordinates,
    coordinates,
    moments,
    sum_zero_basis,
    times_basis,
    times_transposed_basis,
)
from objective.problems import draw

RNG = np.random.default_rng(0)


@pytest.fixture(params=[2, 3, 5], ids=lambda classes: f"{classes} classes")
def classes(request):
    return request.param


@pytest.fixture(params=[True, False], ids=["intercept", "no intercept"])
def coords(request, classes):
    rows = draw(1, classes=classes).rows()
    return coordinates(rows, moments(rows), 0.1, request.param)


def outputs(coords):
    return 1 if coords.basis is None else len(coords.basis)


def test_the_basis_is_orthonormal_and_sums_to_zero(classes):
    Q = sum_zero_basis(classes)
    np.testing.assert_allclose(Q.T @ Q, np.eye(classes - 1), atol=1e-15)
    np.testing.assert_allclose(Q.sum(axis=0), 0, atol=1e-15)


def test_pull_is_the_transpose_of_weights(coords):
    theta = RNG.normal(size=np.prod(coords.shape))
    cotangent = RNG.normal(size=(outputs(coords), coords.shape[1]))
    np.testing.assert_allclose(
        np.sum(cotangent * coords.weights(theta)), coords.pull(cotangent) @ theta, rtol=1e-12
    )


def test_point_undoes_weights(coords):
    theta = RNG.normal(size=np.prod(coords.shape))
    W = coords.weights(theta)
    np.testing.assert_allclose(coords.point(W), theta, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(coords.weights(coords.point(W)), W, rtol=1e-13, atol=1e-14)
    if len(W) > 1:
        np.testing.assert_allclose(W.sum(axis=0), 0, atol=1e-13)
        np.testing.assert_allclose(coords.point(W + RNG.normal(size=W.shape[1])), theta, atol=1e-12)


def test_conjugate_changes_the_coordinates_of_a_gram(coords, classes):
    """H in θ is Rᵀ G R, where R takes θ to the differences U_t = W_t − W_0 that the Gram is written in."""
    size, width = (classes - 1) * coords.shape[1], coords.shape[1]
    half = RNG.normal(size=(size, size))
    gram = half @ half.T
    W = np.stack([coords.weights(e) for e in np.eye(size)])
    U = W if len(W[0]) == 1 else W[:, 1:] - W[:, :1]
    R = U.reshape(size, (classes - 1) * width).T
    np.testing.assert_allclose(coords.conjugate(gram.copy()), R.T @ gram @ R, rtol=1e-10, atol=1e-10)


def test_scales_are_powers_of_two_near_the_curvature(coords):
    rows = draw(1, classes=outputs(coords) + (coords.basis is None)).rows()
    columns, shares = moments(rows), rows.class_shares
    second = columns.variance + (0 if coords.intercept else columns.mean**2)
    ratio = coords.scale**2 / (second * np.mean(shares * (1 - shares)) + 0.1)
    assert ((ratio >= 0.5 - 1e-12) & (ratio <= 2 + 1e-12)).all()
    np.testing.assert_array_equal(np.frexp(coords.scale)[0], 0.5)


def test_products_with_the_basis_and_its_transpose():
    Q, rng = sum_zero_basis(5), np.random.default_rng(0)
    theta, W = rng.normal(size=(4, 7)), rng.normal(size=(5, 7))
    np.testing.assert_allclose(times_basis(theta), Q @ theta, rtol=0, atol=1e-15)
    np.testing.assert_allclose(times_transposed_basis(W), Q.T @ W, rtol=0, atol=1e-15)


@pytest.mark.parametrize("strength", [0.0, 1e-300, 1.0])
def test_constant_columns_have_a_finite_scale(strength):
    rows = draw(2).rows()
    rows.blocks[0].X[:, 1] = 7.0
    coords = coordinates(rows, moments(rows), strength, True)
    assert isinstance(coords, Coordinates)
    assert ((coords.scale > 0) & np.isfinite(1 / coords.scale)).all()


def test_moments_are_those_of_the_rows_that_count():
    data = draw(3)
    data.sample_weight[[4, 30]] = 0
    data.X[4] = 1e6
    kept = np.delete(np.arange(60), [4, 30])
    share = data.sample_weight[kept] / data.sample_weight[kept].sum()
    mean = share @ data.X[kept]
    columns = moments(data.rows(cuts=(3, 5, 40)))
    np.testing.assert_allclose(columns.mean, mean, rtol=1e-13)
    np.testing.assert_allclose(columns.variance, share @ (data.X[kept] - mean) ** 2, rtol=1e-12)
    largest = np.abs(data.X[kept] - mean).max(axis=0)
    assert (largest / 2 <= columns.span).all()
    assert (columns.span <= 5 * largest).all()
    alone = moments(data.rows())
    lengths = np.linalg.norm((data.X[kept] - mean) / alone.span, axis=1)
    assert alone.longest == pytest.approx(lengths.max(), rel=1e-12)


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("cuts", [(), (3, 5, 40)])
@pytest.mark.parametrize("centred", [False, True])
def test_every_row_is_in_the_box(centred, cuts, as_sparse):
    """Also where a column is constant in each block, but not the same, or has more offset than spread."""
    data = draw(5, features=5)
    data.X[:, 1] = np.repeat([7.0, 0.0, -1.0, 3.0], [3, 2, 35, 20])
    data.X[:, 2] = 2.0
    data.X[:, 3] += 1e9
    rows = data.rows(cuts)
    if as_sparse:
        blocks = tuple(replace(block, X=scipy.sparse.csr_array(block.X)) for block in rows.blocks)
        rows = replace(rows, blocks=blocks)
    columns = moments(rows)
    span, length = columns.box(centred)
    lengths = np.linalg.norm((data.X - columns.mean if centred else data.X) / span, axis=1)
    assert lengths.max() <= length * (1 + 1e-12)
    assert length < 12


def test_a_block_without_weight_does_not_matter():
    data = draw(4)
    data.sample_weight[10:20] = 0
    with_gap, without = moments(data.rows(cuts=(10, 20))), moments(data.rows())
    np.testing.assert_allclose(with_gap.mean, without.mean, rtol=1e-13)
    np.testing.assert_allclose(with_gap.variance, without.variance, rtol=1e-12)
