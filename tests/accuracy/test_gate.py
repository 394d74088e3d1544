"""No function and no derivative is off by more than it promises, on any family of inputs, in any kernel."""

from functools import cache

import pytest

from accuracy import families
from accuracy.measures import DXENT, POINTS, ROWS, measure_points, measure_rows, references

pytestmark = pytest.mark.usefixtures("kernels")
every_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])


@cache
def rows(dtype):
    return {name: (family, references(family)) for name, family in families.rows(dtype, 8).items()}


@every_dtype
@pytest.mark.parametrize("name", ROWS)
def test_functions_of_rows(name, dtype):
    for family, (inputs, exact) in rows(dtype).items():
        errors = measure_rows(DXENT, name, inputs, exact)
        assert errors.keeps(ROWS[name].allowed[dtype]), (family, str(errors))


@every_dtype
@pytest.mark.parametrize("name", POINTS)
def test_logistic_functions(name, dtype):
    for family, z in families.points(dtype, 20).items():
        errors = measure_points(DXENT, name, z)
        assert errors.keeps(POINTS[name].allowed[dtype]), (family, str(errors))
