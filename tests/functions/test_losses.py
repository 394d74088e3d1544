"""What the options of the losses mean."""

import numpy as np
import pytest

from dxent.functions import (
    BinaryCrossEntropy,
    CrossEntropy,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    log_softmax,
    sigmoid,
    sigmoid_cross_entropy,
    softmax,
    softmax_cross_entropy,
)

rng = np.random.default_rng(9)
z, y = rng.normal(size=(5, 3)), np.array([0, 2, 1, 1, 0])
s, c = np.array([2.0, 0.0, 1.0, 0.5, 3.0]), np.array([1.0, 4.0, 0.25])
T = rng.uniform(size=(5, 3))
log_p = log_softmax(z)


def test_weight_two_is_the_row_twice():
    twice = np.append(np.arange(5), 3)
    weight = np.array([1.0, 1.0, 1.0, 2.0, 1.0])
    assert softmax_cross_entropy(z, y, sample_weight=weight) == pytest.approx(
        softmax_cross_entropy(z[twice], y[twice]), rel=1e-15
    )


def test_the_mean_divides_by_the_weights_that_count():
    weights = s * c[y]
    expected = -(weights * log_p[np.arange(5), y]).sum() / weights.sum()
    assert softmax_cross_entropy(z, y, sample_weight=s, class_weight=c) == pytest.approx(expected, rel=1e-14)


def test_soft_targets_are_weighted_by_class_and_counted_by_mass():
    expected = -(T * c * log_p).sum() / (T * c).sum()
    assert softmax_cross_entropy(z, T, class_weight=c) == pytest.approx(expected, rel=1e-14)


def test_labels_are_one_hot_targets():
    for options in ({}, {"sample_weight": s}, {"class_weight": c}, {"label_smoothing": 0.2}):
        a, b = SoftmaxCrossEntropy(y, **options), SoftmaxCrossEntropy(np.eye(3)[y], **options)
        assert a(z) == b(z)
        np.testing.assert_array_equal(a.gradient(z), b.gradient(z))


def test_label_smoothing_mixes_in_the_uniform_distribution():
    smooth = 0.9 * np.eye(3)[y] + 0.1 / 3
    expected = softmax_cross_entropy(z, smooth)
    assert softmax_cross_entropy(z, y, label_smoothing=0.1) == pytest.approx(expected, rel=1e-15)
    half = sigmoid_cross_entropy(z[:, 0], [0.05, 0.95, 0.5, 0.95, 0.05])
    targets = [0.0, 1.0, 0.5, 1.0, 0.0]
    assert sigmoid_cross_entropy(z[:, 0], targets, label_smoothing=0.1) == pytest.approx(half, rel=1e-15)


def test_sum_and_none_are_not_divided():
    each = softmax_cross_entropy(z, y, sample_weight=s, reduction="none")
    np.testing.assert_allclose(each, -s * log_p[np.arange(5), y], rtol=1e-14)
    assert softmax_cross_entropy(z, y, sample_weight=s, reduction="sum") == pytest.approx(
        each.sum(), rel=1e-15
    )


def test_one_loss_a_sample_has_a_block_diagonal_jacobian():
    J = SoftmaxCrossEntropy(y, reduction="none").jacobian(z)
    dense = J.to_dense().reshape(5, 5, 3)
    np.testing.assert_allclose(dense[np.arange(5), np.arange(5)], softmax(z) - np.eye(3)[y], rtol=1e-12)
    assert np.count_nonzero(dense) == 15


def test_positive_weight_is_the_class_weight_of_two_classes():
    logits, t = rng.normal(size=6), np.array([0, 1, 1, 0, 1, 0])
    pairs = np.stack([np.zeros(6), logits], axis=1)
    two = SoftmaxCrossEntropy(t, class_weight=[1.0, 2.5])
    one = SigmoidCrossEntropy(t, pos_weight=2.5)
    assert one(logits) == pytest.approx(two(pairs), rel=1e-15)
    np.testing.assert_allclose(one.gradient(logits), two.gradient(pairs)[:, 1], rtol=1e-14)


def test_losses_on_probabilities_and_on_logits_agree():
    options = {"sample_weight": s, "class_weight": c, "label_smoothing": 0.1}
    assert CrossEntropy(y, **options)(softmax(z)) == pytest.approx(
        SoftmaxCrossEntropy(y, **options)(z), rel=1e-14
    )
    binary = {"pos_weight": 3.0, "label_smoothing": 0.1}
    on_logits = SigmoidCrossEntropy(T, **binary)(z)
    assert BinaryCrossEntropy(T, **binary)(sigmoid(z)) == pytest.approx(on_logits, rel=1e-14)


def test_a_row_of_weight_zero_may_hold_anything():
    rows = np.array([[np.nan, 0.0], [np.inf, np.inf], [1.0, 2.0]])
    loss = SoftmaxCrossEntropy([0, 0, 1], sample_weight=[0, 0, 1.0])
    assert loss(rows) == softmax_cross_entropy(rows[2], 1)
    np.testing.assert_array_equal(loss.gradient(rows)[:2], 0)


@pytest.mark.parametrize("targets", [[0, 0, 1], np.eye(2)[[0, 0, 1]]], ids=["labels", "soft"])
def test_nor_has_it_a_part_in_the_hessian(targets):
    rows = np.array([[np.nan, 0.0], [np.inf, np.inf], [1.0, 2.0]])
    H = SoftmaxCrossEntropy(targets, sample_weight=[0, 0, 1.0]).hessian(rows).to_dense()
    np.testing.assert_array_equal(H[:4], 0)
    np.testing.assert_array_equal(H[4:, 4:], SoftmaxCrossEntropy(1).hessian(rows[2]).to_dense())
    events = SigmoidCrossEntropy([0, 0, 1.0], sample_weight=[0, 0, 1.0]).hessian(rows[:, 0])
    np.testing.assert_array_equal(np.diag(events.to_dense())[:2], 0)


@pytest.mark.parametrize("targets", [y, T], ids=["labels", "soft"])
@pytest.mark.parametrize("smoothing", [0, 0.2])
def test_classes_that_are_left_out_might_as_well_not_exist(targets, smoothing):
    some = np.array([True, True, True, False])
    wide = np.insert(z, 3, [np.nan, np.inf, -np.inf, 0.0, 1e300], axis=1)
    wider = targets if targets.ndim == 1 else np.insert(targets, 3, 0.0, axis=1)
    loss = SoftmaxCrossEntropy(targets, s, label_smoothing=smoothing)
    masked = SoftmaxCrossEntropy(wider, s, label_smoothing=smoothing, where=some)
    assert masked(wide) == pytest.approx(loss(z), rel=1e-15)
    np.testing.assert_allclose(masked.gradient(wide)[:, :3], loss.gradient(z), rtol=1e-14)
    np.testing.assert_array_equal(masked.gradient(wide)[:, 3], 0)
    H, kept = masked.hessian(wide).to_dense(), np.tile(some, 5)
    np.testing.assert_allclose(H[np.ix_(kept, kept)], loss.hessian(z).to_dense(), rtol=1e-14)
    np.testing.assert_array_equal(H[~kept], 0)


def test_a_sample_without_classes_counts_nothing():
    present = np.array([[True] * 3] * 4 + [[False] * 3])
    for targets in (y, T):
        for reduction in ("mean", "sum"):
            masked = SoftmaxCrossEntropy(targets, s, reduction=reduction, where=present)
            without = SoftmaxCrossEntropy(targets[:4], s[:4], reduction=reduction)
            assert masked(z) == pytest.approx(without(z[:4]), rel=1e-15)
            np.testing.assert_allclose(masked.gradient(z)[:4], without.gradient(z[:4]), rtol=1e-15)
    assert np.isnan(softmax_cross_entropy(z, y, where=False))
    np.testing.assert_array_equal(SoftmaxCrossEntropy(y, where=False).gradient(z), 0)


def test_a_mask_that_does_not_fit():
    for mask in (np.ones((5, 2), bool), np.ones((1, 5, 3), bool)):
        with pytest.raises(ValueError, match=r"^where= has shape .* of the array, \(5, 3\)\.$"):
            softmax_cross_entropy(z, y, where=mask)
        with pytest.raises(ValueError, match="where= has shape"):
            softmax(z, where=mask)


def test_more_axes_than_two():
    images, labels = rng.normal(size=(2, 3, 4, 5)), rng.integers(0, 5, (2, 3, 4))
    flat = softmax_cross_entropy(images.reshape(-1, 5), labels.ravel())
    assert softmax_cross_entropy(images, labels) == pytest.approx(flat, rel=1e-15)
