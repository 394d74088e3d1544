"""What an import loads: nothing heavy before it is used."""

import subprocess
import sys

import pytest

HEAVY = {"sklearn", "scipy", "array_api_compat", "matplotlib", "pyarrow", "click", "rich"}


def loaded_after(program):
    """The top-level modules loaded once a fresh interpreter has run the program."""
    report = "import sys; print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", f"import atexit; atexit.register(lambda: exec({report!r}))\n{program}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def test_import_dxent_loads_nothing_else():
    loaded = loaded_after("import dxent")
    assert "dxent" in loaded
    assert loaded & (HEAVY | {"numpy"}) == set()


@pytest.mark.parametrize("name", ["softmax", "CrossEntropy", "show_config"])
def test_functions_load_numpy_alone(name):
    loaded = loaded_after(f"import dxent; dxent.{name}")
    assert "numpy" in loaded
    assert loaded & HEAVY == set()


def test_softmax_of_an_array_loads_numpy_alone():
    loaded = loaded_after("import dxent, numpy; dxent.softmax(numpy.zeros(3))")
    assert loaded & HEAVY == set()


@pytest.mark.parametrize("words", [["--help"], ["fit", "--help"], []])
def test_help_does_not_load_numpy(words):
    loaded = loaded_after(f"import sys; sys.argv[1:] = {words!r}\nfrom dxent.cli.main import main; main()")
    assert "click" in loaded
    assert loaded & (HEAVY - {"click"} | {"numpy"}) == set()
