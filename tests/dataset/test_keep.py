"""All of a file or nothing: after a refusal, Ctrl-C, a kill, a full disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.dataset.keep import kept
from harness.errors import StepError

ROW = b'{"messages":[{"role":"user","content":"%d"},{"role":"assistant","content":"yes"}]}\n'
ROWS = b"".join(ROW % number for number in range(20_000))  # 1.6 MB: more than all buffers hold
COMMAND = [sys.executable, "-m", "harness", "data", "train.jsonl", "--to", "out"]


@contextmanager
def at_work(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command, half way through: it has written, and more of its source does not come."""
    (folder / "train.jsonl").write_bytes(ROWS)
    script = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from harness.dataset import sources; from harness.cli import main; read = sources.lines\n"
        "def lines(*given): yield from read(*given); sys.stdin.read()\n"
        f"sources.lines = lines; sys.exit(main({COMMAND[3:]!r}))"
    )
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", script]
    running = subprocess.Popen(command, cwd=folder, stdin=pipe, stderr=pipe)
    with running:
        until = time.monotonic() + 60
        while not parts(folder) or not parts(folder)[0].stat().st_size:
            assert time.monotonic() < until
            assert running.poll() is None
            time.sleep(0.02)
        yield running


def parts(folder: Path) -> list[Path]:
    """What is half written."""
    return list((folder / "out").glob(".*.part")) if (folder / "out").exists() else []


def test_after_ctrl_c_there_is_nothing(tmp_path: Path) -> None:
    """Exit code 130, a word about it, no file and no part of one."""
    with at_work(tmp_path) as running:
        running.send_signal(signal.SIGINT)
        _, words = running.communicate(timeout=60)

    assert running.returncode == 130, words
    assert b"interrupted" in words
    assert list((tmp_path / "out").iterdir()) == []


def test_what_a_kill_leaves_the_next_run_removes(tmp_path: Path) -> None:
    """No file under its name; the part goes when somebody writes there again."""
    with at_work(tmp_path) as running:
        running.kill()
        running.wait(60)
        assert len(parts(tmp_path)) == 1
        assert not (tmp_path / "out" / "train.jsonl").exists()

    subprocess.run(COMMAND, cwd=tmp_path, check=True, capture_output=True)

    assert parts(tmp_path) == []
    assert (tmp_path / "out" / "train.jsonl").read_bytes() == ROWS


@pytest.mark.parametrize("room", [0, 4096, 1_000_000, len(ROWS) - 1])
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, room: int) -> None:
    """The file of before stays, no part does, and the message says what to do."""
    (tmp_path / "train.jsonl").write_bytes(before := ROWS[: ROWS.index(b"\n", 800_000) + 1])
    subprocess.run(COMMAND, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "train.jsonl").write_bytes(ROWS)
    script = (
        "import resource, sys; from harness.cli import main; "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room})); "
        f"sys.exit(main({COMMAND[3:]!r}))"
    )

    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True)

    assert done.returncode == 1, done.stderr
    assert b"cannot be written" in done.stderr
    assert b"Next: allow files that large (ulimit -f" in done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"train.jsonl", "data.json"}
    assert (tmp_path / "out" / "train.jsonl").read_bytes() == before


def test_a_full_temporary_folder_is_not_the_target(tmp_path: Path) -> None:
    """A sample is drawn in a temporary file; where that is, and not the target, needs room."""
    (tmp_path / "train.jsonl").write_bytes(ROWS)
    room = len(ROWS) * 5 // 8  # of what is drawn there are some 0.85, in the sample 0.5
    arguments = [*COMMAND[3:], "--sample", "10000"]
    script = (
        "import resource, sys; from harness.cli import main; "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room})); "
        f"sys.exit(main({arguments!r}))"
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()

    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert f"a temporary file in {temporary} cannot be used: File too large" in done.stderr
    assert "Next: allow files that large" in done.stderr
    assert "TMPDIR" in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_an_error_inside_is_not_the_files(tmp_path: Path) -> None:
    """Only its own writing is said to have failed."""
    with pytest.raises(ConnectionResetError), kept(tmp_path / "a"):
        raise ConnectionResetError

    assert list(tmp_path.iterdir()) == []


def test_a_refused_file_leaves_what_was_there(tmp_path: Path) -> None:
    """A broken last line is found after everything else is written; nothing of it stays."""
    (tmp_path / "train.jsonl").write_bytes(ROWS + b'{"messages"')

    done = subprocess.run(COMMAND, cwd=tmp_path, capture_output=True)

    assert done.returncode == 1
    assert b"train.jsonl:20001: truncated" in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_the_hash_and_size_are_of_what_is_on_disk(tmp_path: Path) -> None:
    """As sha256sum would say."""
    with kept(tmp_path / "a") as out:
        out.write(b"one\n")
        out.write(b"two\n")

    told = subprocess.run(["sha256sum", "a"], cwd=tmp_path, capture_output=True, text=True)
    assert told.stdout.split()[0] == out.sha256.hexdigest()
    assert out.size == 8


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "out").write_text("")

    with pytest.raises(StepError, match=r"(?s)out.* cannot be written.*Next: "):
        kept(tmp_path / "out" / "a").__enter__()


def test_the_record_holds_what_the_bytes_depend_on(tmp_path: Path) -> None:
    """data.json names rows, bytes, hash, what was taken and from what."""
    (tmp_path / "train.jsonl").write_bytes(ROWS)

    subprocess.run(COMMAND, cwd=tmp_path, check=True, capture_output=True)

    entry = json.loads((tmp_path / "out" / "data.json").read_text())["splits"]["train"]
    assert (entry["rows"], entry["bytes"], entry["taken"]) == (20_000, len(ROWS), "all rows")
    assert entry["asked"]["from"]["files"][0][:2] == ["train.jsonl", len(ROWS)]
