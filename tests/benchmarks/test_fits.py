"""The benchmark of fits, end to end on a small set, and what it makes of its numbers."""

import json
import subprocess
import sys

import pytest


@pytest.fixture
def summary(imported):
    return imported("summary")


@pytest.fixture
def fits(imported):
    return imported("fits")


def curve(method, *runs, end="reached", cap=60.0):
    return {"method": method, "runs": list(runs), "end": end, "cap": cap}


def run(seconds, objective, gap_bound=None):
    proof = {} if gap_bound is None else {"gap_bound": gap_bound}
    return {"limit": 1.0, "seconds": seconds, "objective": objective, **proof}


def test_iris_from_the_fits_to_the_page(repository, tmp_path):
    def call(script, *words):
        command = [sys.executable, repository / "benchmarks" / script, *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    results, page = tmp_path / "fits.json", tmp_path / "benchmarks.md"
    asked = ["--sets", "iris", "--C", "1", "--methods", "dxent", "scikit-learn lbfgs",
             "--repeats", "2", "--cap", "20", "--company", "inf", "--results", results]  # fmt: skip
    assert call("fits.py", *asked).count("iris ") == 2
    given = json.loads(results.read_text(encoding="utf-8"))
    assert {"machine", "versions", "commit", "date"} <= given["about"].keys()
    ours, peer = given["curves"]
    assert (ours["method"], peer["method"], peer["end"]) == ("dxent", "scikit-learn lbfgs", "reached")
    assert ours["runs"][-1]["gap_bound"] <= 1e-10 * ours["runs"][-1]["objective"]
    assert peer["runs"][-1]["objective"] == pytest.approx(ours["runs"][-1]["objective"], rel=1e-9)
    assert all(len(one["seconds"]) == 2 for one in ours["runs"] + peer["runs"])
    assert (ours["warmed"], peer["warmed"]) == (True, True)
    assert given["sets"]["iris"]["samples"] == 150

    assert "lbfgs" not in call("fits.py", *asked)
    assert json.loads(results.read_text(encoding="utf-8"))["curves"][1] == peer

    call("page.py", "--results", tmp_path, "--page", page)
    text = page.read_text(encoding="utf-8")
    assert "| iris | 150 × 4 × 3 |" in text
    assert "0 of 2 are without a warm-up" in text
    assert "Every bound holds" in text
    assert "dxent, proved" in (tmp_path / "_static" / "benchmarks" / "iris.svg").read_text(encoding="utf-8")


def test_the_optimum_lies_between_what_was_reached_and_what_was_proved(summary):
    ours, peer = run([1.0], 2.0, 0.5), curve("peer", run([1.0], 1.75))
    found = summary.reference([curve("dxent", ours), peer])
    assert (found.upper, found.lower) == (1.75, 1.5)
    assert (found.known, found.optimum) == (False, 1.75)
    near = summary.reference([curve("dxent", ours | {"gap_bound": 0.25 + 1e-9}), peer])
    assert (near.known, near.optimum) == (True, 1.75 - 1e-9)


def test_a_peers_time_lies_between_two_rungs_and_ours_is_that_of_the_proof(summary):
    peer = curve("peer", run([1.0, 3.0, 2.0], 1 + 1e-2), run([8.0], 1 + 1e-4))
    assert summary.time_to(peer, 1e-2 * (1 + 1e-9), 1.0) == summary.Time(2.0, 1.0, 3.0, False)
    assert summary.time_to(peer, 1e-3, 1.0).seconds == pytest.approx(4.0)
    assert summary.time_to(peer, 1e-6, 1.0) == summary.Time(60.0, 60.0, 60.0, True)
    assert summary.time_to(curve("killed"), 1e-6, 1.0) == summary.Time(60.0, 60.0, 60.0, True)
    ours = curve("dxent", run([1.0], 1.0, 1e-2), run([8.0], 1.0, 1e-4))
    assert summary.time_to(ours, 1e-3, 1.0).seconds == 8.0


def test_company_on_the_machine_is_told(summary):
    runs = [run([0.5], 2.0) | {"disturbed": 0.01}, run([1.5], 1.0) | {"disturbed": 1.01}]
    assert summary.disturbance(curve("peer", *runs)) == 0.5


def test_a_proof_that_does_not_hold_is_told(summary):
    ours, peer = curve("dxent", run([1.0], 2.0, 0.1)), curve("peer", run([1.0], 1.75))
    (sentence,) = summary.Problem("iris", 1.0, False, (ours, peer)).broken_proofs()
    assert "claimed 1.000e-01, but 2.500e-01 above the best" in sentence
    ours["runs"][0]["gap_bound"] = 0.25
    assert summary.Problem("iris", 1.0, False, (ours, peer)).broken_proofs() == []


def test_a_quick_method_is_warmed_up_and_a_slow_one_is_not(fits):
    def asked(seconds):
        worker, limits = fits.Worker([], first=8.0), []

        def ask(limit, patience):
            worker.process = object()
            limits.append(limit)
            return run([seconds], 1.0)

        worker._ask = ask
        for limit in (8.0, 16.0):
            worker.fit(limit, 1.0)
        worker.process = None  # a new one
        worker.fit(32.0, 1.0)
        return limits

    assert asked(1.0) == [8.0, 8.0, 16.0, 8.0, 32.0]
    assert asked(4.0) == [8.0, 16.0, 32.0]


@pytest.mark.parametrize(("results", "page"), [(".", "benchmarks.md"), ("zen3", "benchmarks-zen3.md")])
def test_the_published_page_is_that_of_the_results(repository, tmp_path, results, page):
    published, made = repository / "docs" / page, tmp_path / page
    if not published.exists():
        pytest.skip("no results are published")
    given = ["--results", repository / "benchmarks" / "results" / results, "--page", made]
    subprocess.run([sys.executable, repository / "benchmarks" / "page.py", *given], check=True)
    assert made.read_text(encoding="utf-8") == published.read_text(encoding="utf-8")
