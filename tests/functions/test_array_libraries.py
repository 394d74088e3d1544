"""Arrays of other libraries stay there: same results as with NumPy, same library, same dtype."""

import numpy as np
import pytest

from cases.functions import (
    V,
    W,
    Wb,
    X,
    class_weight,
    labels,
    p2,
    present,
    soft,
    weights,
    x,
    yes,
    z1,
    z2,
)
from dxent.functions import (
    Affine,
    BinaryCrossEntropy,
    CrossEntropy,
    Linear,
    LogSumExp,
    Map,
    SigmoidCrossEntropy,
    Softmax,
    SoftmaxCrossEntropy,
    exp,
    identity,
    log,
    log_sigmoid,
    log_softmax,
    logit,
    logsumexp,
    relu,
    sigmoid,
    softmax,
    softplus,
    square,
    tanh,
)
from dxent.operators import Dense, diagonal, pinv, solve, sqrt, trace

# Functions of their data: the same one is built from NumPy's arrays and from the library's.
MAKERS = {
    **{str(f): (lambda a, f=f: f, p2) for f in (exp, log, sigmoid, log_sigmoid, softplus, logit, tanh)},
    **{str(f): (lambda a, f=f: f, z2) for f in (square, relu, identity, softmax, log_softmax, logsumexp)},
    "softmax_axis": (lambda a: Softmax(axis=0), z2),
    "logsumexp_axes": (lambda a: LogSumExp(axis=(0, 1)), z2),
    "linear": (lambda a: Linear(a(X)), W),
    "affine": (lambda a: Affine(a(X)), Wb),
    "affine_one_sample": (lambda a: Affine(a(x)), Wb),
    "map": (lambda a: Map(Dense(a(V.T), (4,), (2,))), z1),
    "cross_entropy": (lambda a: CrossEntropy(a(labels)), p2),
    "binary_cross_entropy": (lambda a: BinaryCrossEntropy(a(yes), pos_weight=2.0), p2),
    "soft": (lambda a: SoftmaxCrossEntropy(a(soft), class_weight=a(class_weight)), z2),
    "labels_of_numpy": (lambda a: SoftmaxCrossEntropy(labels, weights, ignore_index=3), z2),
    "none": (lambda a: SoftmaxCrossEntropy(a(labels), a(weights), reduction="none"), z2),
    "masked": (lambda a: SoftmaxCrossEntropy(a(labels), where=a(present)), z2),
    "masked_soft": (
        lambda a: SoftmaxCrossEntropy(a(soft * present), label_smoothing=0.1, where=present),
        z2,
    ),
    "sigmoid_cross_entropy": (lambda a: SigmoidCrossEntropy(a(yes)), z2),
    "tutorial": (lambda a: CrossEntropy(1) @ softmax @ Linear(a(x)), W),
    "batch": (lambda a: SoftmaxCrossEntropy(a(np.array([0, 1, 2, 3, 3]))) @ Linear(a(X)), W),
}
LIBRARIES = ["array_api_strict", "torch", "jax.numpy"]


@pytest.fixture(params=LIBRARIES)
def xp(request):
    library = pytest.importorskip(request.param)
    if request.param == "jax.numpy":
        import jax

        jax.config.update("jax_enable_x64", True)
    return library


@pytest.mark.parametrize(("make", "at"), MAKERS.values(), ids=MAKERS)
def test_same_results_in_the_callers_library(xp, make, at):
    here, there, point = make(np.asarray), make(xp.asarray), xp.asarray(at)
    y, J = there.linearize(point)
    expected, twin = here.linearize(at)
    cotangent = np.random.default_rng(0).normal(size=expected.shape)
    H, H_twin = there.weighted_hessian(point, xp.asarray(cotangent)), here.weighted_hessian(at, cotangent)
    pairs = {
        "value": (y, expected),
        "called": (there(point), expected),
        "pullback": (J.T.mv(xp.asarray(cotangent)), twin.T.mv(cotangent)),
        "Jacobian": (J.to_dense(), twin.to_dense()),
        "Hessian": (H.to_dense(), H_twin.to_dense()),
    }
    for name, (found, wanted) in pairs.items():
        assert type(found) is type(point), name
        assert found.dtype == point.dtype, name
        np.testing.assert_allclose(np.asarray(found), wanted, rtol=1e-12, atol=1e-14, err_msg=name)


def test_data_of_numpy_are_carried_to_the_library_of_the_weights(xp):
    loss = SoftmaxCrossEntropy([0, 1, 2, 3, 3]) @ Affine(X)
    for dtype, rtol in ((xp.float64, 1e-13), (xp.float32, 1e-4)):
        point = xp.asarray(Wb, dtype=dtype)
        gradient, H = loss.gradient(point), loss.hessian(point)
        assert type(gradient) is type(H.mv(point)) is type(point)
        assert gradient.dtype == H.mv(point).dtype == dtype
        np.testing.assert_allclose(np.asarray(gradient), loss.gradient(Wb), rtol=rtol)


def test_data_of_another_library_are_not(xp):
    with pytest.raises(TypeError, match=r"^Linear\(5 × 3\) holds an array of .*: convert one of them\.$"):
        Linear(xp.asarray(X)).linearize(W)


@pytest.mark.parametrize("f", [softmax, log_softmax, logsumexp, sigmoid, softplus], ids=str)
def test_single_precision_stays(xp, f):
    point = xp.asarray(z2, dtype=xp.float32)
    y, J = f.linearize(point)
    assert y.dtype == J.to_dense().dtype == xp.float32
    np.testing.assert_allclose(np.asarray(y), f(z2), rtol=1e-6)


def test_integers_and_booleans_are_promoted(xp):
    np.testing.assert_array_equal(
        np.asarray(softmax(xp.asarray([0, 255], dtype=xp.uint8))), softmax([0, 255])
    )
    np.testing.assert_array_equal(np.asarray(softmax(xp.asarray([False, True]))), softmax([0, 1]))


def test_complex_numbers_are_refused(xp):
    with pytest.raises(TypeError, match="must hold real numbers"):
        softmax(xp.asarray([1j, 0.0]))


def test_masks_and_special_values(xp):
    mask = np.array([[True, False, True, True], [False] * 4, [True] * 4])
    found = softmax(xp.asarray(z2), where=xp.asarray(mask))
    np.testing.assert_allclose(np.asarray(found), softmax(z2, where=mask), rtol=1e-14)
    rows = np.array([[np.inf, 0, 1], [np.inf, np.inf, 0], [-np.inf] * 3, [np.nan, 0, 1]])
    np.testing.assert_array_equal(np.asarray(softmax(xp.asarray(rows))), softmax(rows))


def test_bad_labels_are_named(xp):
    for label in (4, -1):
        with pytest.raises(ValueError, match=rf"from 0 to 3: found {label} at index 1"):
            SoftmaxCrossEntropy(xp.asarray([0, label, 0]))(xp.asarray(z2))
    with pytest.raises(ValueError, match="Labels are booleans"):
        SoftmaxCrossEntropy(xp.asarray([True, False, True]))(xp.asarray(z2))
    unsigned = xp.asarray([0, 3, 1], dtype=xp.uint8)
    loss = SoftmaxCrossEntropy(unsigned)(xp.asarray(z2))
    assert float(loss) == pytest.approx(SoftmaxCrossEntropy([0, 3, 1])(z2), rel=1e-15)


def test_open_functions(xp):
    J, twin = softmax.jacobian(xp.asarray(z2)), softmax.jacobian(z2)
    np.testing.assert_allclose(np.asarray(diagonal(J)), diagonal(twin), rtol=1e-14)
    assert float(trace(J)) == pytest.approx(trace(twin), rel=1e-14)
    for question in (pinv, sqrt):
        np.testing.assert_allclose(np.asarray(question(J).to_dense()), question(twin).to_dense(), rtol=1e-12)
    A = np.eye(3) + np.ones((3, 3))
    solution = solve(Dense(xp.asarray(A), (3,), (3,)), xp.asarray([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(np.asarray(solution), np.linalg.solve(A, [1, 2, 3]), rtol=1e-12)


def test_products_with_arrays_of_the_library(xp):
    J = softmax.jacobian(xp.asarray(z1))
    np.testing.assert_allclose(np.asarray(J @ xp.asarray(z1)), softmax.jacobian(z1) @ z1, rtol=1e-13)


def test_jax_traces_and_agrees_with_its_own_derivatives():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    loss = SoftmaxCrossEntropy(labels)
    value, gradient = jax.jit(loss)(z2), jax.jit(loss.gradient)(z2)
    assert float(value) == pytest.approx(float(loss(z2)), rel=1e-14)
    np.testing.assert_allclose(np.asarray(gradient), loss.gradient(z2), rtol=1e-12)
    np.testing.assert_allclose(np.asarray(jax.grad(lambda z: loss(z))(z2)), loss.gradient(z2), rtol=1e-10)
    bad = jax.jit(lambda z, y: SoftmaxCrossEntropy(y)(z))(z2, jax.numpy.asarray([0, 1, 7]))
    assert np.isnan(float(bad))
    H = jax.hessian(lambda z: loss(z))(z2).reshape(12, 12)
    np.testing.assert_allclose(loss.hessian(z2).to_dense(), np.asarray(H), rtol=1e-10, atol=1e-14)


def test_torch_differentiates_through_to_the_same_gradient():
    torch = pytest.importorskip("torch")
    z = torch.tensor(z2, requires_grad=True)
    torch.nn.functional.cross_entropy(z, torch.tensor(labels)).backward()
    np.testing.assert_allclose(SoftmaxCrossEntropy(labels).gradient(z2), z.grad.numpy(), rtol=1e-12)
    ours = torch.tensor(z2, requires_grad=True)
    SoftmaxCrossEntropy(torch.tensor(labels))(ours).backward()
    np.testing.assert_allclose(ours.grad.numpy(), z.grad.numpy(), rtol=1e-12)
