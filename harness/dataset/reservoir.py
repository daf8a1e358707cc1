"""A seeded sample in one pass, and the recipe's first percent."""

from __future__ import annotations

import math
import random
import tempfile
from array import array
from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from typing import IO


def share(rows: int, percent: int) -> int:
    """How many rows `split[0%:percent%]` has: `datasets` rounds to the closest, halves to even."""
    return round(percent * rows / 100.0)


def sampled(lines: Iterable[bytes], size: int, seed: int) -> Generator[bytes]:
    """`size` of all lines, each with the same chance, in the order they came.

    Algorithm L (Li, 1994) draws how many lines to let pass, so that those cost nothing.
    """
    draw, lines = random.Random(seed), iter(lines)
    with _Drawn() as drawn:
        for at, line in enumerate(islice(lines, size)):
            drawn.put(at, line, which=at)
        which, weight = size - 1, 1.0
        while True:  # the weight shrinks, and with it the gap to the next line grows
            weight *= math.exp(math.log(1 - draw.random()) / size)
            gap = int(math.log(1 - draw.random()) / math.log1p(-weight))
            if (late := next(islice(lines, gap, None), None)) is None:
                break
            which += gap + 1
            drawn.put(draw.randrange(size), late, which)
        yield from drawn.lines()


class _Drawn:
    """Lines in a temporary file; in memory stay 24 bytes for each: where, how long, and which."""

    def __init__(self) -> None:
        self._offsets, self._lengths, self._which = array("Q"), array("Q"), array("Q")
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed by __exit__
        self._end = 0

    def __enter__(self) -> _Drawn:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def put(self, at: int, line: bytes, which: int) -> None:
        """A line in place of the one at that place, or as the next."""
        self._offsets[at : at + 1] = array("Q", (self._end,))
        self._lengths[at : at + 1] = array("Q", (len(line),))
        self._which[at : at + 1] = array("Q", (which,))
        self._file.seek(self._end)
        self._file.write(line)
        self._end += len(line)

    def lines(self) -> Iterator[bytes]:
        """All that stayed, in the order of the file."""
        for at in sorted(range(len(self._which)), key=self._which.__getitem__):
            self._file.seek(self._offsets[at])
            yield self._file.read(self._lengths[at])
