"""The page: self-contained, readable by machines, and legible where a browser is there to draw it."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from dxent.functions import CrossEntropy, Linear, softmax
from dxent.report.derivation import derive
from dxent.report.derivation_html import explanation_page
from dxent.report.explanation import Explanation, naive_softmax
from dxent.report.heatmap import heat_map
from report.browser import measured_on_a_phone

VOID = {"meta", "rect", "mspace"}


class Reader(HTMLParser):
    """Check that elements close in order, and keep what was seen."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in VOID or (tag == "rect" and not self.get_starttag_text().endswith("/>")):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page():
    x, W = np.array([-2.0, 2.0, 1.6]), np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]])
    naive = naive_softmax(np.array([1000.0, 2000.0]), 0, ("a", "b"))
    derivation = derive(CrossEntropy(0) @ softmax @ Linear(x), W)
    hostile = ("<b>bold</b>", "back\u202ewards")
    return explanation_page(
        Explanation("Row & rows", ("A remark.",), hostile, ("u", "v", "w"), derivation, naive)
    )


@pytest.fixture(scope="module")
def elements(page):
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader.seen


def test_nothing_comes_from_the_network(page, elements):
    assert "http" not in page
    assert "url(" not in page
    assert "@import" not in page
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in elements}


def test_formulas_are_mathml_with_a_label(elements):
    formulas = [attributes for tag, attributes in elements if tag == "math"]
    assert len(formulas) > 15
    assert all(attributes["aria-label"] for attributes in formulas)


def test_the_picture_says_what_it_shows(elements):
    (picture,) = [attributes for tag, attributes in elements if tag == "svg"]
    assert picture["role"] == "img"
    assert picture["aria-label"] == (
        "Heat map of a matrix of 2 by 3 entries; the largest is 1.984, in row <b>bold</b>, column u."
    )
    assert sum(tag == "rect" for tag, _ in elements) == 2 * 3 + 1


def test_what_names_hold_is_shown_not_obeyed(page):
    assert "<b>bold" not in page
    assert "\u202e" not in page
    assert "<h1>Row &amp; rows</h1>" in page


def test_light_dark_narrow_and_print(page):
    assert "color-scheme: light dark" in page
    assert "@media print" in page
    assert 'name="viewport"' in page
    colours = re.findall(r"light-dark\((#\w+), (#\w+)\)", page)
    paper, ink = colours[0], colours[1]
    for background, text in zip(paper, ink, strict=True):
        assert contrast(background, text) > 12
    for name in ("--faint",):
        faint = re.search(rf"{name}: light-dark\((#\w+), (#\w+)\)", page).groups()
        assert all(contrast(background, text) > 4.5 for background, text in zip(paper, faint, strict=True))


def contrast(*colours):
    """The contrast ratio of WCAG 2."""

    def luminance(colour):
        channels = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    low, high = sorted(map(luminance, colours))
    return (high + 0.05) / (low + 0.05)


def test_a_wide_heat_map_leaves_out_the_names_and_the_numbers():
    wide = heat_map(np.eye(2, 64), ("a", "b"), tuple(f"pixel {k}" for k in range(64)))
    assert "rotate" not in wide
    assert wide.count("<text") == 2
    assert "pixel 63" in wide
    nothing = heat_map(np.zeros((1, 2)), ("a",), ("u", "v"))
    assert nothing.count('fill-opacity="0.000"') == 2
    broken = heat_map(np.array([[np.nan, 1.0]]), ("a",), ("u", "v"))
    assert broken.count(">nan<") == 1
    assert "the largest is 1, in row a, column v" in broken


def test_rendered_by_a_browser_nothing_is_wider_than_a_phone(page, tmp_path):
    inner = tmp_path / "page.html"
    inner.write_text(page, encoding="utf-8")
    width, letters, stacked = measured_on_a_phone(
        inner,
        [
            "page.documentElement.scrollWidth",
            "parseFloat(getComputedStyle(page.querySelector('section math')).fontSize)",
            "page.querySelector('mfrac').getBoundingClientRect().height"
            " / page.querySelector('mi').getBoundingClientRect().height",
        ],
    )
    assert width <= 400
    assert letters >= 16
    assert stacked > 1.5  # a fraction is drawn as one: its two lines are higher than a letter
