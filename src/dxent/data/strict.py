"""JSON, read so that nothing is guessed: every key once, every number finite, every field of its type."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["checked", "loads"]

_HAS_TYPE: dict[str, Callable[[Any], bool]] = {
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, float),
    "list": lambda value: isinstance(value, list),
    "dict": lambda value: isinstance(value, dict),
    "list of str": lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    "list of int": lambda value: isinstance(value, list) and all(type(item) is int for item in value),
    "dict or null": lambda value: value is None or isinstance(value, dict),
    "list of str or null": lambda value: value is None or _HAS_TYPE["list of str"](value),
}


def loads(text: bytes) -> Any:
    """Parse JSON in UTF-8; refuse NaN, infinities, numbers beyond float64, a repeated key.

    Raises: ValueError, for whatever is wrong
    """
    try:
        return json.loads(
            text.decode("utf-8"),
            parse_float=_finite,
            parse_constant=_finite,
            object_pairs_hook=_each_key_once,
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def checked(content: object, what: str, form: Mapping[str, str]) -> dict[str, Any]:
    """Return a JSON object that has exactly the keys of ``form``, each value of the type named there.

    Raises: ValueError, naming the first key that is missing, unknown or of another type
    """
    if not isinstance(content, dict):
        raise ValueError(f"its {what} is not an object")
    for key in content:
        if key not in form:
            raise ValueError(f"its {what} has the unknown key {key!r}")
    for key, kind in form.items():
        if key not in content:
            raise ValueError(f"its {what} lacks {key!r}")
        if not _HAS_TYPE[kind](content[key]):
            raise ValueError(f"{key!r} in its {what} is not of type {kind}")
    return content


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"it has {text}, which is no finite number")
    return number


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("it has a key twice")
    return content
