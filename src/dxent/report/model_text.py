"""A model file as plain text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dxent.modelfile import ModelFile

__all__ = ["model_text"]

_SHOWN = 8


def model_text(model: ModelFile, largest: int) -> str:
    """Describe a model: classes, columns, where it came from, and the features of largest coefficients."""
    paragraphs = [_what(model), _facts(model.facts)]
    if largest and model.weights.size:
        paragraphs.append(_coefficients(model, largest))
    return "\n\n".join(paragraphs)


def _what(model: ModelFile) -> str:
    target = "" if model.schema is None else f"{model.schema.target!r}, "
    lines = [f"Predicts {target}one of {len(model.classes)} classes: {_listed(model.classes.tolist())}"]
    if model.schema is None:
        lines.append(f"from arrays of {model.weights.shape[1]} features")
    else:
        lines.append(f"from {len(model.schema.columns)} columns, as {model.weights.shape[1]} features:")
        lines += [f"  {name!r}: {kind}" for name, kind in model.schema.kinds().items()]
    return "\n".join(lines)


def _listed(items: list[Any]) -> str:
    more = len(items) - _SHOWN
    return ", ".join(map(repr, items[:_SHOWN])) + (f" and {more} more" if more > 0 else "")


def _facts(facts: Mapping[str, Any]) -> str:
    """Print the facts one a line, those that are made of facts indented."""
    lines = []
    for name, value in facts.items():
        if isinstance(value, list) and value and isinstance(value[-1], dict):
            name, value = f"{name}, the last of {len(value)}", value[-1]
        if isinstance(value, dict):
            lines += [f"{name}:", *(f"  {key}: {_shown(item)}" for key, item in value.items() if item != "")]
        else:
            lines.append(f"{name}: {_shown(value)}")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    """Return a fact as text; what is not finite is text already, as "float inf"."""
    return str(value).removeprefix("float ")


def _coefficients(model: ModelFile, largest: int) -> str:
    """Print the features whose coefficients reach furthest from zero, in any class."""
    names = model.schema.features if model.schema is not None else model.features
    names = names or tuple(f"feature {place}" for place in range(model.weights.shape[1]))
    reach = np.abs(model.weights).max(axis=0)
    places = np.argsort(-reach, kind="stable")[:largest]
    labels = model.classes.tolist()
    columns = labels[1:] if len(labels) == 2 else labels
    width = max(len(names[place]) for place in places)
    return "\n".join(
        [
            "Largest coefficients, in the units of the data:",
            f"  {'':{width}} {_row(map(str, columns[:_SHOWN]))}",
            *(f"  {names[place]:{width}} {_numbers(model.weights[:_SHOWN, place])}" for place in places),
        ]
    )


def _row(cells: Any) -> str:
    return " ".join(f"{cell:>12.12}" for cell in cells)


def _numbers(values: NDArray[np.float64]) -> str:
    return _row(f"{value:.4g}" for value in values)
