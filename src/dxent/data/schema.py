"""The schema of a table: learned from the training rows, used on these and on any later ones."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Self, final

import numpy as np
from numpy.typing import NDArray

from dxent.data.categories import Categorical
from dxent.data.columns import Boolean, Column, DateTime, Numeric
from dxent.data.readers import unknown_column
from dxent.data.sparse import Sparse
from dxent.data.strict import checked
from dxent.data.table import TableError
from dxent.data.words import Text

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Schema"]

_KINDS: dict[str, type[Numeric | Boolean | DateTime | Categorical | Text | Sparse]] = {
    "numeric": Numeric,
    "boolean": Boolean,
    "date-time": DateTime,
    "categorical": Categorical,
    "text": Text,
    "sparse": Sparse,
}
_KIND_OF = {cls: kind for kind, cls in _KINDS.items()}


@final
@dataclass(frozen=True)
class Schema:
    """Which columns a model uses, and how each becomes features.

    ``constant`` names the columns that had one value in all training rows, and so are not used.
    """

    target: str
    columns: tuple[Column, ...]
    constant: tuple[str, ...]

    @classmethod
    def learn(
        cls, columns: pa.Table, target: str, *, drop: Collection[str] = (), text: Collection[str] = ()
    ) -> Self:
        """Learn from training rows, without the columns ``drop``, counting words in the columns ``text``.

        Raises: TableError, one sentence, for a column that cannot be used, or a name that there is not
        """
        for name in (*drop, *text):
            if name not in columns.column_names:
                raise TableError(f"there is {unknown_column(name, columns.column_names)}")
        learned: list[Column] = []
        constant: list[str] = []
        for name in columns.column_names:
            if name in drop:
                continue
            if name not in text and _is_constant(columns[name]):
                constant.append(name)
            else:
                learned.append(_learn(name, columns[name], name in text))
        if not learned:
            raise TableError("no column has more than one value: there is nothing to tell the rows apart by")
        return cls(target, tuple(learned), tuple(constant))

    @property
    def features(self) -> tuple[str, ...]:
        """The name of each feature, in the order of the matrix's columns."""
        return tuple(feature for column in self.columns for feature in column.features)

    @property
    def scaled(self) -> NDArray[np.bool_]:
        """Which features have a unit (features,)."""
        return np.array([scaled for column in self.columns for scaled in column.scaled])

    def kinds(self) -> dict[str, str]:
        """Return the kind of each column by name."""
        return {column.name: _KIND_OF[type(column)] for column in self.columns}  # type: ignore[index]

    def encode(self, columns: pa.Table) -> Any:
        """Return the matrix (rows, features) of a table that has the columns, in any order.

        It is a C-ordered array, or a SciPy CSR matrix if words are counted or features are sparse.

        Raises: TableError, naming the columns that are missing, or the row and column of a cell that is not
        of the column's kind
        """
        names = columns.column_names
        lacking = [repr(column.name) for column in self.columns if column.name not in names]
        if lacking:
            raise TableError(
                f"there is no column {', '.join(lacking)}: the model needs "
                f"{'it' if len(lacking) == 1 else 'them'}"
            )
        twice = [repr(column.name) for column in self.columns if names.count(column.name) > 1]
        if twice:
            raise TableError(f"more than one column is named {', '.join(twice)}: rename or drop them")
        parts = [column.encode(columns[column.name]) for column in self.columns]
        if all(isinstance(part, np.ndarray) for part in parts):
            return np.hstack(parts)
        from scipy.sparse import csr_matrix, hstack

        return csr_matrix(hstack(parts, format="csr"))

    def to_json(self) -> dict[str, Any]:
        """Return the schema as dictionaries, lists, text and numbers."""
        columns = [{"kind": _KIND_OF[type(column)], **asdict(column)} for column in self.columns]  # type: ignore
        return {"target": self.target, "columns": columns, "constant": list(self.constant)}

    @classmethod
    def from_json(cls, content: object) -> Self:
        """Return the schema that `to_json` wrote.

        Raises: ValueError, naming what is missing, unknown or of the wrong type
        """
        schema = checked(content, "schema", {"target": "str", "columns": "list", "constant": "list of str"})
        return cls(schema["target"], tuple(map(_from_json, schema["columns"])), tuple(schema["constant"]))


def _learn(name: str, column: pa.ChunkedArray, is_text: bool) -> Column:
    """Learn a column of the kind that its type, or the user, says."""
    from pyarrow import types

    kind = column.type.value_type if types.is_dictionary(column.type) else column.type
    if is_text:
        return Text.learn(name, column)
    if types.is_boolean(kind):
        return Boolean.learn(name, column)
    if types.is_timestamp(kind) or types.is_date(kind):
        return DateTime.learn(name, column)
    if types.is_dictionary(column.type) or _is_string(kind):
        return Categorical.learn(name, column)
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return Numeric.learn(name, column)
    if types.is_map(kind):
        return Sparse.learn(name, column)
    raise TableError(f"column {name!r} holds {kind}, which cannot be used: leave it out (--drop {name!r})")


def _is_string(kind: pa.DataType) -> bool:
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind)) or str(kind) == "string_view"


def _is_constant(column: pa.ChunkedArray) -> bool:
    """Tell whether all cells are the same, or all are missing."""
    import pyarrow as pa

    try:
        return len(column.unique()) == 1
    except pa.ArrowNotImplementedError:
        return False


def _from_json(content: object) -> Column:
    """Return the column that is described, its fields of their types."""
    kind = content.get("kind") if isinstance(content, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"its schema has a column of the unknown kind {kind!r}")
    form = {field.name: _FIELD_TYPES[str(field.type)] for field in fields(_KINDS[kind])}
    values = checked(content, f"{kind} column", {"kind": "str", **form})
    column: Callable[..., Column] = _KINDS[kind]
    learned = {name: tuple(values[name]) if isinstance(values[name], list) else values[name] for name in form}
    return column(**learned)


_FIELD_TYPES = {
    "str": "str",
    "bool": "bool",
    "float": "float",
    "tuple[str, ...]": "list of str",
    "tuple[int, ...]": "list of int",
}
