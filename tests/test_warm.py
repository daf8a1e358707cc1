"""The warm process: what anybody prints is output, and never an answer or a request."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.warm import WarmRuns, warm_runs

ROOT = Path(__file__).parents[1]
CLEAN = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
NOISE = "0\n1\n-1\n" * 20
LOUD = f"""
import atexit, os, subprocess, sys, threading
NOISE = {NOISE!r}

def shout():
    for number in (1, 2):
        os.write(number, NOISE.encode())
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        stream.write(NOISE)  # left in its buffer

atexit.register(shout)

def pytest_configure(config):
    shout()
    for number in range(3, 64):  # and whatever else is open
        try:
            os.write(number, b"garbage")
        except OSError:
            pass

def pytest_unconfigure(config):
    shout()
    subprocess.run([sys.executable, "-c", "print(0)"], check=True)
"""
BUFFERED = {"PYTHONUNBUFFERED": "", **CLEAN}  # a pipe or a file is block-buffered then


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmRuns]:
    """One in the environment of somebody who has set nothing."""
    with warm_runs(tmp_path_factory.mktemp("warm") / "log", environment=BUFFERED) as runs:
        yield runs


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[list[str]]:
    """Arguments of a run that says when it has begun, and goes on as long as the test."""
    test, begun = tmp_path / "test_slow.py", tmp_path / "begun"
    test.write_text(
        "import time\nfrom pathlib import Path\n"
        f"def test_slow(begun=Path({str(begun)!r})):\n    begun.touch()\n"
        "    until = time.monotonic() + 60\n"
        "    while begun.exists() and time.monotonic() < until: time.sleep(0.01)\n"
    )
    yield [str(test), "--rootdir", str(tmp_path), "-p", "no:cacheprovider"]
    begun.unlink(missing_ok=True)


def await_file(file: Path) -> None:
    """Until it is there."""
    until = time.monotonic() + 30
    while not file.exists():
        assert time.monotonic() < until, f"{file} never came"
        time.sleep(0.01)


@pytest.mark.parametrize("times", [1, 2])
def test_a_loud_run_ends_with_its_own_exit_code(warm: WarmRuns, tmp_path: Path, times: int) -> None:
    """Numbers on every stream and descriptor, buffered or not, at exit or before: all output."""
    (tmp_path / "loud.py").write_text(LOUD)
    (tmp_path / "test_red.py").write_text("def test_red():\n    assert False\n")
    arguments = ["-p", "loud", "-p", "no:cacheprovider", "-q", "--rootdir", str(tmp_path)]
    arguments += ["-o", f"pythonpath={tmp_path}", str(tmp_path / "test_red.py")]

    code = warm.run(arguments, {**BUFFERED, "PYTHONPATH": str(tmp_path)}, tmp_path / "log")

    assert code == pytest.ExitCode.TESTS_FAILED
    assert NOISE in (tmp_path / "log").read_text()
    assert NOISE not in warm.log.read_text()


def test_the_first_replay_is_told_once_and_whole(warm: WarmRuns, tmp_path: Path) -> None:
    """Its last lines are in the log of the warm process, in their order and not again later."""
    assert warm.run(["--version"], BUFFERED, tmp_path / "log") == 0

    log = warm.log.read_text()
    assert log.rstrip().splitlines()[-1].startswith("17 passed")
    assert log.count("All nine steps passed") == 1
    assert (tmp_path / "log").read_text().startswith("pytest ")


def test_a_run_is_signalled_by_its_parent(warm: WarmRuns, slow: list[str], tmp_path: Path) -> None:
    """Ctrl-C and SIGKILL reach the run that goes on, and no run that has ended."""
    warm.send_signal(signal.SIGKILL)  # none goes on
    codes = []
    for number in (signal.SIGINT, signal.SIGKILL):
        warm.start(slow, BUFFERED, tmp_path / "log")
        await_file(tmp_path / "begun")
        assert warm.poll() is None
        warm.send_signal(number)
        codes.append(warm.wait())
        warm.send_signal(signal.SIGKILL)
        (tmp_path / "begun").unlink()

    assert codes == [pytest.ExitCode.INTERRUPTED, -signal.SIGKILL]
    assert warm.run(["--version"], BUFFERED, tmp_path / "log") == 0


def test_a_run_nobody_waits_for_goes_with_the_block(slow: list[str], tmp_path: Path) -> None:
    """And so does the warm process: nothing waits for the minute that the run would take."""
    with warm_runs(tmp_path / "warm.log", environment=BUFFERED) as runs:
        runs.start(slow, BUFFERED, tmp_path / "log")
        await_file(tmp_path / "begun")
        began = time.monotonic()

    assert time.monotonic() - began < 20


def test_the_end_of_the_warm_process_is_noticed_at_once(slow: list[str], tmp_path: Path) -> None:
    """A run that it has forked does not keep its end of the socket open."""
    with warm_runs(tmp_path / "warm.log", environment=BUFFERED) as runs:
        runs.start(slow, BUFFERED, tmp_path / "log")
        await_file(tmp_path / "begun")
        runs._server.kill()

        with pytest.raises(RuntimeError, match="the warm process ended with exit code -9"):
            runs.wait()
        with pytest.raises(RuntimeError, match="the warm process ended with exit code -9"):
            runs.start(slow, BUFFERED, tmp_path / "log")


OUTPUT_TO = """
import os, sys
from pathlib import Path
from harness.warm import _output_to
sys.stdout and sys.stdout.write("before\\n")
with _output_to(Path(sys.argv[1])):
    sys.stdout and sys.stdout.write("inside\\n")
    os.write(1, b"straight\\n")
sys.stdout and sys.stdout.write("after\\n")
"""


def output_to(log: Path, redirect: str) -> tuple[int, str]:
    """Exit code, and what a redirecting process with that stdout has written to its log."""
    command = ["bash", "-c", f'exec "$0" "$@" {redirect}', sys.executable, "-c", OUTPUT_TO]
    done = subprocess.run([*command, str(log)], cwd=ROOT, env=CLEAN, check=False)
    return done.returncode, log.read_text()


def test_what_is_buffered_goes_where_it_belongs(tmp_path: Path) -> None:
    """A block-buffered stdout: before and after the block to stdout, what is inside to the log."""
    out = tmp_path / "out"

    code, log = output_to(tmp_path / "log", f'> "{out}"')

    assert (code, sorted(log.split())) == (0, ["inside", "straight"])
    assert out.read_text().split() == ["before", "after"]


@pytest.mark.parametrize("redirect", [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_closed_stdout_is_no_hindrance(tmp_path: Path, redirect: str) -> None:
    """The log is written all the same, and stdout is closed afterwards as it was before."""
    code, log = output_to(tmp_path / "log", redirect)

    assert (code, log) == (0, "straight\n")


def test_a_second_run_waits_for_the_first(warm: WarmRuns, slow: list[str], tmp_path: Path) -> None:
    """It is refused, and the first one goes on to its own end."""
    warm.start(slow, BUFFERED, tmp_path / "log")

    with pytest.raises(RuntimeError, match="wait for it first"):
        warm.start(slow, BUFFERED, tmp_path / "log")

    await_file(tmp_path / "begun")
    (tmp_path / "begun").unlink()
    assert warm.wait() == 0
