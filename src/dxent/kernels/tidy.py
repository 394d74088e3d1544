"""A CSR matrix in the form in which passes read it, and what is made of it once and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from dxent.kernels.compiled import native
from dxent.kernels.reference import Doubles, Floats

__all__ = ["CSR", "columns_of", "kept", "rounded", "squares", "tidy"]

CSR = Any


def tidy(X: CSR) -> CSR:
    """Return a view of the matrix that keeps what is made of it for a pass, or such a tidy copy.

    In it the columns of a row are in order, each is stored once, and no zero is. It tells whether all is 1.
    """
    is_tidy = X.has_canonical_format and bool(np.all(X.data))
    view = type(X)((X.data, X.indices, X.indptr), shape=X.shape, copy=not is_tidy)
    view.has_canonical_format = X.has_canonical_format
    if not is_tidy:
        view.sum_duplicates()
        view.eliminate_zeros()
    view.kept, view.all_ones = {}, bool(np.all(view.data == 1))
    return view


def kept(X: CSR, name: str, make: Callable[[], Any], about: Doubles | None = None) -> Any:
    """Return what is made of a matrix, about some centre; a tidy one keeps the newest."""
    store = getattr(X, "kept", None)
    if store is None:
        return make()
    if name not in store or store[name][0] is not about:
        store[name] = about, make()
    return store[name][1]


def columns_of(X: CSR) -> CSR:
    """Return the transpose of a matrix, by rows; a tidy one keeps it."""

    def make() -> CSR:
        columns = X.T.tocsr()
        columns.kept = {}
        return columns

    return kept(X, "columns", make)


def squares(A: CSR, centre: Doubles | None, of_entries: Callable[[Doubles], Doubles]) -> CSR:
    """Return x (x − 2μ) of each stored entry, whose μ ``of_entries`` takes from the centre."""

    def make() -> CSR:
        values = A.data.astype(np.float64)
        return with_values(A, values * (values if centre is None else values - 2 * of_entries(centre)))

    return kept(A, "squares", make, centre)


def rounded(A: CSR, dtype: DTypeLike) -> CSR:
    """Return the matrix as our kernels multiply it in this precision; SciPy's sums are better without."""
    if native is None or dtype != np.float32 or A.dtype == np.float32:
        return A
    return kept(A, "single", lambda: with_values(A, A.data.astype(np.float32)))


def with_values(X: CSR, values: Floats) -> CSR:
    """Return a matrix with the same places and other values."""
    return type(X)((values, X.indices, X.indptr), shape=X.shape, copy=False)
