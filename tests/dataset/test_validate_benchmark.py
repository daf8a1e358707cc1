"""What the benchmark of validation rests on: one file for all, and ours accepts no broken one."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from benchmarks.validating import chats
from benchmarks.validating.engines import ENGINES
from harness.dataset.prepare import checked
from harness.dataset.rules import Wanted
from harness.dataset.sources import local


@pytest.mark.parametrize("engine", ["ours", "json", "pyarrow", "pandas"])
def test_an_engine_finds_the_rows_that_are_broken(engine: str, tmp_path: Path) -> None:
    """As many rows and bad rows as were written; about one percent comes out."""
    rows = chats.write(tmp_path / "chats.jsonl", 2_000_000)

    found = ENGINES[engine](tmp_path / "chats.jsonl", tmp_path / "out.jsonl")

    assert found == (rows, chats.BAD)
    assert (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("engine", ["json", "pyarrow", "pandas", "pandas-chunks", "datasets"])
def test_rivals_find_a_row_that_stands_twice(engine: str, tmp_path: Path) -> None:
    """Their work is ours: a row said again under another id, and an id with other words."""
    path = tmp_path / "chats.jsonl"
    rows = list(islice(chats.lines(), 40))
    name = rows[7].partition(b'"prompt_id":"')[2][:64]
    rows[20] = rows[7].replace(name, b"f" * 64)
    rows[30] = rows[30].replace(rows[30].partition(b'"prompt_id":"')[2][:64], name)
    path.write_bytes(b"".join(rows))

    assert ENGINES[engine](path, tmp_path / "out.jsonl") == (40, 2)


def test_the_chats_have_the_size_of_ultrachat(tmp_path: Path) -> None:
    """5 to 7 KB a row, every row good but those broken on purpose, no two alike."""
    rows = chats.write(tmp_path / "chats.jsonl", 3_000_000, bad=0)

    told = checked(local(tmp_path / "chats.jsonl")[0], Wanted())

    assert told.refused == {}
    assert 5_000 < told.bytes / rows < 7_000


def test_ours_accepts_nothing_that_is_broken(tmp_path: Path) -> None:
    """Each planted file is refused, the one without a fault is not."""
    accepted = [
        name
        for name, path in chats.planted(tmp_path).items()
        if not checked(local(path)[0], Wanted()).refused
    ]

    assert accepted == ["nothing"]
