"""Rows that stand twice are found, however many there are, in memory that does not grow."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from harness.dataset.repeated import AT_ONCE, Repeated


def test_they_are_found_with_the_first_line() -> None:
    """The second and the third of three name the first."""
    repeated = Repeated()
    repeated.add([5, 7, 5, 9, 5], 1)

    assert sorted(repeated.found()) == [(3, 1), (5, 1)]


@pytest.mark.parametrize("full", [1 << 10, 1 << 19])
def test_nothing_is_lost_on_the_way_through_the_disk(full: int) -> None:
    """With a hundred times of what stays in memory, or looked at part by part, all are found."""
    draw, repeated = random.Random(1), Repeated(full)
    keys = [draw.getrandbits(64) for _ in range(AT_ONCE)]
    for line, key in enumerate(keys + keys[:1000], start=1):
        repeated.add([key], line)

    found = sorted(repeated.found())
    repeated.close()

    assert found == [(len(keys) + n, n) for n in range(1, 1001)]


def test_many_rows_fit_in_little_memory(tmp_path: Path) -> None:
    """8 MB of hashes and numbers, a growth of less than 5 MB."""
    script = (
        "import resource; from harness.dataset.repeated import Repeated\n"
        "top = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "repeated = Repeated(1 << 15); before = top()\n"
        "for line in range(500_000): repeated.add([line * 2654435761 % 2**61], line)\n"
        "assert not list(repeated.found()); \n"
        f"open({str(tmp_path / 'growth')!r}, 'w').write(str(top() - before))"
    )

    subprocess.run([sys.executable, "-c", script], check=True)

    assert int((tmp_path / "growth").read_text()) < 5 << 10
