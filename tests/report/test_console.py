"""The text of a report."""

import json

import numpy as np
import pytest

from dxent.report.as_json import fit_json
from dxent.report.console import fit_text, interrupted_sentence, printable, proof_sentence
from dxent.report.content import DataSummary, FitReport, HeldOut, Proof
from dxent.report.metrics import Scores


def report(**changes):
    parts = {
        "data": DataSummary(
            "flowers", "kind", 150, {"numeric": 3, "text": 1}, 9, {"a": 100, "b": 50}, ("'x' is odd",)
        ),
        "fitted_rows": 112,
        "C": 1.0,
        "iterations": 7,
        "seconds": 0.125,
        "kernels": "native",
        "held_out": HeldOut(
            38,
            Scores(0.97, 0.96, 0.125, 0.05, 0.95, 0.99),
            Scores(0.01, 0.02, 0.03, 0.04, 0.05, 0.06),
            Scores(0.5, 0.5, 0.6931, 0.25, 0.3333, 0.5),
        ),
        "proof": Proof(0.25, True, 3.1e-13, ""),
    }
    return FitReport(**{**parts, **changes})


def test_the_whole_text():
    assert fit_text(report()) == (
        "Read flowers: 150 rows, target 'kind' with 2 classes\n"
        "  'a' 100, 'b' 50\n"
        "  columns: 3 numeric, 1 text; as features: 9\n"
        "  Note: 'x' is odd.\n"
        "\n"
        "Fitted 112 rows with C = 1: 7 iterations, 0.12 s, native kernels\n"
        "\n"
        "Held out: 38 rows           model           majority baseline\n"
        "  accuracy                 0.9700 ± 0.0100             0.5000\n"
        "  balanced accuracy        0.9600 ± 0.0200             0.5000\n"
        "  log-loss, nats           0.1250 ± 0.0300             0.6931\n"
        "  Brier score              0.0500 ± 0.0400             0.2500\n"
        "  macro F1                 0.9500 ± 0.0500             0.3333\n"
        "  AUC                      0.9900 ± 0.0600             0.5000\n"
        "\n"
        "Proved: the objective 0.25 (mean loss plus penalty, in nats) is within 4e-13 (relative) of the best "
        "possible."
    )


def test_many_classes_are_counted_not_listed():
    data = DataSummary(
        "letters", "letter", 260, {"numeric": 16}, 16, {chr(97 + place): 10 for place in range(26)}
    )
    text = fit_text(report(data=data, held_out=None, iterations=1))
    assert "'h' 10, and 18 more\n" in text
    assert "1 iteration," in text
    assert "Held out" not in text


@pytest.mark.parametrize(
    ("gap", "shown"),
    [(0.0, "0e+00"), (1e-12, "1e-12"), (1.01e-12, "2e-12"), (9.5e-9, "1e-08"), (3e-320, "3e-320")],
)
def test_a_bound_is_rounded_upwards(gap, shown):
    assert f"within {shown} " in proof_sentence(Proof(0.25, True, gap, ""))


def test_a_reason_instead_of_a_proof():
    assert proof_sentence(Proof(0.1, False, np.inf, "It is late.")) == "Not proved optimal. It is late."


def test_row_91_how_far_an_interrupted_fit_got():
    assert interrupted_sentence(Proof(0.25, False, 3e-4, "The fit was interrupted.")) == (
        "stopped; the objective 0.25 (mean loss plus penalty, in nats) is within 3e-04 (relative) of the "
        "best possible"
    )
    assert "nothing proved" in interrupted_sentence(Proof(0.25, False, np.inf, "The fit was interrupted."))


@pytest.mark.parametrize(
    ("kernels", "seconds", "advised"), [("NumPy", 11, True), ("NumPy", 1, False), ("native", 11, False)]
)
def test_a_slow_fit_without_compiled_kernels_says_so(kernels, seconds, advised):
    text = fit_text(report(kernels=kernels, seconds=seconds))
    assert f"s, {kernels} kernels" in text
    assert ("C++ compiler" in text) is advised


def test_row_88_control_characters_are_shown_not_obeyed():
    assert printable("a\x1b[31m\x07\u202e\x9b\r\nb\u00e9 \u4e2d") == (
        "a\\x1b[31m\\x07\\u202e\\x9b\\r\nb\u00e9 \u4e2d"
    )


def test_where_the_model_is():
    assert fit_text(report(model="m.dxent")).endswith("\nThe model is in m.dxent; dxent predict uses it.")


def test_the_report_as_json():
    content = json.loads(fit_json(report(proof=Proof(0.25, False, np.inf, "It is late."))))
    assert content["data"]["class_counts"] == [{"label": "a", "rows": 100}, {"label": "b", "rows": 50}]
    assert content["held_out"]["model"]["log_loss"] == 0.125
    assert content["proof"]["relative_gap"] is None
