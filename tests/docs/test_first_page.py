"""The documentation's first page shows the chain rule: its numbers, and the file itself."""

import re

import numpy as np
import pytest

from dxent.functions import softmax
from tutorial.pages import run

FILE = re.compile(r"^```\{literalinclude\} (\S+)$", re.MULTILINE)


@pytest.fixture
def page(repository):
    return (repository / "docs" / "index.md").read_text(encoding="utf-8")


def test_it_shows_the_whole_file_which_reads_in_two_minutes(repository, page):
    (shown,) = FILE.findall(page)
    file = (repository / "docs" / shown).resolve()
    assert file == repository / "src" / "dxent" / "functions" / "chain_rule.py"
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 120


def test_what_it_says_of_the_numbers_is_true():
    shown = run("../index")[0]
    x, W = shown["x"], shown["W"]
    p = softmax(W @ x)
    np.testing.assert_allclose(shown["gradient"], np.outer(p - [1, 0], x), rtol=1e-14)
    curvature = np.kron(np.diag(p) - np.outer(p, p), np.outer(x, x))
    np.testing.assert_allclose(shown["hessian"].to_dense(), curvature, rtol=1e-12)
    assert [factor.out_shape for factor in shown["chain"].factors] == [(), (2,), (2,)]
    assert type(shown["closed"]).__name__ == "Row"


def test_every_tutorial_is_reached_from_it(repository, page):
    tutorials = {f"tutorial/{path.stem}" for path in (repository / "docs" / "tutorial").glob("*.md")}
    assert tutorials == set(re.findall(r"^tutorial/\S+$", page, re.MULTILINE))
