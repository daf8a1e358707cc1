"""The watchdog alone: a run that hangs is ended when its time is over."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from harness.janitor.watch import PROGRAM, watched
from harness.limits import ceiling
from harness.plan import Limits


def test_a_run_that_hangs_is_killed_when_its_time_is_over(tmp_path: Path) -> None:
    """Nothing it does itself is needed: not a signal handler, not a free thread, not memory."""
    program = [sys.executable, "-I", "-S", str(PROGRAM), str(tmp_path)]
    code = (
        "import os, subprocess, time\n"
        f"subprocess.Popen([*{program!r}, str(os.getpid()), '0.5'])\n"
        "time.sleep(60)"
    )
    here, there = os.pipe()  # the run's end stays open: it has said nothing and has not ended
    log = tmp_path / "log"
    began = time.monotonic()

    with log.open("w") as output:
        run = subprocess.Popen([sys.executable, "-c", code], stdin=here, stdout=output)

    assert run.wait(30) == -9
    assert time.monotonic() - began < 20
    while "nothing is left" not in log.read_text():
        assert time.monotonic() - began < 30
        time.sleep(0.02)
    os.close(here)
    os.close(there)
    assert f"the run (pid {run.pid}) is still there after 0.0 minutes; ending it" in log.read_text()


def test_a_process_that_is_not_its_parent_is_never_killed(tmp_path: Path) -> None:
    """The number of a run that has ended may be anybody's by now."""
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    command = [sys.executable, "-I", "-S", str(PROGRAM), str(tmp_path), str(stranger.pid), "0.5"]
    here, there = os.pipe()
    try:
        subprocess.run(command, stdin=here, stdout=subprocess.DEVNULL, check=True, timeout=30)
        assert stranger.poll() is None
    finally:
        os.close(here)
        os.close(there)
        stranger.kill()
        stranger.wait()


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
