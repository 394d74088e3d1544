"""The laws that every function and every composition keeps, each stated once."""

import numpy as np
import pytest

from cases.functions import CASES, COMPOSITIONS
from dxent.functions import Composition, Function, simplify
from dxent.testing import check_function

ALL = CASES | COMPOSITIONS
every_case = pytest.mark.parametrize(("f", "x"), ALL.values(), ids=ALL)
every_composition = pytest.mark.parametrize(("f", "x"), COMPOSITIONS.values(), ids=COMPOSITIONS)
SCALAR = {name: case for name, case in ALL.items() if case[0](case[1]).shape == ()}
every_scalar_case = pytest.mark.parametrize(("f", "x"), SCALAR.values(), ids=SCALAR)


def close(found, expected, rtol=1e-12):
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * max(np.abs(expected).max(), 1.0))


@every_case
def test_derivatives_agree_with_differences(f, x):
    check_function(f, x)


@every_case
def test_the_input_is_not_written_to(f, x):
    before = x.copy()
    x.flags.writeable = False
    f(x), f.jacobian(x).to_dense()
    assert (x == before).all()


@every_case
def test_dtype_and_value_in_float32(f, x):
    single, double = f(x.astype(np.float32)), f(x.astype(np.float32).astype(np.float64))
    # Data held in float64 (a design matrix) promote; functions alone keep the input's dtype.
    if single.dtype == np.float32:
        close(single, double, rtol=1e-6)
    else:
        close(single, double, rtol=1e-6)
        assert "Linear" in str(f) or "Affine" in str(f) or "Map" in str(f)


@every_composition
def test_simplified_and_raw_chain_agree(f, x):
    close(f.linearize(x)[0], f.linearize(x, simplify=False)[0])
    close(f.jacobian(x).to_dense(), f.jacobian(x, simplify=False).to_dense(), rtol=1e-10)
    ȳ = np.random.default_rng(5).normal(size=f(x).shape)
    H, raw = f.weighted_hessian(x, ȳ), f.weighted_hessian(x, ȳ, simplify=False)
    close(H.to_dense(), raw.to_dense(), rtol=1e-10)


@every_scalar_case
def test_gradient_is_the_transposed_jacobian(f, x):
    gradient = f.gradient(x)
    assert gradient.shape == x.shape
    close(f.jacobian(x).to_dense(), gradient.reshape(1, -1))
    close(f.gradient(x, simplify=False), gradient, rtol=1e-10)


@every_scalar_case
def test_hessian_is_symmetric(f, x):
    if type(f).weighted_hessian is Function.weighted_hessian:
        pytest.skip("has no second derivative")
    H = f.hessian(x).to_dense()
    close(H, H.T)


@every_case
def test_composition_with_nothing_done_is_the_function(f, x):
    from dxent.functions import identity

    around = f @ identity
    close(around(x), f(x))
    close(around.jacobian(x).to_dense(), f.jacobian(x).to_dense())


@every_case
def test_simplify_is_idempotent(f, x):
    once = simplify(f)
    assert str(simplify(once)) == str(once)


def test_composition_is_flat_and_never_rewrites():
    f = COMPOSITIONS["tutorial"][0]
    assert [type(g).__name__ for g in f.functions] == ["CrossEntropy", "Softmax", "Linear"]
    nested = f.functions[0] @ (f.functions[1] @ f.functions[2])
    assert isinstance(nested, Composition)
    assert nested.functions == f.functions
