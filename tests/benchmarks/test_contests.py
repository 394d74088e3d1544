"""What the benchmark's page makes of made-up times."""

import math

import pytest


@pytest.fixture
def contests(imported):
    return imported("contests")


LBFGS, SAGA = "scikit-learn lbfgs", "scikit-learn saga"


def test_the_best_of_each_kind_is_compared_and_the_worst_set_comes_first(contests, problems):
    means, times = contests.tables(
        problems({
            ("fast", False): {"dxent": 1.0, LBFGS: 8.0, SAGA: 9.0, "cyanure": 4.0},
            ("slow", False): {"dxent": 2.0, LBFGS: 1.0, "cyanure": 9.0},
        }),
        1e-6,
    )  # fmt: skip
    assert times["rows"] == [
        ["slow", "2", "1", "lbfgs", "1", "lbfgs", "0.5", "0.5"],
        ["fast", "1", "4", "cyanure", "8", "lbfgs", "4", "8"],
    ]
    assert means["rows"][0][1:] == ["**1.41** over 2", "**2** over 2"]
    assert means["note"].startswith("Slower than a peer: slow, C = 1 (0.5). ")


def test_who_does_not_arrive_counts_with_a_bound_and_two_who_do_not_are_left_out(contests, problems):
    found = problems({
        ("theirs", False): {"dxent": 6.0, LBFGS: None},
        ("ours", False): {"dxent": None, LBFGS: 6.0},
        ("neither", False): {"dxent": None, LBFGS: None, "cyanure": 6.0},
    })  # fmt: skip
    ratios = {one.name: contests.contest(one, 1e-6).ratio("scikit-learn") for one in found}
    assert ratios == {
        "theirs": contests.Ratio(10.0, "≥"),
        "ours": contests.Ratio(0.1, "≤"),
        "neither": None,
    }
    means = contests.tables(found, 1e-6)[0]
    assert means["rows"][0][2] == "**1** over 2 (1 ≥, 1 ≤, 1 left out)"
    assert "Slower than a peer: neither, C = 1 (≤ 0.1); ours, C = 1 (≤ 0.1). " in means["note"]


def test_a_bound_on_one_side_is_a_bound_on_the_mean(contests, problems):
    found = problems({("a", False): {"dxent": 6.0, LBFGS: None}, ("b", False): {"dxent": 1.0, LBFGS: 10.0}})
    assert contests.tables(found, 1e-6)[0]["rows"][0][2] == "**≥ 10** over 2 (1 ≥)"


def test_embeddings_penalised_intercepts_and_short_times_have_means_of_their_own(contests, problems):
    found = problems({
        ("embeddings", False): {"dxent": 1.0, LBFGS: 3.0},
        ("long", False): {"dxent": 1.0, LBFGS: 4.0},
        ("long", True): {"dxent, intercept penalised": 1.0, "liblinear": 5.0},
        ("short", False): {"dxent": 0.040, LBFGS: 0.010},
        ("sloth", False): {"dxent": 0.060, LBFGS: 0.010},
    })  # fmt: skip
    means = contests.tables(found, 1e-6)[0]
    every = math.exp(sum(map(math.log, (4.0, 0.25, 1 / 6))) / 3)
    assert [row[1] for row in means["rows"]] == [
        f"**{every:.3g}** over 3",
        "**3** over 1",
        "**5** over 1",
        "**0.25** over 1",
        f"**{math.sqrt(4 / 6):.3g}** over 2",
    ]
    assert "more than twice scikit-learn's time: short, C = 1 (0.25)." in means["note"]
