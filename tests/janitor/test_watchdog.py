"""The watchdog alone: a run that hangs is ended when its time is over, its twin with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.janitor.watch import PROGRAM, watched
from harness.limits import ceiling
from harness.plan import Limits
from harness.processes import is_running, read, write

ROOT = Path(__file__).parents[2]


HANGING = (
    "import sys, time; from pathlib import Path; from harness.janitor.watch import watched\n"
    "with watched(Path(sys.argv[1]), 0.5): time.sleep(60)"
)
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process of somebody else."""
    process = subprocess.Popen(SLEEP, start_new_session=True)
    yield process
    process.kill()
    process.wait()


def watchdog(folder: Path, pid: int, seconds: float = 0) -> str:
    """What a watchdog says that is started when the run of that number has ended already."""
    command = [sys.executable, "-I", "-S", str(PROGRAM), str(folder), str(pid), str(seconds)]
    here, there = os.pipe()  # a child of the run holds this end open: it has not said anything
    try:
        done = subprocess.run(
            command, stdin=here, capture_output=True, text=True, start_new_session=True, timeout=60
        )
    finally:
        os.close(here)
        os.close(there)
    return done.stdout


def test_a_run_that_hangs_is_killed_when_its_time_is_over(tmp_path: Path) -> None:
    """Nothing it does itself is needed: not a signal handler, not a free thread, not memory."""
    began = time.monotonic()
    run = subprocess.Popen([sys.executable, "-c", HANGING, str(tmp_path)], cwd=ROOT)

    code = run.wait(30)

    process = read(tmp_path / "watchdog.pid")
    while is_running(process):
        assert time.monotonic() - began < 30
        time.sleep(0.02)
    log = (tmp_path / "watchdog.log").read_text()
    assert code == -9
    assert time.monotonic() - began < 20
    assert f"the run (pid {run.pid}) is still there after 0.0 minutes; ending it" in log
    assert "nothing is left" in log


def test_who_has_the_number_of_the_run_is_not_killed(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    """The run is the watchdog's parent; any other process of that number is not it."""
    said = watchdog(tmp_path, stranger.pid, 0.2)

    assert "ending it" not in said
    assert "nothing is left" in said
    assert stranger.poll() is None


def test_it_ends_the_twin_of_its_run(tmp_path: Path, stranger: subprocess.Popen[bytes]) -> None:
    """The one that was written down with the moment it started, with its group."""
    (tmp_path / "twin").mkdir()
    write(tmp_path / "twin" / "pid", stranger.pid)

    said = watchdog(tmp_path, os.getpid() + 1)

    assert stranger.wait(10) == -signal.SIGTERM
    assert "stopped the twin of this run" in said


@pytest.mark.parametrize("start", ["", " 1", " twin"])
def test_it_ends_nobody_else(tmp_path: Path, stranger: subprocess.Popen[bytes], start: str) -> None:
    """A number without the moment, or with another one, is not the twin's any more."""
    (tmp_path / "twin").mkdir()
    (tmp_path / "twin" / "pid").write_text(f"{stranger.pid}{start}\n")

    said = watchdog(tmp_path, os.getpid() + 1)

    assert stranger.poll() is None
    assert "stopped" not in said


def test_the_time_of_a_run_is_its_limit_and_one_patience() -> None:
    """A run that has a limit in minutes, and only such a one."""
    assert ceiling(Limits(minutes=2, patience_seconds=30)) == 150
    assert ceiling(Limits(minutes=0)) == 0


def test_a_run_hardly_waits_for_it(tmp_path: Path) -> None:
    """To have it started takes a run less than 0.3 s (the best of three: others use the machine).

    What it needs of memory is looked at in tests/scenarios/test_killed.py.
    """
    seconds = []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        began = time.monotonic()
        with watched(folder):
            seconds.append(time.monotonic() - began)

    assert min(seconds) < 0.3


def test_a_disk_that_takes_nothing_keeps_it_from_nothing(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    """Neither its mark nor its log can be written: the twin is stopped all the same."""
    (tmp_path / "watchdog.acted").mkdir()  # no file of that name can be made
    (tmp_path / "twin").mkdir()
    write(tmp_path / "twin" / "pid", stranger.pid)
    command = [sys.executable, "-I", "-S", str(PROGRAM), str(tmp_path), str(os.getpid() + 1), "0"]

    with open("/dev/full", "w") as full:
        code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=full, timeout=60).returncode

    assert code == 0
    assert stranger.wait(10) == -signal.SIGTERM
