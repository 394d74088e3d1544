"""Model files: JSON and raw numbers in one file, written whole, read with suspicion, never run.

    offset  bytes   content
    0       8       "dxent" and three zero bytes
    8       8       length of the JSON, an unsigned little-endian integer
    16      …       the JSON, UTF-8: version, classes, shape, schema, facts
    …       8 r d   weights (r, d), little-endian float64, row by row; r is 1 for two classes, else K
    …       8 r     bias (r,)
    …       32      SHA-256 of all bytes before

The length of the file follows from its first bytes and is checked before anything is allocated.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, final

import numpy as np
from numpy.typing import NDArray

from dxent.data.schema import Schema
from dxent.data.strict import checked, loads
from dxent.data.writing import write_atomically

__all__ = ["ModelFile", "ModelFileError", "read_model", "write_model"]

_MAGIC = b"dxent\0\0\0"
_VERSION = 1
_LONGEST_JSON = 1 << 28
_CHECKSUM = 32
_FORM = {
    "version": "int",
    "classes": "list",
    "class_type": "str",
    "shape": "list of int",
    "features": "list of str or null",
    "schema": "dict or null",
    "facts": "dict",
}
# What labels can be, and the type of their JSON.
_CLASS_TYPES = {
    "str": str,
    "object": str,
    "bool": bool,
    **dict.fromkeys(("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"), int),
    **dict.fromkeys(("float32", "float64"), float),
}


class ModelFileError(ValueError):
    """A file is no model that can be trusted; the message is one sentence."""


@final
@dataclass(frozen=True, eq=False)
class ModelFile:
    """A fitted classifier as plain data.

        logits = X weightsᵀ + bias;  probabilities: softmax(logits), of two classes σ(logit)

    ``weights`` is (classes, features), or for two classes (1, features), of the second; ``classes`` are the
    labels, sorted. ``schema`` turns a table into X; without one, ``features`` may name X's columns.
    ``facts`` says how the model came about: text, numbers and truth values by name.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    classes: NDArray[Any]
    schema: Schema | None = None
    features: tuple[str, ...] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, X: Any) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the place of the likeliest class (rows,) and probabilities (rows, classes).

        They have the bits of the estimator's `predict` and `predict_proba`.
        """
        from dxent.functions import sigmoid, softmax

        logits = np.asarray(X @ self.weights.T + self.bias)
        if len(self.classes) > 2:
            return logits.argmax(axis=1), np.asarray(softmax(logits))
        logit = logits[:, 0]
        return (logit > 0).astype(np.intp), np.stack([sigmoid(-logit), sigmoid(logit)], axis=1)


def write_model(model: ModelFile, path: str | Path, *, overwrite: bool = False) -> None:
    """Write a model to a file, whole or not at all.

    Raises: OSError with a sentence; ValueError for labels that are not text, numbers or truth values
    """
    header = _header(model)
    arrays = [np.ascontiguousarray(array, dtype="<f8").tobytes() for array in (model.weights, model.bias)]
    content = b"".join([_MAGIC, len(header).to_bytes(8, "little"), header, *arrays])

    def write(file: BinaryIO) -> None:
        file.write(content)
        file.write(hashlib.sha256(content).digest())

    write_atomically(path, write, overwrite=overwrite)


def read_model(path: str | Path) -> ModelFile:
    """Read a model from a file.

    Raises: ModelFileError, one sentence, for a file that is not exactly what `write_model` writes
    """
    try:
        with open(path, "rb") as file:
            return _read(file)
    except OSError as refusal:
        raise ModelFileError(f"{str(path)!r} cannot be read: {refusal.strerror}") from refusal
    except ValueError as fault:
        raise ModelFileError(f"{str(path)!r} is not a usable model file: {fault}") from fault


def _read(file: BinaryIO) -> ModelFile:
    size = os.fstat(file.fileno()).st_size
    start = file.read(16)
    if start[:8] != _MAGIC or len(start) < 16:
        raise ValueError("it was not written by dxent (dxent fit -o, dxent.save)")
    length = int.from_bytes(start[8:], "little")
    if length > min(size - 16 - _CHECKSUM, _LONGEST_JSON):
        raise ValueError("it is cut off or damaged")
    text = file.read(length)
    header = loads(text)
    if isinstance(header, dict) and isinstance(header.get("version"), int) and header["version"] > _VERSION:
        raise ValueError(f"its version is {header['version']}, and this dxent reads {_VERSION}: update dxent")
    header = checked(header, "header", _FORM)
    rows, columns = _shape(header)
    if size != 16 + length + 8 * rows * (columns + 1) + _CHECKSUM:
        raise ValueError("it is cut off or damaged")
    numbers, checksum = file.read(8 * rows * (columns + 1)), file.read()
    if hashlib.sha256(b"".join([start, text, numbers])).digest() != checksum:
        raise ValueError("its checksum does not match: it is damaged or was changed")
    return _model(header, np.frombuffer(numbers, dtype="<f8"), rows, columns)


def _header(model: ModelFile) -> bytes:
    kind = "str" if model.classes.dtype.kind == "U" else str(model.classes.dtype)
    classes = model.classes.tolist()
    if kind not in _CLASS_TYPES or any(type(label) is not _CLASS_TYPES[kind] for label in classes):
        raise ValueError(f"labels of type {kind}, such as {classes[0]!r}, cannot be saved")
    content = {
        "version": _VERSION,
        "classes": classes,
        "class_type": kind,
        "shape": list(model.weights.shape),
        "features": None if model.features is None else list(model.features),
        "schema": None if model.schema is None else model.schema.to_json(),
        "facts": dict(model.facts),
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8")


def _shape(header: dict[str, Any]) -> tuple[int, int]:
    shape, classes = header["shape"], len(header["classes"])
    if len(shape) != 2 or min(shape) < 0 or shape[0] != (1 if classes == 2 else classes) or classes < 2:
        raise ValueError(f"weights of shape {shape} do not fit {classes} classes")
    return shape[0], shape[1]


def _model(header: dict[str, Any], numbers: NDArray[np.float64], rows: int, columns: int) -> ModelFile:
    if not np.isfinite(numbers).all():
        raise ValueError("it has coefficients that are not finite")
    schema = None if header["schema"] is None else Schema.from_json(header["schema"])
    features = None if header["features"] is None else tuple(header["features"])
    named = schema.features if schema is not None else features
    if named is not None and len(named) != columns:
        raise ValueError(f"it names {len(named)} features, but has weights for {columns}")
    native = numbers.astype(np.float64)
    return ModelFile(
        weights=native[: rows * columns].reshape(rows, columns),
        bias=native[rows * columns :],
        classes=_classes(header),
        schema=schema,
        features=features,
        facts=header["facts"],
    )


def _classes(header: dict[str, Any]) -> NDArray[Any]:
    kind, classes = header["class_type"], header["classes"]
    if kind not in _CLASS_TYPES or any(type(label) is not _CLASS_TYPES[kind] for label in classes):
        raise ValueError(f"its classes are not of type {kind!r}")
    try:
        labels = np.array(classes, dtype=kind)
    except OverflowError:
        raise ValueError(f"its classes are beyond the type {kind!r}") from None
    if len(set(classes)) < len(classes) or any(isinstance(x, float) and math.isnan(x) for x in classes):
        raise ValueError("it has a class twice")
    return labels
