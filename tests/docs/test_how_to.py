"""The how-to pages run, are reached, and the reference of the command line is what the commands say."""

import re
import runpy
import shlex
from pathlib import Path

import pytest

from dxent.cli.commands import root

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted((DOCS / "how-to").glob("*.md"))


def blocks(page, language):
    return re.findall(rf"^```{language}$\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_python_runs(page, capsys):
    for program in blocks(page, "python"):
        exec(compile(program, str(page), "exec"), {"__name__": "page"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_commands_and_options_exist(page):
    text = page.read_text(encoding="utf-8")
    typed = [line for block in blocks(page, "text") for line in block.splitlines()]
    for words in map(shlex.split, typed):
        with root.make_context("dxent", [words[1]], resilient_parsing=True) as context:
            options = known(root.get_command(context, words[1]))
        assert {word for word in words if word.startswith("-")} <= options
    with root.make_context("dxent", [], resilient_parsing=True) as context:
        every = set().union(*(known(root.get_command(context, name)) for name in root.list_commands(context)))
    assert set(re.findall(r"(?<![\w-])--\w[\w-]*", text)) <= every


def known(command):
    return {option for parameter in command.params for option in parameter.opts}


def test_every_page_is_reached_from_the_first(repository):
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert {f"how-to/{page.stem}" for page in PAGES} == set(re.findall(r"^how-to/\S+$", index, re.M))


def test_the_reference_is_what_the_commands_say():
    tool = runpy.run_path(str(DOCS.parent / "tools" / "cli_reference.py"))
    assert tool["PAGE"].read_text(encoding="utf-8") == tool["reference"](), "run tools/cli_reference.py"
