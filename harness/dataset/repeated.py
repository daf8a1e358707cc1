"""Which rows of a file stand twice, in memory that does not grow with the file.

Each row leaves a hash of 64 bits and its line number. When there are many they go to a temporary
file, in 256 buckets by their hash; at the end one bucket after the other is looked through. Two of
a million different rows look the same with a chance of 3 in 100 million.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO

BUCKETS = 256
FULL = 1 << 19  # hashes and numbers in memory, 4 MiB: more than a split of ultrachat_200k has
AT_ONCE = 1 << 16  # hashes in a set, 6 MiB: it takes ten times the room


class Repeated:
    """Add rows, then ask once which stood before."""

    def __init__(self, full: int = FULL) -> None:
        self._full = full
        self._pairs = array("Q")  # hash, line, hash, line ...
        self._chunks: list[list[tuple[int, int]]] = [[] for _ in range(BUCKETS)]
        self._file: IO[bytes] | None = None  # made when it is needed

    def add(self, rows: Iterable[tuple[int, int]]) -> None:
        """Some rows: of each its hash of 64 bits, and its line."""
        self._pairs.extend(chain.from_iterable(rows))
        if len(self._pairs) >= self._full:
            self._spill()

    def found(self) -> Iterator[tuple[int, int]]:
        """(line, the first line with the same) of each row that stood before; in no order."""
        if self._file is None:
            yield from _twice(self._pairs)
            return
        self._spill()
        for chunks in self._chunks:
            yield from _twice(self._read(chunks))

    def close(self) -> None:
        """Give the temporary file back."""
        if self._file:
            self._file.close()

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by close()
        buckets = [array("Q") for _ in range(BUCKETS)]
        for key, line in zip(self._pairs[::2], self._pairs[1::2], strict=True):
            buckets[key & 255].extend((key, line))
        del self._pairs[:]
        for chunks, bucket in zip(self._chunks, buckets, strict=True):
            chunks.append((self._file.seek(0, 2), len(bucket)))
            bucket.tofile(self._file)

    def _read(self, chunks: list[tuple[int, int]]) -> array[int]:
        pairs = array("Q")
        for offset, length in chunks:
            if self._file:
                self._file.seek(offset)
                pairs.fromfile(self._file, length)
        return pairs


def _twice(pairs: array[int]) -> Iterator[tuple[int, int]]:
    """Those whose hash is there before; mostly there are none."""
    keys = pairs[::2]
    parts = 1 + len(keys) // AT_ONCE
    for part in range(parts):
        before: set[int] = set()
        add = before.add  # gives None
        some = keys if parts == 1 else (key for key in keys if (key >> 8) % parts == part)
        again = {key for key in some if key in before or add(key)}
        if again:
            yield from _named(pairs, again)


def _named(pairs: array[int], again: set[int]) -> Iterator[tuple[int, int]]:
    first: dict[int, int] = {}
    for key, line in zip(pairs[::2], pairs[1::2], strict=True):
        if key in again and (before := first.setdefault(key, line)) != line:
            yield line, before
