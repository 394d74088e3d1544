"""Checks for functions, operators and objectives of your own: derivatives, laws, structure.

Each check is silent if all is well and raises AssertionError naming the entry, what was expected and what was
found. Differences are five-point central ones: where the function is smooth on the scale of max(1, |x|) they
are right to about 1e-11 of the largest entry. Do not stand on a kink.

See: A. Griewank, A. Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, §1 and §3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dxent.functions.chain_rule import Composition, Function
from dxent.operators.base import LinearOperator, Structure
from dxent.operators.elementary import Row

__all__ = ["check_function", "check_objective", "check_operator"]

Vector = NDArray[np.float64]

SMALL = 200
"""Up to so many coordinates each is tested; beyond, as many random directions stand for them."""


def check_function(f: Function, x: Any, *, rtol: float = 1e-7) -> None:
    """Check a function at x: its shapes, its Jacobian and, if it has one, its weighted Hessian.

    Errors are measured against the largest entry. Raises: AssertionError.
    """
    x = np.asarray(x, dtype=np.float64)
    y, J = f.linearize(x)
    y = np.asarray(y)
    _equal(f"{f}: value, called and linearized", np.asarray(f(x)), y, 1e-12)
    expected_shape = f.out_shape(x.shape)
    if expected_shape is not None and expected_shape != y.shape:
        raise AssertionError(f"{f}: out_shape says {expected_shape}, but the value has shape {y.shape}.")
    if (J.in_shape, J.out_shape) != (x.shape, y.shape):
        shapes = f"{x.shape} → {y.shape}, but its Jacobian {J.in_shape} → {J.out_shape}"
        raise AssertionError(f"{f}: maps {shapes}.")
    check_operator(J)
    _check_derivative(f"{f}: Jacobian", f, J, x, rtol)
    if not isinstance(f, Composition) and type(f).weighted_hessian is Function.weighted_hessian:
        return
    cotangent = _random(y.shape)
    H = f.weighted_hessian(x, cotangent)
    check_operator(H)

    def pullback(at: Vector) -> Any:
        return f.linearize(at)[1].T.mv(cotangent)

    _check_derivative(f"{f}: weighted Hessian", pullback, H, x, rtol)


def check_operator(A: LinearOperator, *, rtol: float = 1e-12) -> None:
    """Check an operator against its own matrix: products, transpose, and the structure it claims.

    Errors are measured against the largest entry. Raises: AssertionError.
    """
    dense = np.asarray(A.to_dense())
    shape = (int(np.prod(A.out_shape)), int(np.prod(A.in_shape)))
    if dense.shape != shape:
        raise AssertionError(f"{A!r}: the matrix has shape {dense.shape}, not {shape}.")
    if Structure.SYMMETRIC in A.structure:
        _equal(f"{A!r}: claims to be symmetric", dense.T, dense, rtol)
    if Structure.DIAGONAL in A.structure:
        _equal(f"{A!r}: claims to be diagonal", np.diag(np.diag(dense)), dense, rtol)
    if Structure.PSD in A.structure and dense.size:
        lowest, scale = float(np.linalg.eigvalsh(dense)[0]), float(np.abs(dense).max())
        if lowest < -rtol * len(dense) * scale:
            raise AssertionError(f"{A!r}: claims to be psd, but has the eigenvalue {lowest}.")
    v, u = _random(A.in_shape), _random(A.out_shape)
    for name, product, expected, target in (
        ("A v", A.mv(v), dense @ v.ravel(), A.out_shape),
        ("Aᵀ u", A.T.mv(u), dense.T @ u.ravel(), A.in_shape),
    ):
        _equal(f"{A!r}: {name}", expected.reshape(target), np.asarray(product), rtol)
    _equal(f"{A!r}: matrix of the transpose", dense.T, np.asarray(A.T.to_dense()), rtol)


def check_objective(
    value: Callable[[Vector], Any],
    gradient: Callable[[Vector], Any],
    x: Any,
    hessian: Callable[[Vector], LinearOperator] | None = None,
    *,
    rtol: float = 1e-7,
) -> None:
    """Check an objective at x: its gradient against its values, its Hessian against its gradients.

    Errors are measured against the largest entry, or the value if that is larger. Raises: AssertionError.
    """
    x = np.asarray(x, dtype=np.float64)
    g = np.asarray(gradient(x))
    if g.shape != x.shape:
        raise AssertionError(f"The gradient has shape {g.shape}, but x has {x.shape}.")
    _check_derivative("gradient", value, Row(g), x, rtol)
    if hessian is not None:
        _check_derivative("Hessian", gradient, hessian(x), x, rtol)


def _check_derivative(
    what: str, f: Callable[[Vector], Any], derivative: LinearOperator, x: Vector, rtol: float
) -> None:
    """Compare a linear map with differences of f at x, along each coordinate or along random directions."""
    names, directions = _directions(x)
    expected = np.asarray([_difference(f, x, direction) for direction in directions])
    found = np.asarray([derivative.mv(direction) for direction in directions])
    floor = float(np.abs(np.asarray(f(x))).max(initial=0.0))
    _equal(what, expected, found, rtol, floor, names)


def _directions(x: Vector) -> tuple[list[str], Vector]:
    """Unit vectors, or random directions where there are many; and how a message names them."""
    if x.size <= SMALL:
        names = [f"x[{', '.join(map(str, place))}]" for place in np.ndindex(x.shape)]
        return names, np.eye(x.size).reshape(x.size, *x.shape)
    rng = np.random.default_rng(0)
    names = [f"random direction {k}" for k in range(SMALL)]
    return names, rng.standard_normal((SMALL, *x.shape)) / np.sqrt(x.size)


def _difference(f: Callable[[Vector], Any], x: Vector, direction: Vector) -> Vector:
    """Derivative of f at x along a direction, from five points; the error is O(h⁴)."""
    h = np.finfo(np.float64).eps ** 0.2 * max(1.0, float(np.abs(x * direction).max(initial=0.0)))
    far, near, back, way_back = (np.asarray(f(x + k * h * direction)) for k in (2, 1, -1, -2))
    return np.asarray((8 * (near - back) - (far - way_back)) / (12 * h))


def _random(shape: tuple[int, ...]) -> Vector:
    return np.random.default_rng(1).standard_normal(shape)


def _equal(
    what: str, expected: Any, found: Any, rtol: float, floor: float = 0.0, names: list[str] | None = None
) -> None:
    """Raise AssertionError at the worst entry that is off by more than rtol of the largest entry."""
    expected, found = np.asarray(expected), np.asarray(found)
    if expected.shape != found.shape:
        raise AssertionError(f"{what}: expected shape {expected.shape}, found {found.shape}.")
    allowed = rtol * max(float(np.abs(expected).max(initial=0.0)), floor)
    errors = np.abs(expected - found)
    if (errors <= allowed).all():
        return
    place = np.unravel_index(int(np.argmax(np.where(np.isnan(errors), np.inf, errors))), errors.shape)
    inside, along = (place, "") if names is None else (place[1:], f" along {names[int(place[0])]}")
    entry = f"[{', '.join(str(int(k)) for k in inside)}]{along}"
    values = f"expected {expected[place]}, found {found[place]} (allowed error {allowed:.1e})"
    raise AssertionError(f"{what}, entry {entry}: {values}.")
