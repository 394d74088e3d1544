"""``dxent check``: everything is covered, what is right passes, what is wrong is found."""

import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from dxent import functions, operators
from dxent.cli.main import run
from dxent.functions import Function, Softmax, function
from dxent.functions.rules import RULES
from dxent.operators import Dense, LinearOperator, SymmetricOperator
from dxent.operators.rules import PRODUCT_RULES, SCALING_RULES, SUM_RULES, TRANSPOSE_RULES, Rule
from dxent.report import rule_checks
from dxent.report.checks import check_functions, check_operators, error, finding
from dxent.report.differences import by_complex_step, by_differences
from dxent.report.known_operators import known_operators
from dxent.report.textbook import Known, known_functions

KNOWN, OPERATORS = known_functions(), known_operators()
SAMPLES = [A for A, _ in OPERATORS.values()]


@pytest.fixture
def call(capsys):
    """Run a command in this process: exit code, standard output, standard error."""

    def call_with(*words):
        code = run(["check", *map(str, words)])
        streams = capsys.readouterr()
        return code, streams.out, streams.err

    return call_with


@pytest.fixture
def module(tmp_path):
    def write(text):
        path = tmp_path / "mine.py"
        path.write_text(f"import numpy as np\nimport dxent\nfrom dxent.functions import *\n{text}", "utf-8")
        return path

    return write


def test_everything_passes(call):
    code, out, err = call()
    assert (code, err) == (0, "")
    assert out.endswith(f"{out.count(' ok')} checked, none failed.\n")
    rules = len(PRODUCT_RULES) + len(SUM_RULES) + len(SCALING_RULES) + len(TRANSPOSE_RULES) + len(RULES)
    assert out.count(" ok") == len(KNOWN) + len(SAMPLES) + rules


def test_every_function_is_known():
    kinds = {type(known.f) for known in KNOWN.values()}
    public = [getattr(functions, name) for name in functions.__all__]
    classes = {kind for kind in public if isinstance(kind, type)} - {Function, functions.Elementwise}
    assert classes <= kinds
    assert {type(instance) for instance in public if isinstance(instance, Function)} <= kinds


def test_every_operator_is_known():
    classes = {kind for name in operators.__all__ if isinstance(kind := getattr(operators, name), type)}
    kinds = {kind for kind in classes if issubclass(kind, LinearOperator)}
    assert kinds - {LinearOperator, SymmetricOperator} == {type(A) for A in SAMPLES}


def test_one_function_with_its_variants(call):
    code, out, _ = call("--function", "softmax")
    assert code == 0
    assert [line.split("  ")[0] for line in out.splitlines() if line.endswith(" ok")] == [
        "softmax", "softmax, nearly one-hot", "softmax, axis=0",
    ]  # fmt: skip
    assert out.endswith("3 checked, none failed.\n")


def test_a_module_of_ones_own(call, module):
    path = module(
        "cube = function(lambda x: x**3, lambda x: np.diag(3 * x**2))\n"
        "loss = CrossEntropy([0, 2]) @ softmax @ Linear(np.eye(2))\n"
        "POINTS = {'loss': np.ones((3, 2))}\n"
    )
    code, out, err = call(path)
    assert (code, err) == (0, "")
    assert out.endswith("2 checked, none failed.\n")
    assert call(path, "--function", "cube")[1].endswith("1 checked, none failed.\n")


def test_a_wrong_derivative_is_found(call, module):
    path = module("cube = function(lambda x: x**3, lambda x: np.diag(2 * x**2))\nright = softmax @ tanh\n")
    code, out, err = call(path)
    assert (code, err) == (1, "")
    assert re.search(r"^cube +– .* FAILED$", out, re.MULTILINE)
    assert re.search(r"^right +– .* ok$", out, re.MULTILINE)
    assert "2 checked, 1 failed.\n  cube: <lambda>: Jacobian, entry [3] along x[3]: expected " in out


def test_a_function_that_takes_no_usual_point_says_so(call, module):
    code, out, _ = call(module("layer = Linear(np.eye(7))\n"))
    assert code == 1
    assert "layer: ValueError:" in out
    assert "takes weights of shape" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["no.py"], "'no.py' does not exist"),
        (["--function", "sofmax"], "there is no function 'sofmax': did you mean softmax?"),
        (["--function", "nothing"], "there is no function 'nothing': did you mean function?"),
        (["--function", "xyz"], "did you mean exp?"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_two(call, words, says):
    code, out, err = call(*words)
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "says"), [("1 / 0\n", "cannot be run: ZeroDivisionError"), ("x = 1\n", "no variable that is a")]
)
def test_a_module_that_has_nothing_to_check(call, module, text, says):
    code, out, err = call(module(text))
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_a_formula_that_disagrees_is_found():
    wrong = {"softmax": replace(KNOWN["softmax"], formula=np.tanh)}
    (found,) = check_functions("", wrong).findings
    assert found.fault.startswith("too far apart: value: ")
    assert "J, complex step" in found.fault


def test_a_wrong_matrix_is_found():
    A, matrix = OPERATORS["Design"]
    (found,) = check_operators({"Design": (A, 2 * matrix)}).findings
    assert found.fault.startswith("too far apart: matrix: ")


def test_a_wrong_rule_is_found(monkeypatch):
    wrong = Rule("A A = A", Dense, Dense, lambda A, B: A)
    unmatched = Rule("∅", Dense, Dense, lambda A, B: A, lambda A, B: False)
    monkeypatch.setattr(rule_checks, "PRODUCT_RULES", [wrong, unmatched])
    faults = {one.subject: one.fault for one in rule_checks.check_operator_rules(SAMPLES).findings}
    assert faults["product: A A = A"].startswith("too far apart")
    assert "no known operators match" in faults["product: ∅"]
    assert faults["transpose: (Aᵀ)ᵀ = A"] == ""


def test_a_wrong_cancellation_is_found(monkeypatch):
    kind = functions.Square
    monkeypatch.setattr(
        rule_checks, "RULES", {(kind, Softmax): lambda f, g: g, (kind, kind): lambda f, g: None}
    )
    monkeypatch.setitem(RULES, (kind, Softmax), lambda f, g: g)
    first, second = rule_checks.check_cancellations(KNOWN).findings
    assert first.fault.startswith("too far apart: value")
    assert "no known functions match" in second.fault


def test_what_is_not_a_number_fails():
    assert finding("nan", {"x": 1.0}, lambda: {"x": np.nan}).fault == "too far apart: x: nan"
    assert finding("bad", {"x": 1.0}, lambda: 1 / 0).fault == "ZeroDivisionError: division by zero"


def test_error():
    assert error([2.0, 4.0], [2.0, 5.0]) == 0.2
    assert error([1.0], [0.0]) == 1.0
    assert error([1.0], [0.5], floor=10.0) == 0.05
    assert error(np.zeros(0), np.zeros(0)) == 0


def test_differences_and_complex_steps():
    x = np.array([[0.3, -1.2]])
    exact = np.diag(np.cos(x.ravel()))
    np.testing.assert_allclose(by_differences(np.sin, x, np.eye(2).reshape(2, 1, 2)), exact, atol=1e-11)
    np.testing.assert_allclose(by_complex_step(np.sin, x), exact, rtol=1e-15)
    steep = by_differences(lambda x: np.sin(1e6 * x), np.zeros(1), np.ones((1, 1)), scale=1e-6)
    assert steep[0, 0] == pytest.approx(1e6, rel=1e-10)


def test_a_function_without_second_derivative_is_checked_to_first_order():
    cube = function(lambda x: x**3, lambda x: np.diag(3 * x**2))
    (found,) = check_functions("", {"cube": Known(cube, np.array([0.5]))}).findings
    assert list(found.errors) == ["J, differences"]


@pytest.mark.parametrize("command", ["explain", "check"])
def test_help_does_not_load_numpy(command):
    program = (
        "import sys; from dxent.cli.main import run; run(sys.argv[1:]); sys.exit('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, command, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"Usage: dxent {command}" in done.stdout
