"""Which rows of a file stand twice, in memory that does not grow with the file.

Each row leaves a hash of 64 bits and its line number in one of 256 buckets; full buckets go to a
temporary file. At the end one bucket after the other is looked through. Two of a million different
rows look the same with a chance of 3 in 100 million.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from typing import IO

BUCKETS = 256
FULL = 1 << 14  # bytes of a bucket in memory: 4 MiB in all
_PAIR = struct.Struct("<qQ")


class Repeated:
    """Add rows, then ask once which stood before."""

    def __init__(self) -> None:
        self._buckets = [bytearray() for _ in range(BUCKETS)]
        self._chunks: list[list[tuple[int, int]]] = [[] for _ in range(BUCKETS)]
        self._file: IO[bytes] | None = None  # made when it is needed

    def add(self, key: int, line: int) -> None:
        """`key` is what `hash` says."""
        bucket = self._buckets[key & 255]
        bucket += _PAIR.pack(key, line)
        if len(bucket) >= FULL:
            self._spill(key & 255)

    def found(self) -> Iterator[tuple[int, int]]:
        """(line, the first line with the same) of each row that stood before; in no order."""
        for at in range(BUCKETS):
            first: dict[int, int] = {}
            for key, line in _PAIR.iter_unpack(self._whole(at)):
                before = first.setdefault(key, line)
                if before != line:
                    yield line, before

    def close(self) -> None:
        """Give the temporary file back."""
        if self._file:
            self._file.close()

    def _spill(self, at: int) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by close()
        self._chunks[at].append((self._file.seek(0, 2), len(self._buckets[at])))
        self._file.write(self._buckets[at])
        self._buckets[at].clear()

    def _whole(self, at: int) -> bytes:
        parts = bytearray()
        for offset, length in self._chunks[at]:
            if self._file:
                self._file.seek(offset)
                parts += self._file.read(length)
        return bytes(parts + self._buckets[at])
