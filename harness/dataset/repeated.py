"""Which rows of a file stand twice, in memory that does not grow with the file.

Each row leaves a hash of 64 bits and its line number. When there are many they go to a temporary
file, in 256 buckets by their hash; at the end one bucket after the other is looked through. Two of
a million different rows look the same with a chance of 3 in 100 million.
"""

from __future__ import annotations

import tempfile
from array import array
from collections import Counter
from collections.abc import Iterator
from typing import IO

BUCKETS = 256
FULL = 1 << 18  # rows in memory, 4 MiB: more than a split of ultrachat_200k has
AT_ONCE = 1 << 16  # hashes in a set, 6 MiB: it takes ten times the room


class Repeated:
    """Add rows, then ask once which stood before."""

    def __init__(self, full: int = FULL) -> None:
        self._full = full
        self._keys, self._lines = array("Q"), array("Q")
        self._chunks: list[list[tuple[int, int]]] = [[] for _ in range(BUCKETS)]
        self._file: IO[bytes] | None = None  # made when it is needed

    def add(self, keys: list[int], line: int) -> None:
        """Rows one after the other, from that line on: of each its hash of 64 bits."""
        self._keys.fromlist(keys)
        self._lines.extend(range(line, line + len(keys)))
        if len(self._keys) >= self._full:
            self._spill()

    def found(self) -> Iterator[tuple[int, int]]:
        """(line, the first line with the same) of each row that stood before; in no order."""
        if self._file is None:
            yield from _twice(self._keys, self._lines)
            return
        self._spill()
        for chunks in self._chunks:
            pairs = self._read(chunks)
            yield from _twice(pairs[::2], pairs[1::2])

    def close(self) -> None:
        """Give the temporary file back."""
        if self._file:
            self._file.close()

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by close()
        buckets = [array("Q") for _ in range(BUCKETS)]
        for key, line in zip(self._keys, self._lines, strict=True):
            buckets[key & 255].extend((key, line))
        del self._keys[:], self._lines[:]
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


def _twice(keys: array[int], lines: array[int]) -> Iterator[tuple[int, int]]:
    """Those whose hash is there before; mostly there are none."""
    parts = 1 + len(keys) // AT_ONCE
    for part in range(parts):
        some = keys if parts == 1 else [key for key in keys if (key >> 8) % parts == part]
        if len(set(some)) < len(some):
            again = {key for key, times in Counter(some).items() if times > 1}
            yield from _named(keys, lines, again)


def _named(keys: array[int], lines: array[int], again: set[int]) -> Iterator[tuple[int, int]]:
    first: dict[int, int] = {}
    for key, line in zip(keys, lines, strict=True):
        if key in again and (before := first.setdefault(key, line)) != line:
            yield line, before
