"""For tests that run on each of the compiled kernels and on their definition in NumPy."""

import pytest

from dxent.kernels import dispatch

LEVELS = dispatch.native.instruction_sets() if dispatch.native else []


@pytest.fixture(params=[*LEVELS, "NumPy"])
def kernels(request, monkeypatch):
    if request.param == "NumPy":
        monkeypatch.setattr(dispatch, "native", None)
        yield
        return
    before = dispatch.native.instruction_set()
    dispatch.native.use(request.param)
    yield
    dispatch.native.use(before)
