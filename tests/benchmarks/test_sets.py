"""The sets of the benchmark, what they need, and who is measured on them."""

import math

import numpy as np
import pytest


def test_categories_become_columns_of_0_and_1_beside_scaled_numbers(imported, tmp_path):
    import pyarrow
    import pyarrow.parquet

    columns = {
        "age": [1.0, 2.0, 3.0, 6.0],
        "sex": pyarrow.array(["m", None, "f", "m"]).dictionary_encode(),
        "label": ["yes", "no", "no", "yes"],
        "is_test": [0, 0, 1, 1],
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "people.parquet")
    X, y = imported("sets").from_table(tmp_path / "people.parquet", "label")
    age = np.array([-2.0, -1.0, 0.0, 3.0]) / math.sqrt(3.5)
    assert X[:, 0] == pytest.approx(age)
    assert X[:, 1:].tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert y.tolist() == ["yes", "no", "no", "yes"]


def test_memory_is_told_beside_what_its_size_allows_and_the_worst_comes_first(imported):
    def problem(name, sparse, *peaks):
        facts = {"samples": 1_000_000, "features": 50, "classes": 2, "sparse": sparse, "mb": 400.0}
        curves = [
            {"method": "dxent", "runs": [{"peak_mb": peak} for peak in peaks]},
            {"method": "glmnet", "runs": [{"peak_mb": None}]},
        ]
        return imported("summary").Problem(name, 1.0, False, tuple(curves), facts)

    table = imported("page").memory([
        problem("sparse", True, 900.0), problem("small", False, 68.0), problem("large", False, 10.0, 272.0)
    ])  # fmt: skip
    assert table["header"][3:] == ["dxent ÷ allowed", "dxent"]
    assert [[row[0], *row[2:]] for row in table["rows"]] == [
        ["large", "400.00", "2.00", "272"],
        ["small", "400.00", "0.50", "68"],
        ["sparse", "400.00", "–", "900"],
    ]


def test_glmnet_is_left_out_where_there_is_no_r(imported, monkeypatch):
    monkeypatch.setenv("PATH", "")
    glmnet = imported("glmnet")
    glmnet.version.cache_clear()
    assert imported("methods").version("glmnet") == ""
    glmnet.version.cache_clear()


def test_who_cannot_fit_a_set_says_why(imported):
    methods = imported("methods").METHODS
    facts = {"features": 20_000, "classes": 20, "sparse": True}
    assert methods["liblinear"].refuses(facts) == "binary only"
    assert methods["glmnet"].refuses(facts) == "dense only"
    assert methods["scikit-learn newton-cholesky"].refuses(facts) == "its Hessian needs 1,192 GiB"
    assert methods["dxent"].refuses(facts) == ""
