"""Every test here runs on the compiled kernels and on their definition in NumPy."""

import pytest

from dxent.kernels import dispatch


@pytest.fixture(params=["native", "NumPy"])
def kernels(request, monkeypatch):
    if request.param == "NumPy":
        monkeypatch.setattr(dispatch, "native", None)
    elif dispatch.native is None:
        pytest.skip("the kernels were not compiled")
    return request.param
