"""The generated pages are what their tools write now, and leave nothing out."""

import re
from runpy import run_path

import pytest


@pytest.mark.parametrize("name", ["checklist", "rules"])
def test_the_page_is_what_its_tool_writes(repository, name):
    tool = run_path(str(repository / "tools" / f"{name}.py"))
    assert tool["PAGE"].read_text(encoding="utf-8") == tool["page"](), f"run: python tools/{name}.py"


def test_every_statement_has_a_test(repository):
    tool = run_path(str(repository / "tools" / "checklist.py"))
    expected = [
        f"{letter}{k}"
        for letter, count in (("E", 37), ("P", 12), ("Q", 10), ("R", 7))
        for k in range(1, count + 1)
    ]
    assert list(tool["STATEMENTS"]) == expected
    assert set(tool["tests_by_id"]()) == set(expected)


def test_the_rules_page_names_every_rule(repository):
    tool = run_path(str(repository / "tools" / "rules.py"))
    page = tool["page"]()
    assert len(re.findall(r"^\| `", page, re.MULTILINE)) == len(tool["RULES"])
    for rules in tool["TABLES"].values():
        for rule in rules:
            assert f"- {rule.formula}\n" in page
