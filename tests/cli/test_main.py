"""The entry point: exit codes, streams, and a machine without the extra."""

import os
import subprocess
import sys

import pytest

from dxent.cli import main as entry
from dxent.cli.terminal import say


def dxent(*words, **options):
    return subprocess.run([sys.executable, "-m", "dxent", *words], text=True, **options)


def test_version_says_which_kernels_run():
    done = dxent("--version", capture_output=True)
    assert done.returncode == 0
    assert done.stdout.startswith("dxent ")
    assert ("native kernels" in done.stdout) != ("NumPy kernels" in done.stdout)


def test_help_lists_the_commands():
    for words in [["--help"], []]:
        done = dxent(*words, capture_output=True)
        assert (done.returncode, done.stderr) == (0, "")
        assert "fit" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no broken pipes")
def test_row_90_a_reader_that_went_away():
    reader, writer = os.pipe()
    os.close(reader)
    done = dxent("fit", "--help", stdout=writer, stderr=subprocess.PIPE)
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
