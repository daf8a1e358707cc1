"""The command's memory does not grow with its files: 48 MB at most, at any size."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.validating import chats

SCRIPT = """
import sys
from pathlib import Path
from harness.cli import main
code = main(sys.argv[1:])
peak = [line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line]
Path("peak").write_text(f"{int(peak[0].split()[1]) // 1024} {code}")
"""


def peak(folder: Path, *arguments: str) -> tuple[int, int]:
    """The most memory the command had, in MB, and its exit code."""
    command = [sys.executable, "-c", SCRIPT, "data", "chats.jsonl", *arguments]
    (folder / "peak").unlink(missing_ok=True)
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    most, code = map(int, (folder / "peak").read_text().split())
    return most, code


@pytest.fixture(scope="module")
def chatty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with chats.jsonl of 40 MB: twice of what the command may grow by."""
    folder = tmp_path_factory.mktemp("chatty")
    chats.write(folder / "chats.jsonl", 40_000_000, bad=0)
    return folder


@pytest.mark.parametrize(
    "arguments", [("--check",), ("--to", "out"), ("--to", "drawn", "--sample", "500")]
)
def test_of_a_file_of_40_mb(chatty: Path, arguments: tuple[str, ...]) -> None:
    """Looked at, written through, sampled from."""
    most, code = peak(chatty, *arguments)

    assert code == 0
    assert most <= 48


def test_of_many_short_rows(tmp_path: Path) -> None:
    """Two hundred thousand, of which each leaves its mark."""
    said = '{"prompt":"%d","messages":[{"role":"user","content":"%d"},%s]}\n'
    answer = '{"role":"assistant","content":"Yes."}'
    rows = (said % (number, number, answer) for number in range(200_000))
    (tmp_path / "chats.jsonl").write_text("".join(rows))

    most, code = peak(tmp_path, "--check")

    assert code == 0
    assert most <= 48


def test_of_a_line_of_64_mb(tmp_path: Path) -> None:
    """It is refused, and never held."""
    chats.write(tmp_path / "chats.jsonl", 1_000_000, bad=0)
    with (tmp_path / "chats.jsonl").open("ab") as file:
        file.write(b'{"messages":[{"role":"user","content":"' + b"x" * 64_000_000)

    most, code = peak(tmp_path, "--check")

    assert code == 1
    assert most <= 48


def test_of_a_file_that_is_all_wrong(tmp_path: Path) -> None:
    """Thirty thousand problems are counted, twenty are kept."""
    (tmp_path / "chats.jsonl").write_bytes(b'{"a":1\n' * 30_000)

    most, code = peak(tmp_path, "--check")

    assert code == 1
    assert most <= 48
