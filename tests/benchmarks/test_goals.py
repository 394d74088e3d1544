"""Goals are read from the results, and a figure that falls short is said to."""

import json

LBFGS = "scikit-learn lbfgs"


def verdicts(table):
    return {what: (found, verdict) for what, _, found, verdict in table["rows"]}


def test_what_is_reached_missed_and_not_measured(imported, problems, tmp_path):
    tables = {
        "passes": [["60 000 × 784 × 10, float64", 28.0, 3.0, 2.0, 0.6], ["20 × 1 × 1", 1.0, 9.0, 1.0, 0.1],
                   ["200 000 × 54 × 7, float64", 9.0, 2.0, 2.0, 0.4]],
        "allocations": [["mnist: 60,000 × 784 × 10", 376.0, 100.0, 0.9], ["wide: 5 × 2 × 3", 8.0, 9.0, 1.1]],
    }  # fmt: skip
    for name, rows in tables.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({"tables": [{"rows": rows}]}), encoding="utf-8")
    found = problems({
        ("mnist", False): {"dxent": 1.0, LBFGS: None, "cyanure": 16.0},
        ("small", False): {"dxent": 1.0, LBFGS: 0.25},
    })  # fmt: skip
    rows = verdicts(imported("goals").goals(found, tmp_path))
    assert rows["MNIST, C = 1, ÷ the best peer"] == ("16", "reached")
    assert rows["MNIST, C = 1, ÷ scikit-learn"] == ("≥ 60", "reached")
    assert rows["geometric mean ÷ the best peer"] == ("2", "**missed**")
    assert rows["geometric mean ÷ scikit-learn"] == ("≥ 3.87", "**missed**")
    assert rows["problems slower than the best peer, beyond 50 ms"] == ("1", "**missed**")
    assert rows["within 50 ms, more than twice scikit-learn's time"] == ("0", "reached")
    assert rows["dense pass ÷ NumPy, the least of four"] == ("2", "**missed**")
    assert rows["share of the roofline, 60 000 × 784 × 10, float64"] == ("0.6", "reached")
    assert rows["share of the roofline, 200 000 × 54 × 7, float64"] == ("0.4", "**missed**")
    assert rows["sparse pass ÷ SciPy's products, 20news"] == ("–", "not measured")
    assert rows["allocated ÷ allowed, mnist"] == ("0.9", "reached")
    assert rows["allocated ÷ allowed, wide"] == ("1.1", "**missed**")
