"""Columns of free text: how often each word occurs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, final

import numpy as np

from dxent.data.cells import as_texts
from dxent.data.columns import Column
from dxent.data.table import TableError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Text"]

MOST_WORDS = 20_000
_FEWEST_ROWS = 2  # a word of one row alone can only be learned by heart
_WORD = re.compile(r"\b\w\w+\b")


@final
@dataclass(frozen=True)
class Text(Column):
    """Free text as the number of times that each known word occurs in it.

    A word is two or more letters, digits or underscores in a row, in lower case. Known are the words of at
    least two training rows; of more than 20 000, those in the most rows. Missing text has no words.
    """

    name: str
    words: tuple[str, ...]

    @classmethod
    def learn(cls, name: str, column: pa.ChunkedArray) -> Self:
        """Learn the words of the training rows.

        Raises: TableError if no two rows share a word
        """
        rows = Counter(word for words in _words(name, column) for word in set(words))
        ranked = sorted((-count, word) for word, count in rows.items() if count >= _FEWEST_ROWS)
        if not ranked:
            raise TableError(f"column {name!r}: no two rows share a word: leave it out (--drop {name!r})")
        return cls(name, tuple(sorted(word for _, word in ranked[:MOST_WORDS])))

    @property
    def features(self) -> tuple[str, ...]:
        """``name: word`` for each word."""
        return tuple(f"{self.name}: {word}" for word in self.words)

    @property
    def scaled(self) -> tuple[bool, ...]:
        """A count has no unit."""
        return (False,) * len(self.words)

    def encode(self, column: pa.ChunkedArray) -> Any:
        """Return the counts as a SciPy CSR matrix."""
        from scipy.sparse import csr_matrix

        place = {word: index for index, word in enumerate(self.words)}
        counts: list[int] = []
        indices: list[int] = []
        ends = [0]
        for words in _words(self.name, column):
            known = sorted(Counter(place[word] for word in words if word in place).items())
            indices += [index for index, _ in known]
            counts += [count for _, count in known]
            ends.append(len(indices))
        data = np.array(counts, dtype=np.float64)
        return csr_matrix((data, np.array(indices, np.int32), np.array(ends)), (len(ends) - 1, len(place)))


def _words(name: str, column: pa.ChunkedArray) -> Iterator[list[str]]:
    """Yield the words of each row."""
    for text in as_texts(name, column).to_pylist():
        yield _WORD.findall(text.lower()) if text else []
