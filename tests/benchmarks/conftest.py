"""The benchmarks are scripts: their modules are imported from beside each other."""

import json
from importlib import import_module

import pytest


@pytest.fixture
def imported(repository, monkeypatch):
    """Import a module of the benchmarks by its name."""
    monkeypatch.syspath_prepend(repository / "benchmarks")
    return import_module


@pytest.fixture
def problems(imported, tmp_path):
    """Return what `summary.read` makes of times by set and method; None for a method that never arrives."""

    def made(times):
        curves = []
        for (name, penalised), row in times.items():
            for method, seconds in row.items():
                gap = {"gap_bound": 1e-12} if method.startswith("dxent") else {}
                one = {"limit": 1.0, "seconds": [seconds], "objective": 1.0, **gap}
                curves.append({"set": name, "C": 1.0, "penalised": penalised, "method": method, "cap": 60.0,
                               "end": "", "runs": [one] if seconds else []})  # fmt: skip
        path = tmp_path / "fits.json"
        sets = {name: {} for name, _ in times}
        path.write_text(json.dumps({"about": {}, "sets": sets, "curves": curves}), encoding="utf-8")
        return imported("summary").read(path)[1]

    return made
