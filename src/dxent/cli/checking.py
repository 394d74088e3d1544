"""The work behind ``dxent check``: which functions are meant, and where to look at them."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from runpy import run_path
from typing import Any

import click
import numpy as np

from dxent import functions
from dxent.functions import Function
from dxent.report.textbook import Known

__all__ = ["chosen", "known_in"]

SHAPES = ((4,), (3, 4), ())


def chosen(known: Mapping[str, Known], name: str | None) -> Mapping[str, Known]:
    """Return the functions of a name with their variants; all of them without a name."""
    if name is None:
        return known
    found = {subject: one for subject, one in known.items() if subject.partition(",")[0] == name}
    if not found:
        names = {subject.partition(",")[0] for subject in known}
        (nearest,) = get_close_matches(name, sorted(names), n=1, cutoff=0.0)
        raise click.UsageError(f"there is no function {name!r}: did you mean {nearest}?")
    return found


def known_in(path: str) -> dict[str, Known]:
    """Run a file and return its own functions, each with a point."""
    try:
        variables = run_path(path)
    except Exception as failure:
        raise click.UsageError(f"{path!r} cannot be run: {type(failure).__name__}: {failure}") from failure
    ours = {id(value) for value in vars(functions).values()}
    own = {
        name: value
        for name, value in variables.items()
        if isinstance(value, Function) and id(value) not in ours
    }
    if not own:
        raise click.UsageError(
            f"{path!r} has no variable that is a dxent.Function: write one, as in f = Cube()"
        )
    points = variables.get("POINTS", {})
    return {name: Known(f, _point(f, points.get(name))) for name, f in own.items()}


def _point(f: Function, given: Any) -> np.ndarray[Any, Any]:
    """Return the given point, or the first that the function takes; where it takes none, it will say so."""
    if given is not None:
        return np.asarray(given, dtype=np.float64)
    points = [np.linspace(0.15, 0.85, int(np.prod(shape))).reshape(shape) for shape in SHAPES]
    return next((x for x in points if _takes(f, x)), points[0])


def _takes(f: Function, x: np.ndarray[Any, Any]) -> bool:
    try:
        f.linearize(x)
    except Exception:
        return False
    return True
