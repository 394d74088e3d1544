"""The examples in docstrings run."""

import doctest
import pkgutil
from importlib import import_module

import pytest

import dxent

MODULES = sorted(module.name for module in pkgutil.walk_packages(dxent.__path__, "dxent."))


@pytest.mark.parametrize(
    "name", [name for name in MODULES if name.rpartition(".")[2] not in {"__main__", "_native"}]
)
def test_examples(name):
    if name in ("dxent.kernels.jax", "dxent.kernels.torch"):
        pytest.importorskip(name.rpartition(".")[2])
    result = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0
