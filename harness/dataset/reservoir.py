"""A seeded sample in one pass, and the recipe's first percent."""

from __future__ import annotations

import math
import random
import tempfile
from array import array
from collections.abc import Iterator
from typing import IO


def share(rows: int, percent: int) -> int:
    """How many rows `split[0%:percent%]` has: `datasets` rounds to the closest, halves to even."""
    return round(percent * rows / 100.0)


class Reservoir:
    """`size` of all rows that pass by, each with the same chance, in the order they came.

    Rows that are drawn go to a temporary file, in memory stay 24 bytes for each of `size`: where
    it begins there, how long it is, and which it was. Algorithm L (Li, 1994) draws how many rows
    to let pass, so that those cost nothing.
    """

    def __init__(self, size: int, seed: int) -> None:
        self._size, self._draw = size, random.Random(seed)
        self._offsets, self._lengths, self._which = array("Q"), array("Q"), array("Q")
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed by close()
        self._end = self._passed = 0
        self._weight = 1.0
        self._next = 0  # the row that is drawn next, from 1, once it is full

    def add(self, line: bytes) -> None:
        """One more row."""
        self._passed += 1
        if self._passed <= self._size:
            self._append(line)
            if self._passed == self._size:
                self._next = self._size
                self._skip()
        elif self._passed == self._next:
            self._replace(self._draw.randrange(self._size), line)
            self._skip()

    def rows(self) -> Iterator[bytes]:
        """The sample in the order of the file."""
        for at in sorted(range(len(self._which)), key=self._which.__getitem__):
            self._file.seek(self._offsets[at])
            yield self._file.read(self._lengths[at])

    def close(self) -> None:
        """Give the temporary file back."""
        self._file.close()

    def _append(self, line: bytes) -> None:
        self._offsets.append(self._end)
        self._lengths.append(len(line))
        self._which.append(self._passed)
        self._write(line)

    def _replace(self, at: int, line: bytes) -> None:
        self._offsets[at], self._lengths[at] = self._end, len(line)
        self._which[at] = self._passed
        self._write(line)

    def _write(self, line: bytes) -> None:
        self._file.seek(self._end)
        self._file.write(line)
        self._end += len(line)

    def _skip(self) -> None:
        """Algorithm L: the weight shrinks, and with it the gap to the next drawn row grows."""
        self._weight *= math.exp(math.log(1 - self._draw.random()) / self._size)
        let_pass = math.log(1 - self._draw.random()) / math.log1p(-self._weight)
        self._next += 1 + int(let_pass)
