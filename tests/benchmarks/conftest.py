"""The benchmarks are scripts: their modules are imported from beside each other."""

from importlib import import_module

import pytest


@pytest.fixture
def imported(repository, monkeypatch):
    """Import a module of the benchmarks by its name."""
    monkeypatch.syspath_prepend(repository / "benchmarks")
    return import_module
