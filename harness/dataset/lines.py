"""A file line by line, in memory that depends on neither its size nor its longest line."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

BUFFER = 1 << 17  # bytes; larger ones leave the cache
BLOCK = 96 << 10  # bytes; from 128 KiB on malloc asks the kernel for the memory, every time


@contextmanager
def opened(path: Path, say: Callable[[int], object], buffer: int = BUFFER) -> Iterator[BinaryIO]:
    """A file to read from; `say` hears how many bytes came, buffer by buffer."""
    with path.open("rb", buffering=0) as raw, io.BufferedReader(_Told(raw, say), buffer) as stream:
        yield stream


def lines(stream: BinaryIO, longest: int) -> Iterator[bytes]:
    """All lines with their ends.

    Of a line over `longest` bytes come `longest` + 1, so that whoever looks sees that it is too
    long, and nobody has to hold it.
    """
    read, most = stream.readline, longest + 1
    while line := read(most):
        yield line
        if len(line) == most and line[-1:] != b"\n":
            while (rest := read(most)) and rest[-1:] != b"\n":
                pass


def blocks(lines: Iterable[bytes], size: int = BLOCK) -> Iterator[list[bytes]]:
    """Lines in lists of about `size` bytes."""
    block, room = [], size
    for line in lines:
        block.append(line)
        room -= len(line)
        if room <= 0:
            yield block
            block, room = [], size
    if block:
        yield block


def first(rows: Iterable[bytes], count: int) -> Iterator[bytes]:
    """The lines up to the row of that number; a blank line is no row."""
    for line in rows:
        if count <= 0:
            return
        yield line
        count -= not line.isspace()


def rows_in(path: Path, say: Callable[[int], object]) -> int:
    """How many lines are not blank: what `datasets` counts as rows."""
    with opened(path, say) as stream:
        return sum(not line.isspace() for line in lines(stream, BUFFER))


class _Told(io.RawIOBase):
    """A raw file that tells what was read from it."""

    def __init__(self, raw: io.RawIOBase, say: Callable[[int], object]) -> None:
        self._raw, self._say = raw, say

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int | None:  # type: ignore[override]  # any buffer
        got: int | None = self._raw.readinto(buffer)
        self._say(got or 0)
        return got
