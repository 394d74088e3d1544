"""What each function does with input that is wrong, extreme, or empty."""

import concurrent.futures
import contextlib
import ctypes.util
import platform
import re
import tracemalloc

import numpy as np
import pytest
from scipy.special import log_softmax as scipy_log_softmax

from dxent.functions import (
    BinaryCrossEntropy,
    CrossEntropy,
    Linear,
    LogSumExp,
    Map,
    SigmoidCrossEntropy,
    Softmax,
    SoftmaxCrossEntropy,
    function,
    log_sigmoid,
    log_softmax,
    logsumexp,
    sigmoid,
    sigmoid_cross_entropy,
    softmax,
    softmax_cross_entropy,
    softplus,
)
from dxent.kernels import dispatch, rowwise
from dxent.operators import Diagonal, diagonal

inf, nan = np.inf, np.nan
EVERY = [softmax, log_softmax, logsumexp, sigmoid, log_sigmoid, softplus]
every_function = pytest.mark.parametrize("f", EVERY, ids=str)
LOSSES = [
    SoftmaxCrossEntropy(0),
    CrossEntropy(0),
    SigmoidCrossEntropy([1.0, 0.0]),
    BinaryCrossEntropy([1.0, 0.0]),
]
rng = np.random.default_rng(4)


@pytest.mark.parametrize(
    "x",
    [
        np.array([0, 255], np.uint8),
        np.array([-128, 127], np.int8),
        np.array([-(2**31), 2**31 - 1], np.int32),
        np.array([3, 1, 2], np.uint64),
    ],
    ids=lambda x: x.dtype.name,
)
@every_function
def test_row_1_integers_are_promoted_before_they_are_subtracted(f, x):
    found = f(x)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, f(x.astype(float)))


def test_row_2_booleans_are_zero_and_one():
    np.testing.assert_array_equal(softmax([False, True]), softmax([0.0, 1.0]))


@pytest.mark.parametrize(
    ("x", "dtype"),
    [
        (np.array([1, None], object), "object"),
        (np.array(["a"]), "<U1"),
        (np.array(["2020-01-01"], "M8[D]"), re.escape("datetime64[D]")),
    ],
    ids=["object", "text", "date"],
)
@every_function
def test_row_3_what_is_not_real_is_refused(f, x, dtype):
    with pytest.raises(TypeError, match=f"must hold real numbers, not {dtype}"):
        f(x)


@pytest.mark.parametrize("f", [*EVERY, *LOSSES], ids=str)
def test_row_4_complex_numbers_are_refused(f):
    with pytest.raises(TypeError, match="must hold real numbers, not complex128"):
        f(np.array([1j, 2.0]))


@pytest.mark.parametrize("f", [*EVERY, *LOSSES], ids=str)
def test_row_5_masked_arrays_are_refused(f):
    masked = np.ma.masked_array([1.0, 2.0], mask=[True, False])
    for call in (f, f.linearize, f.jacobian):
        with pytest.raises(TypeError, match="where="):
            call(masked)


def test_row_6_half_precision_accumulates_in_more():
    x = np.zeros(70_000, np.float16)
    assert softmax(x).dtype == np.float16
    np.testing.assert_array_equal(softmax(x), np.float16(1 / 70_000))
    assert logsumexp(x) == np.float16(11.156)


@pytest.mark.parametrize("f", [*EVERY, *LOSSES], ids=str)
def test_row_7_extended_precision_stays(f):
    if np.finfo(np.longdouble).eps == np.finfo(float).eps:
        pytest.skip("this platform has no extended precision")
    x = np.array([0.1, 0.7], np.longdouble) / 3
    y, J = f.linearize(x)
    assert y.dtype == f(x).dtype == J.to_dense().dtype == np.longdouble
    # What float64 would have lost by rounding the logits moves the result as the derivative says.
    moved = J.to_dense() @ (x - x.astype(float))
    found = np.ravel(y - f(x.astype(float).astype(np.longdouble)))
    np.testing.assert_allclose(found, moved, rtol=0, atol=4 * np.finfo(np.longdouble).eps * np.abs(y).max())
    assert (np.abs(moved).max() > 8 * np.finfo(np.longdouble).eps * np.abs(y)).all()


@every_function
def test_row_8_single_precision_is_rounded_once(f):
    x = rng.normal(size=(20, 5), scale=5).astype(np.float32)
    found, exact = f(x), f(x.astype(np.float64))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, exact.astype(np.float32))


def test_row_9_nothing_but_minus_infinity():
    row = np.full(3, -inf)
    assert np.isnan(softmax(row)).all()
    assert np.isnan(log_softmax(row)).all()
    assert logsumexp(row) == -inf
    assert np.isnan(logsumexp.gradient(row)).all()
    nobody = np.zeros(3, bool)
    np.testing.assert_array_equal(softmax(row, where=nobody), [0, 0, 0])
    np.testing.assert_array_equal(log_softmax(row, where=nobody), [-inf, -inf, -inf])
    assert logsumexp(np.ones(3), where=nobody) == -inf
    np.testing.assert_array_equal(logsumexp.linearize(row, where=nobody)[1].to_dense(), [[0, 0, 0]])
    np.testing.assert_array_equal(softmax.linearize(row, where=nobody)[1].to_dense(), np.zeros((3, 3)))


def test_row_9_a_mask_leaves_entries_out():
    x, present = rng.normal(size=(2, 4)), np.array([[True, False, True, True], [False] * 4])
    p = softmax(x, where=present)
    np.testing.assert_allclose(p[0, present[0]], softmax(x[0, present[0]]), rtol=1e-15)
    np.testing.assert_array_equal(p[~present], 0)
    assert logsumexp(x, where=present)[0] == pytest.approx(logsumexp(x[0, present[0]]), rel=1e-15)
    np.testing.assert_array_equal(
        softmax(x, where=[True, False, True, True])[1], softmax(x[1], where=present[0])
    )


def test_row_10_one_infinite_logit_takes_all():
    row = np.array([inf, 0, 1])
    np.testing.assert_array_equal(softmax(row), [1, 0, 0])
    np.testing.assert_array_equal(log_softmax(row), [0, -inf, -inf])
    assert logsumexp(row) == inf
    assert softmax_cross_entropy(row, 0) == 0
    assert softmax_cross_entropy(row, 1) == inf
    np.testing.assert_array_equal(SoftmaxCrossEntropy(1).gradient(row), [1, -1, 0])
    np.testing.assert_array_equal(softmax.jacobian(row).to_dense(), np.zeros((3, 3)))
    assert sigmoid(inf) == softmax([inf, 0])[0]


def test_row_10_two_infinite_logits_have_no_limit():
    row = np.array([inf, inf, 1])
    assert np.isnan(softmax(row)).all()
    assert np.isnan(log_softmax(row)).all()
    assert np.isnan(softmax_cross_entropy(row, 0))


def test_row_11_nan_stays_in_its_row():
    x = np.array([[0.0, nan, 1.0], [0.0, 2.0, 1.0]])
    for f in (softmax, log_softmax):
        assert np.isnan(f(x)[0]).all()
        np.testing.assert_array_equal(f(x)[1], f(x[1]))
    np.testing.assert_array_equal(np.isnan(logsumexp(x)), [True, False])
    each = softmax_cross_entropy(x, [0, 0], reduction="none")
    np.testing.assert_array_equal(np.isnan(each), [True, False])
    gradient = SoftmaxCrossEntropy([0, 0], reduction="sum").gradient(x)
    np.testing.assert_array_equal(np.isnan(gradient).all(axis=1), [True, False])


def test_row_12_the_whole_range_without_a_warning():
    row = np.array([1e308, -1e308, 0.0])
    np.testing.assert_array_equal(softmax(row), [1, 0, 0])
    np.testing.assert_array_equal(log_softmax(row), [0, -inf, -1e308])
    assert softmax_cross_entropy(np.full(3, 1e308), 0) == pytest.approx(np.log(3), rel=1e-15)


def test_row_13_gaps_of_one_ulp_at_1e300():
    a = 1e300
    np.testing.assert_array_equal(softmax([a, np.nextafter(a, inf)]), [0, 1])
    np.testing.assert_array_equal(softmax([a, a]), [0.5, 0.5])


def test_row_14_subnormal_results_are_not_flushed():
    np.testing.assert_allclose(softmax([0.0, -740.0])[1], np.exp(-740.0), rtol=0)
    assert 0 < sigmoid(-740.0) == np.exp(-740.0)
    tiny = 5e-324
    assert softplus(tiny) == pytest.approx(np.log(2), rel=1e-15)


@contextlib.contextmanager
def flushing():
    """Tell the processor to take subnormal numbers for zero on this thread, as PyTorch and JAX may."""
    found = platform.machine() in ("x86_64", "AMD64") and ctypes.util.find_library("m")
    if not found or dispatch.native is None:
        pytest.skip("needs the compiled kernels, and the C library of Linux on x86-64")
    math, state = ctypes.CDLL(found), (ctypes.c_uint32 * 8)()
    math.fegetenv(state)
    state[7] |= 0x8040  # MXCSR: results, and operands
    math.fesetenv(state)
    smallest = 5e-324
    try:
        assert smallest * 2.0 == 0
        yield
    finally:
        state[7] &= ~0x8040
        math.fesetenv(state)
    assert smallest * 2.0 > 0


@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_row_14_nor_where_another_library_flushes_them(dtype, monkeypatch):
    tiny = np.finfo(dtype).smallest_normal
    x, v = np.array([[0.0, np.log(tiny) - 2, -tiny / 8]] * 2, dtype), np.array([[1.0, 2.0, -1.0]] * 2, dtype)
    monkeypatch.setattr(rowwise, "ENTRIES_A_TILE", 3)  # several tiles, so that other threads take part

    def results():
        yield from (f(x) for f in EVERY)
        yield from (softmax.jacobian(x).mv(v), diagonal(softmax.jacobian(x)), sigmoid.jacobian(x).entries)
        for loss in (SoftmaxCrossEntropy([0, 2]), SigmoidCrossEntropy(np.zeros_like(x))):
            yield from (loss(100 - x), loss.gradient(x), diagonal(loss.hessian(x)))

    expected = list(results())
    assert sum(((np.abs(y) > 0) & (np.abs(y) < tiny)).any() for y in expected) >= 7
    with flushing():
        found = list(results())
    for result, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(result, wanted)


def test_row_14_products_with_subnormal_probabilities_keep_their_digits():
    v = np.array([0.0, 2.0**100])
    exact = np.exp(-740 + 100 * np.log(2.0))
    np.testing.assert_allclose(softmax.jacobian([0.0, -740.0]).mv(v), [-exact, exact], rtol=1e-12)
    huge = softmax.jacobian([0.0, 0.0, -740.0]).mv(np.array([0.0, 1e308, 5e307]))
    np.testing.assert_array_equal(huge, [-2.5e307, 2.5e307, 0.0])


def test_row_15_one_class():
    x = np.array([[3.0], [-2.0]])
    np.testing.assert_array_equal(softmax(x), [[1], [1]])
    np.testing.assert_array_equal(log_softmax(x), [[0], [0]])
    loss = softmax_cross_entropy(x, [0, 0])
    assert loss == 0
    assert not np.signbit(loss)


def test_row_15_nothing_at_all():
    assert softmax(np.empty((2, 0))).shape == (2, 0)
    np.testing.assert_array_equal(logsumexp(np.empty((2, 0))), [-inf, -inf])
    assert softmax(np.empty((0, 3))).shape == (0, 3)
    assert softmax.jacobian(np.empty((0, 3))).to_dense().shape == (0, 0)
    assert softmax.jacobian(np.empty((2, 0))).mv(np.empty((2, 0))).shape == (2, 0)
    nobody = np.empty((0, 3))
    assert np.isnan(softmax_cross_entropy(nobody, np.empty(0, int)))
    assert softmax_cross_entropy(nobody, np.empty(0, int), reduction="sum") == 0


def test_row_15_a_single_number_has_no_rows():
    with pytest.raises(np.exceptions.AxisError):
        softmax(3.0)


def test_row_16_axes():
    x = rng.normal(size=(2, 3, 4))
    with pytest.raises(np.exceptions.AxisError, match="axis 3 is out of bounds"):
        softmax(x, axis=3)
    with pytest.raises(ValueError, match="names one axis twice"):
        softmax(x, axis=(1, -2))
    np.testing.assert_array_equal(softmax(x, axis=-2), softmax(x, axis=1))
    np.testing.assert_array_equal(Softmax(axis=1)(x), softmax(x, axis=1))
    np.testing.assert_allclose(softmax(x, axis=(0, 2)).sum(axis=(0, 2)), 1, rtol=1e-15)
    np.testing.assert_array_equal(LogSumExp((2, 0))(x), logsumexp(x, axis=(0, 2)))


@pytest.mark.parametrize(
    "change",
    [
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
        lambda x: x.astype(">f8"),
        lambda x: np.frombuffer(x.tobytes()).reshape(x.shape),
    ],
    ids=["fortran", "strided", "backwards", "byteswapped", "read-only"],
)
@every_function
def test_row_17_the_layout_in_memory_changes_no_bit(f, change):
    x = rng.normal(size=(6, 300), scale=10)
    np.testing.assert_array_equal(f(change(x)), f(x))


@every_function
def test_row_17_memory_mapped_and_broadcast_input(f, tmp_path):
    x = rng.normal(size=5)
    rows = np.broadcast_to(x, (3, 5))
    np.testing.assert_array_equal(f(rows)[1], f(x))
    x.tofile(tmp_path / "logits")
    np.testing.assert_array_equal(f(np.memmap(tmp_path / "logits", float, "r")), f(x))
    np.testing.assert_array_equal(np.fromfile(tmp_path / "logits"), x)


@pytest.mark.parametrize("f", [*EVERY, *LOSSES], ids=str)
def test_row_18_results_are_new_arrays_and_none_can_be_given(f):
    x = np.array([0.25, 0.5])
    with pytest.raises(TypeError, match="unexpected keyword argument 'out'"):
        f(x, out=x)
    y, J = f.linearize(x)
    assert not any(np.may_share_memory(x, array) for array in (f(x), y, J.to_dense()))
    np.testing.assert_array_equal(x, [0.25, 0.5])


@pytest.mark.parametrize("label", [3, -1, -100, 2**63 - 1, -(2**63)])
def test_row_19_labels_that_are_no_class(label):
    with pytest.raises(ValueError, match=rf"from 0 to 2: found {label} at index 1"):
        softmax_cross_entropy(np.zeros((2, 3)), np.array([0, label]))


def test_row_19_also_for_one_sample():
    with pytest.raises(ValueError, match=r"from 0 to 2: found 7\."):
        softmax_cross_entropy(np.zeros(3), 7)


def test_row_20_labels_that_are_no_integers():
    logits = np.zeros((2, 3))
    np.testing.assert_array_equal(
        softmax_cross_entropy(logits, [0.0, 2.0]), softmax_cross_entropy(logits, [0, 2])
    )
    for label in (1.5, nan, inf):
        with pytest.raises(ValueError, match=f"found {label} at index 1"):
            softmax_cross_entropy(logits, [0.0, label])
    with pytest.raises(ValueError, match="Labels are booleans"):
        softmax_cross_entropy(logits, [True, False])
    with pytest.raises(ValueError, match="encode them as integers"):
        softmax_cross_entropy(logits, np.array(["a", "b"]))


def test_row_21_small_and_unsigned_labels():
    wide = np.zeros((1, 300))
    assert softmax_cross_entropy(wide, np.array([127], np.int8)) == pytest.approx(np.log(300), rel=1e-15)
    assert softmax_cross_entropy(wide, np.array([299], np.uint64)) == pytest.approx(np.log(300), rel=1e-15)
    with pytest.raises(ValueError, match=str(2**64 - 100)):
        softmax_cross_entropy(wide, np.array([2**64 - 100], np.uint64), ignore_index=-100)


def test_row_22_ignored_labels_count_nothing():
    x, y = rng.normal(size=(4, 3)), np.array([0, 1, 2, 1])
    ignoring, kept = SoftmaxCrossEntropy(y, ignore_index=1, label_smoothing=0.1), y != 1
    rest = SoftmaxCrossEntropy(y[kept], label_smoothing=0.1)
    assert ignoring(x) == rest(x[kept])
    np.testing.assert_array_equal(ignoring.gradient(x)[kept], rest.gradient(x[kept]))
    np.testing.assert_array_equal(ignoring.gradient(x)[~kept], 0)
    np.testing.assert_array_equal(
        softmax_cross_entropy(x, [-100, 0, 0, 0], ignore_index=-100, reduction="none")[0], 0
    )
    with pytest.raises(ValueError, match="ignore_index goes with labels"):
        softmax_cross_entropy(x, np.ones((4, 3)), ignore_index=0)


def test_row_23_everything_ignored():
    x, y = np.array([[0.0, nan], [1.0, inf]]), [-1, -1]
    assert np.isnan(softmax_cross_entropy(x, y, ignore_index=-1))
    assert softmax_cross_entropy(x, y, ignore_index=-1, reduction="sum") == 0
    for reduction in ("mean", "sum"):
        loss = SoftmaxCrossEntropy(y, ignore_index=-1, reduction=reduction)
        np.testing.assert_array_equal(loss.gradient(x), np.zeros((2, 2)))
    each = SoftmaxCrossEntropy(y, ignore_index=-1, reduction="none")
    np.testing.assert_array_equal(each(x), [0, 0])
    np.testing.assert_array_equal(each.jacobian(x).to_dense(), np.zeros((2, 4)))


def test_row_24_soft_targets():
    x = rng.normal(size=(2, 3))
    assert softmax_cross_entropy(x, np.full((2, 3), 2.0), reduction="sum") > 0
    for bad in (-0.5, nan, inf):
        with pytest.raises(ValueError, match=rf"not negative: found {bad} at index \(1, 2\)"):
            softmax_cross_entropy(x, [[0.1, 0.2, 0.7], [0.5, 0.5, bad]])


def test_row_25_a_target_of_zero_at_an_impossible_class():
    x = np.array([0.0, -inf, 1.0])
    assert softmax_cross_entropy(x, [0.5, 0.0, 0.5]) == pytest.approx(logsumexp(x) - 0.5, rel=1e-15)
    np.testing.assert_allclose(
        SoftmaxCrossEntropy([0.5, 0.0, 0.5]).gradient(x), softmax(x) - [0.5, 0, 0.5], rtol=1e-15
    )
    assert softmax_cross_entropy(x, 1) == inf
    assert softmax_cross_entropy(x, 0, label_smoothing=0.1) == inf
    assert CrossEntropy([0.5, 0.0, 0.5])([0.5, 0.0, 0.5]) == pytest.approx(np.log(2), rel=1e-15)
    np.testing.assert_array_equal(CrossEntropy([1.0, 0.0]).gradient([0.5, 0.0]), [-2, 0])


@pytest.mark.parametrize("loss", [BinaryCrossEntropy, SigmoidCrossEntropy])
def test_row_26_binary_targets_outside_the_interval(loss):
    with pytest.raises(ValueError, match="lie between 0 and 1: found 2"):
        loss([0, 2])(np.array([0.1, 0.2]))
    with pytest.raises(ValueError, match="not negative: found -1"):
        loss([0, -1])(np.array([0.1, 0.2]))


def test_row_27_no_clamp():
    assert BinaryCrossEntropy(1)(0.0) == inf
    assert BinaryCrossEntropy(1)(1e-60) == pytest.approx(138.15510557964275, rel=1e-15)
    assert CrossEntropy(0)([0.0, 1.0]) == inf


def test_row_28_both_tails_of_the_binary_loss():
    for z, y in ((-40, 0), (40, 1)):
        assert sigmoid_cross_entropy(z, y) == pytest.approx(4.248354255291589e-18, rel=1e-15)


def test_row_29_both_tails_of_the_derivatives():
    slopes = sigmoid.jacobian([-40.0, 40.0]).entries
    np.testing.assert_allclose(slopes, 4.248354255291589e-18, rtol=1e-15)
    curvature = log_sigmoid.weighted_hessian(np.array([-40.0, 40.0]), np.ones(2)).entries
    np.testing.assert_allclose(curvature, -4.248354255291589e-18, rtol=1e-15)


def test_row_30_hessian_of_a_confident_prediction():
    H = SoftmaxCrossEntropy(0).hessian([40.0, 0.0]).to_dense()
    tiny = 4.248354255291589e-18
    np.testing.assert_allclose(H, [[tiny, -tiny], [-tiny, tiny]], rtol=2e-16)
    assert (np.abs(H.sum(axis=0)) <= np.spacing(tiny)).all()
    assert (np.linalg.eigvalsh(H) >= -np.spacing(tiny)).all()


def test_row_31_weights():
    x, y = rng.normal(size=(2, 3)), [0, 1]
    assert softmax_cross_entropy(x, y, class_weight=[0.0, 1.0, 1.0]) == softmax_cross_entropy(x[1:], [1])
    for bad in (-1.0, inf, nan):
        with pytest.raises(
            ValueError, match=f"class_weight must be finite and not negative: found {bad} at index 2"
        ):
            SoftmaxCrossEntropy(y, class_weight=[1.0, 1.0, bad])
        with pytest.raises(ValueError, match="sample_weight must be finite"):
            SoftmaxCrossEntropy(y, sample_weight=[1.0, bad])
        with pytest.raises(ValueError, match="pos_weight must be finite"):
            SigmoidCrossEntropy(y, pos_weight=bad)
    with pytest.raises(ValueError, match=r"class_weight has shape \(2,\), but there are 3 classes"):
        softmax_cross_entropy(x, y, class_weight=[1.0, 2.0])
    with pytest.raises(ValueError, match=r"sample_weight of shape \(3,\): it takes one a sample, \(2,\)"):
        softmax_cross_entropy(x, y, sample_weight=[1.0, 2.0, 3.0])


def test_row_31_options_out_of_range():
    with pytest.raises(ValueError, match=r"reduction='average' is none of 'mean', 'sum', 'none'"):
        SoftmaxCrossEntropy(0, reduction="average")
    with pytest.raises(ValueError, match=r"label_smoothing=1\.5 is not between 0 and 1"):
        SoftmaxCrossEntropy(0, label_smoothing=1.5)
    with pytest.raises(TypeError, match="Masked targets"):
        SoftmaxCrossEntropy(np.ma.masked_array([0, 1], mask=[True, False]))


def test_row_32_there_is_no_temperature_and_tiny_ones_do_not_overflow():
    with pytest.raises(TypeError, match="unexpected keyword argument 'temperature'"):
        softmax([1.0, 2.0], temperature=0.0)
    with np.errstate(over="ignore"):
        x = np.array([1.0, 2.0, -3.0]) / 1e-308
    np.testing.assert_array_equal(softmax(x), [0, 1, 0])
    np.testing.assert_array_equal(log_softmax(x), [-inf, 0, -inf])
    assert softmax_cross_entropy(x, 1) == 0


def test_row_33_ten_million_classes_in_little_more_memory_than_the_result():
    k = 10_000_000
    x = np.zeros(k)
    x[::2] = -1.0
    total = k / 2 * (1 + np.exp(np.longdouble(-1)))
    exact = np.array([np.exp(np.longdouble(-1)) / total, 1 / total])
    tracemalloc.start()
    p = softmax(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.1 * p.nbytes
    assert (np.abs(p[:2] - exact) <= 4 * np.spacing(exact.astype(float))).all()
    np.testing.assert_array_equal(p[2:4], p[:2])
    assert abs(logsumexp(x) - np.log(total)) <= 4 * np.spacing(float(np.log(total)))
    assert abs(softmax_cross_entropy(x, 1) - np.log(total)) <= 4 * np.spacing(float(np.log(total)))


def test_row_33_a_million_classes():
    x = rng.normal(size=1_000_000)
    np.testing.assert_allclose(log_softmax(x), scipy_log_softmax(x), rtol=1e-14)
    assert abs(np.sum(softmax(x), dtype=np.longdouble) - 1) < 1e-15


def test_row_34_shapes_that_do_not_fit_are_named_before_anything_is_computed():
    def explode(x):
        raise AssertionError("computed")

    chain = CrossEntropy([0, 1]) @ softmax @ Linear(np.ones((3, 2)))
    with pytest.raises(
        ValueError, match=r"softmax, given \(3, 4\), has shape \(3, 4\), but CrossEntropy .*\(2,\)"
    ):
        chain(np.zeros((4, 2)))
    with pytest.raises(
        ValueError, match=r"input has shape \(4, 3\), but Linear\(3 × 2\) takes .* \(classes, 2\)"
    ):
        chain.jacobian(np.zeros((4, 3)))
    before = function(explode, explode)
    with pytest.raises(ValueError, match="the input has shape"):
        (before @ Linear(np.ones((3, 2)))).hessian(np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"targets of shape \(2,\), which do not go with \(3, 4\)"):
        SoftmaxCrossEntropy([0, 1]).gradient(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="one sample"):
        Linear(np.zeros((1, 2, 3)))
    with pytest.raises(ValueError, match=r"input has shape \(4,\), but Map\(diag d\) takes shape \(3,\)"):
        (softmax @ Map(Diagonal(np.ones(3))))(np.zeros(4))


def test_row_34_after_a_function_of_unknown_shape_the_next_one_looks_for_itself():
    shorten = function(lambda x: x[:2], lambda x: np.eye(3)[:2])
    chain = SoftmaxCrossEntropy([1.0, 0.0, 0.0]) @ shorten
    with pytest.raises(ValueError, match=r"targets of shape \(3,\), which do not go with \(2,\)"):
        chain(np.zeros(3))


def test_row_35_structured_form_of_what_is_too_large_to_write_down():
    x, W = rng.normal(size=1000), rng.normal(size=(1000, 1000))
    J = (softmax @ Linear(x)).jacobian(W)
    with pytest.raises(ValueError, match="8,000,000,000 bytes"):
        J.to_dense()
    with pytest.raises(ValueError, match="80,000,000,000 bytes"):
        softmax.jacobian(np.zeros(100_000)).to_dense()
    assert J.mv(W).shape == (1000,)
    assert J.T.mv(x).shape == (1000, 1000)


@pytest.mark.parametrize(
    "f", [*EVERY, SoftmaxCrossEntropy(np.zeros(50, int)).gradient], ids=[*map(str, EVERY), "gradient"]
)
def test_row_36_threads_share_nothing(f):
    x = rng.normal(size=(50, 40), scale=300)
    x[0, 0] = inf
    expected = f(x)
    with np.errstate(all="raise"), concurrent.futures.ThreadPoolExecutor(4) as pool:
        state = np.geterr()
        results = list(pool.map(f, [x] * 20))
        assert np.geterr() == state
    for found in results:
        np.testing.assert_array_equal(found, expected)


def test_values_without_a_gradient_are_named():
    with pytest.raises(ValueError, match=r"softmax has values of shape \(2,\), not one number"):
        softmax.gradient([1.0, 2.0])
    with pytest.raises(ValueError, match="not one number"):
        sigmoid.hessian([1.0, 2.0])


def test_a_function_without_a_second_derivative_is_named():
    cube = function(lambda x: x**3, lambda x: 3 * x**2)
    with pytest.raises(TypeError, match="has no second derivative: define its weighted_hessian"):
        cube.hessian(2.0)


def test_a_jacobian_of_the_wrong_shape_is_named():
    wrong = function(lambda x: x**3, lambda x: np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"maps \(2,\) → \(2,\), but its Jacobian has shape \(2, 3\)"):
        wrong.jacobian([1.0, 2.0])
    right = function(lambda x: 2 * x, lambda x: Diagonal(np.full(2, 2.0)))
    np.testing.assert_array_equal(right.jacobian([1.0, 2.0]).to_dense(), 2 * np.eye(2))
    also = function(lambda x: x[:1], lambda x: softmax.jacobian(x))
    with pytest.raises(ValueError, match=r"maps \(2,\) → \(1,\), but its Jacobian has shape \(2,\) → \(2,\)"):
        also.jacobian([1.0, 2.0])
