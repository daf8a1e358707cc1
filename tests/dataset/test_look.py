"""What may not be looked at is not what is not there, and only a full disk wants room."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cli import main
from harness.dataset.keep import helping
from tests.dataset.test_place import ROWS

NOBODY = 65534


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where one is, as somebody whom rights bind: root is nobody for as long as this lasts."""
    monkeypatch.chdir(tmp_path)
    for folder in ("lock", "shut", "open"):
        (tmp_path / folder).mkdir()
    (tmp_path / "lock" / "good.jsonl").write_text(ROWS)
    (tmp_path / "open" / "good.jsonl").write_text(ROWS)
    (tmp_path / "afile").write_text("")
    tmp_path.chmod(0o777)
    (tmp_path / "lock").chmod(0)
    (tmp_path / "shut").chmod(0o555)
    assert main(["data", "open", "--to", "out"]) == 0  # what is imported late, root alone may read
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    yield tmp_path
    if root:
        os.seteuid(0)
    (tmp_path / "lock").chmod(0o755)
    (tmp_path / "shut").chmod(0o755)


@pytest.mark.parametrize("source", ["lock/good.jsonl", "lock/chats", "lock"])
@pytest.mark.parametrize("todo", [["--check"], ["--to", "out"]])
def test_a_closed_folder_is_said(
    here: Path, capsys: pytest.CaptureFixture[str], source: str, todo: list[str]
) -> None:
    """Neither a traceback nor "there is none": nobody could look."""
    assert main(["data", source, *todo]) == 1

    assert f"{source} cannot be read: Permission denied. Next: ls -ld " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("to", "words", "hint"),
    [
        ("shut", "Permission denied", "see who may write to shut (ls -ld shut)"),
        ("shut/in", "Permission denied", "see who may write to shut (ls -ld shut)"),
        ("lock", "cannot be read: Permission denied", "ls -ld lock lock/data.json"),
        ("afile", "File exists", "ls -l afile (it is no folder)"),
        ("afile/in", "Not a directory", "ls -l afile (it is no folder)"),
        ("/proc/x", "No such file or directory", "see what /proc is"),
    ],
)
def test_why_nothing_can_be_written_there(
    here: Path, capsys: pytest.CaptureFixture[str], to: str, words: str, hint: str
) -> None:
    """What is really wrong, and nothing about room."""
    assert main(["data", "open", "--to", to]) == 1

    said = capsys.readouterr().err
    assert words in said
    assert f"Next: {hint}" in said
    assert "make room" not in said


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_wants_room(tmp_path: Path, number: int) -> None:
    """Or a quota."""
    assert helping(OSError(number, "full"), tmp_path).startswith("make room (df -h ")


@pytest.mark.parametrize("name", ["chats.jsonl", "chats.parquet", "chats-00000-of-00001.parquet"])
def test_a_pipe_is_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Nobody waits for its other end; by itself, and in a folder."""
    os.mkfifo(tmp_path / name)

    for source in (tmp_path / name, tmp_path):
        assert main(["data", str(source), "--check"]) == 1
        assert f"{name} is a pipe" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["chats.jsonl", "chats.parquet"])
def test_a_link_that_leads_nowhere_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """By itself there is none of that name, and in a folder it cannot be read."""
    (tmp_path / name).symlink_to("nowhere")

    for source, words in ((tmp_path / name, "there is no"), (tmp_path, "cannot be read")):
        assert main(["data", str(source), "--check"]) == 1
        assert words in capsys.readouterr().err
