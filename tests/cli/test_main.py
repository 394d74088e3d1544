"""The entry point: exit codes, streams, and a machine without the extra."""

import os
import re
import subprocess
import sys

import pytest

from dxent.cli import main as entry
from dxent.cli.terminal import say, waiting
from dxent.kernels.dispatch import show_config


def test_version_says_which_kernels_run(capsys):
    assert entry.run(["--version"]) == 0
    config = show_config()
    assert capsys.readouterr().out.startswith(f"dxent {config['dxent']}, {config['kernels']} kernels (")


@pytest.mark.parametrize("words", [["--help"], []])
def test_help_lists_the_commands(capsys, words):
    assert entry.run(words) == 0
    assert re.search(r"^  fit +Fit ", capsys.readouterr().out, re.MULTILINE)


def test_the_module_is_the_command():
    done = subprocess.run([sys.executable, "-m", "dxent", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("dxent ")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no broken pipes")
def test_row_90_a_reader_that_went_away():
    reader, writer = os.pipe()
    os.close(reader)
    words = [sys.executable, "-m", "dxent", "fit", "--help"]
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_row_91_an_interrupt(monkeypatch, capsys):
    def run(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "run", run)
    with pytest.raises(SystemExit) as caught:
        entry.main()
    assert caught.value.code == 130
    assert capsys.readouterr().err == "dxent: interrupted\n"


def test_without_the_extra_one_sentence_says_how_to_get_it(monkeypatch, capsys):
    for module in ["dxent.cli.commands", "dxent.cli.terminal"]:
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "click", None)
    assert entry.run(["--help"]) == 2
    assert capsys.readouterr().err == "dxent: the command line needs its extra: pip install 'dxent[cli]'\n"


def test_a_terminal_gets_colours_unless_it_wants_none(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    say("accuracy 0.97 of [bold]'a'[/bold] :smile:\x1b[31m")
    coloured = capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    say("accuracy 0.97 of [bold]'a'[/bold] :smile:\x1b[31m")
    plain = capsys.readouterr().out
    assert "\x1b[1;36m0.97" in coloured
    assert "0.97 of [bold]'a'[/bold] :smile:\\x1b[31m" in plain


def test_progress_is_for_terminals_alone(monkeypatch, capsys):
    with waiting("fitting", quiet=False):
        pass
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    with waiting("fitting", quiet=True):
        pass
    assert capsys.readouterr().err == ""
    with waiting("fitting", quiet=False):
        pass
    assert "fitting …" in capsys.readouterr().err
