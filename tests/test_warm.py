"""What a run prints is output: nobody takes it for a message about the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from harness.processes import identify, is_running
from harness.warm import WarmRuns, warm_runs

NOISE = """
import atexit, os, sys

def shout():
    for stream in (sys.stdout, sys.stderr):
        stream.write("0\\n1\\n-1\\n('ended', 0)\\n")  # never flushed by us
    for number in (1, 2):
        os.write(number, b"0\\n1\\n17 passed\\n")

atexit.register(shout)

def test_noise():
    shout()
    sys.__stdout__.write("2\\n3\\n")
"""


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmRuns]:
    """A warm process whose stdout is buffered, as it is on a machine that nobody prepared."""
    with warm_runs(tmp_path_factory.mktemp("warm") / "log", environment=buffered()) as runs:
        yield runs


def buffered() -> Mapping[str, str]:
    """This process's environment without what makes Python write at once."""
    return {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}


def command(folder: Path, text: str) -> list[str]:
    """A run of one test file with that text."""
    file = folder / "test_run.py"
    file.write_text(text)
    return [
        str(file),
        "-q",
        "-s",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(folder),
        "-c",
        "/dev/null",
    ]


def test_a_noisy_run_has_its_own_exit_code(warm: WarmRuns, tmp_path: Path) -> None:
    """Numbers on stdout and stderr, at once, buffered and at exit; then one that fails."""
    log = tmp_path / "log"

    assert warm.run(command(tmp_path, NOISE), buffered(), log) == 0
    assert "17 passed" in log.read_text()
    assert warm.run(command(tmp_path, "def test_no(): assert 0"), buffered(), log) == 1
    assert warm.run(command(tmp_path, NOISE), buffered(), log) == 0


def test_what_a_run_prints_is_in_its_log(tmp_path: Path) -> None:
    """All of it, also what Python still holds in a buffer, and none of it where we write."""
    log, output = tmp_path / "log", tmp_path / "output"
    call = f"pytest_here({command(tmp_path, NOISE)!r}, {{}}, Path({str(log)!r}))"
    code = f"import sys; from pathlib import Path; from harness.warm import pytest_here; {call}"
    with output.open("w") as stdout:
        code += "; import os; os._exit(0)"  # without the noise at exit
        subprocess.run([sys.executable, "-c", code], env=buffered(), stdout=stdout, check=True)

    assert log.read_text().splitlines()[-1].startswith("1 passed")
    assert output.read_text() == ""


def test_a_run_is_signalled_by_its_parent(warm: WarmRuns, tmp_path: Path) -> None:
    """SIGTERM ends the one under way; a signal that comes too late reaches nobody."""
    warm.start(command(tmp_path, "import time\ntime.sleep(60)"), buffered(), tmp_path / "log")
    warm.send_signal(signal.SIGTERM)

    assert warm.wait() == -signal.SIGTERM
    warm.send_signal(signal.SIGKILL)
    assert warm.run(command(tmp_path, NOISE), buffered(), tmp_path / "log") == 0


def test_a_run_that_nobody_waits_for_is_ended(tmp_path: Path) -> None:
    """It goes with the block, and what it has started in its session goes along."""
    number, seconds = tmp_path / "pid", 60
    text = (
        "import pathlib, subprocess, time\n"
        f"child = subprocess.Popen(['sleep', '{seconds}'])\n"
        f"pathlib.Path({str(number)!r}).write_text(str(child.pid))\n"
        f"time.sleep({seconds})"
    )
    with warm_runs(tmp_path / "warm", environment=buffered()) as warm:
        warm.start(command(tmp_path, text), buffered(), tmp_path / "log")
        while not (number.exists() and number.read_text()):
            time.sleep(0.02)
        sleeper = identify(int(number.read_text()))
        assert is_running(sleeper)

        begin = time.monotonic()

    while is_running(sleeper):
        time.sleep(0.02)
    assert time.monotonic() - begin < seconds / 2  # it did not end by itself
