"""Nobody's own file is written over: not the source, not a file that was there, not a change."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import main
from harness.dataset.place import announce, hash_of
from harness.dataset.prepare import prepared
from harness.dataset.rules import Wanted
from harness.dataset.sources import Take, local
from harness.errors import RefusedError

ROW = '{"messages":[{"role":"user","content":"%d"},{"role":"assistant","content":"yes"}]}\n'
ROWS = "".join(ROW % number for number in range(20))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where one is: a folder with good.jsonl."""
    (tmp_path / "good.jsonl").write_text(ROWS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def everything(folder: Path) -> dict[str, bytes]:
    """All files, by name, as they are."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def linked(here: Path) -> None:
    """out is this folder by another name."""
    (here / "out").symlink_to(".")


def file_linked(here: Path) -> None:
    """out/good.jsonl is the source by another name."""
    (here / "out").mkdir()
    (here / "out" / "good.jsonl").symlink_to("../good.jsonl")


def nothing(here: Path) -> None:
    """Only the source is there."""


@pytest.mark.parametrize(
    ("arrange", "arguments"),
    [
        (nothing, ["good.jsonl", "--to", ".", "--sample", "12"]),
        (nothing, [".", "--to", ".", "--first", "11"]),
        (nothing, ["good.jsonl", "--to", "../{here}"]),
        (linked, ["good.jsonl", "--to", "out", "--first", "11"]),
        (file_linked, ["good.jsonl", "--to", "out", "--first", "11"]),
    ],
)
def test_a_source_is_never_written_over(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    arrange: Callable[[Path], None],
    arguments: list[str],
) -> None:
    """Whatever its folder is called; nothing is written."""
    arrange(here)
    before = everything(here)

    code = main(["data", *(word.format(here=here.name) for word in arguments)])

    said = capsys.readouterr().err
    assert code == 1
    assert "good.jsonl itself, which is read" in said
    assert "Next: name another folder" in said
    assert everything(here) == before


@pytest.mark.parametrize("there", ["good.jsonl", "data.json"])
def test_a_file_that_this_did_not_write_is_not_replaced(
    here: Path, capsys: pytest.CaptureFixture[str], there: str
) -> None:
    """Neither under the name of a split nor of the record; other splits are not begun either."""
    (here / "a.jsonl").write_text(ROWS)
    (here / "o").mkdir()
    (here / "o" / there).write_text('{"mine": 1}\n')
    before = everything(here)

    assert main(["data", ".", "--to", "o"]) == 1

    assert f"mv -n o/{there} o/{there}.mine" in capsys.readouterr().err
    assert everything(here) == before


def test_a_file_changed_by_hand_is_not_replaced(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was ours once, and somebody's work is in it now; the same again does not undo it."""
    assert main(["data", "good.jsonl", "--to", "o"]) == 0
    (here / "o" / "good.jsonl").write_text(ROWS + ROW % 99)
    before = everything(here)

    assert main(["data", "good.jsonl", "--to", "o"]) == 1
    assert main(["data", "good.jsonl", "--to", "o", "--first", "11"]) == 1

    assert "was changed since data.json was written" in capsys.readouterr().err
    assert everything(here) == before


def test_a_file_of_ours_is_replaced(here: Path) -> None:
    """Another take over it, and after it was deleted."""
    for options in ([], ["--first", "11"], ["--sample", "12"]):
        assert main(["data", "good.jsonl", "--to", "o", *options]) == 0
    (here / "o" / "good.jsonl").unlink()
    assert main(["data", "good.jsonl", "--to", "o", "--sample", "12"]) == 0

    assert len((here / "o" / "good.jsonl").read_text().splitlines()) == 12
    assert set(json.loads((here / "o" / "data.json").read_text())) == {"splits"}


def test_a_kill_before_the_record_leaves_a_file_of_ours(here: Path) -> None:
    """What was announced is known, though the record came to nothing; what came instead is not."""
    file = here / "o" / "good.jsonl"
    file.parent.mkdir()
    file.write_text(ROWS)
    announce(file.parent, "good", hash_of(file))

    assert prepared(local(here)[0], file.parent, Wanted(), Take(rows=11)).rows == 11

    announce(file.parent, "good", "of another")
    file.write_text("mine")
    with pytest.raises(RefusedError, match="would be lost"):
        prepared(local(here)[0], file.parent, Wanted(), Take(rows=12))
    assert os.listdir(file.parent).count("good.jsonl") == 1
