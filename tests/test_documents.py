"""The documents: their Python runs, their commands exist."""

import re

import pytest

from dxent.cli.commands import root


def blocks(text, language):
    return re.findall(rf"^```{language}$\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_the_python_in_the_documents_runs(repository, name):
    program = "\n".join(blocks((repository / name).read_text(encoding="utf-8"), "python"))
    assert program
    exec(compile(program, name, "exec"), {"__name__": "document"})


def test_the_readme_opens_with_two_commands_and_the_gate_runs_them(repository):
    text = (repository / "README.md").read_text(encoding="utf-8")
    (commands,) = blocks(text, "sh")
    install, test = commands.splitlines()
    assert install.endswith("dxent fit iris")
    assert "pytest" in test
    assert text.index("```sh") < 20


def test_the_commands_in_the_readme_exist(repository):
    text = (repository / "README.md").read_text(encoding="utf-8")
    (table,) = [block for block in blocks(text, "text") if "dxent" in block]
    for line in table.splitlines():
        words = re.split(r"\s{2,}", line)[0].split()[1:]
        with root.make_context("dxent", words[:1], resilient_parsing=True) as context:
            command = root if words[0].startswith("--") else root.get_command(context, words[0])
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options


def test_the_changelog_has_the_version_or_what_is_to_come(repository):
    headings = re.findall(
        r"^## \[(.+?)\]", (repository / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    from dxent import __version__

    assert headings[0] in {"Unreleased", __version__}
