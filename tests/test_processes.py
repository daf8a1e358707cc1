"""Who is signalled: the process that is meant, and never whoever has its number by now."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.processes import (
    Child,
    Identity,
    end_group,
    identify,
    is_running,
    read,
    send_signal,
    signal_group,
    signal_group_of,
    write,
)

ROOT = Path(__file__).parents[1]
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
ORPHAN = (  # leads a group, leaves a process there, prints its number into a file and ends
    "import os, sys, time; os.getpid() == os.getpgrp() or os.setpgrp()\n"
    "if pid := os.fork(): open(sys.argv[1], 'w').write(str(pid)); os._exit(0)\n"
    "time.sleep(60)"
)
NEVER = "1"  # ticks after the machine's start at which none of ours has started


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a group and a session of its own."""
    process = subprocess.Popen(SLEEP, start_new_session=True)
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize(
    "text", ["0 1", "1 1", "-1 1", "0", "-1", "", "\n", "twin", "1 2 3", "12345", "x 1", "\0 \0"]
)
def test_what_names_no_process_of_ours_is_nobody(tmp_path: Path, text: str) -> None:
    """A file with 0, 1, a negative number, half a line or garbage leads to nobody."""
    file = tmp_path / "pid"
    file.write_text(text)

    assert read(file) is None
    assert read(tmp_path / "absent") is None
    assert not send_signal(read(file), signal.SIGTERM)
    assert not signal_group(read(file), signal.SIGTERM)


def test_no_handle_is_made_of_a_number_that_means_many() -> None:
    """0 and negative numbers would signal groups, or all there are."""
    for pid in (1, 0, -1):
        with pytest.raises(ValueError, match="is not the number of"):
            Identity(pid, NEVER)
        with pytest.raises(ValueError, match="is not the number of"):
            Child(pid)
        assert identify(pid) is None


def test_a_process_is_found_again_by_what_was_written(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    """Number and start lead to it while it runs, and to nobody once it has ended."""
    write(tmp_path / "pid", sleeper.pid)
    process = read(tmp_path / "pid")

    assert process is not None
    assert is_running(process)
    assert send_signal(process, signal.SIGTERM)
    assert sleeper.wait(10) == -signal.SIGTERM
    assert not is_running(process)
    assert not send_signal(process, signal.SIGTERM)
    assert not signal_group(process, signal.SIGTERM)


def test_who_has_got_the_number_since_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    """The same number with another start is another process: no signal reaches it."""
    other = Identity(sleeper.pid, NEVER)

    assert not is_running(other)
    assert not send_signal(other, signal.SIGKILL)
    assert not signal_group(other, signal.SIGKILL)
    assert not end_group(other)
    with pytest.raises(subprocess.TimeoutExpired):
        sleeper.wait(0.2)


def test_a_process_that_was_not_there_is_not_written_down(tmp_path: Path) -> None:
    """Nor does the file of another one stay."""
    ended = subprocess.Popen(SLEEP)
    ended.kill()
    ended.wait()
    (tmp_path / "pid").write_text("12345 1")

    write(tmp_path / "pid", ended.pid)

    assert not (tmp_path / "pid").exists()


def test_a_child_that_was_waited_for_is_not_signalled() -> None:
    """Its number is free from then on."""
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    child = Child(pid)

    assert child.wait() == 7
    assert child.poll() == 7
    child.send_signal(signal.SIGKILL)  # would raise ProcessLookupError, or hit somebody else
    child.signal_group(signal.SIGKILL)


def test_a_child_that_runs_is_signalled(sleeper: subprocess.Popen[bytes]) -> None:
    """Alone while it has no group, with its group when it has."""
    plain = subprocess.Popen(SLEEP)  # in the group of this process, which must not be signalled

    signal_group_of(plain, signal.SIGTERM)
    signal_group_of(sleeper, signal.SIGTERM)

    assert (plain.wait(10), sleeper.wait(10)) == (-signal.SIGTERM, -signal.SIGTERM)
    signal_group_of(plain, signal.SIGTERM)


def left_behind(tmp_path: Path, *, session: bool) -> tuple[Identity, Identity]:
    """The leader of a group, which has ended, and the process that it left there."""
    file = tmp_path / "left"
    leader = subprocess.Popen([sys.executable, "-c", ORPHAN, str(file)], start_new_session=session)
    known = identify(leader.pid)
    assert leader.wait(10) == 0
    process = identify(int(file.read_text()))
    assert known is not None
    assert process is not None
    return known, process


def test_what_a_leader_left_is_signalled(tmp_path: Path) -> None:
    """The workers of a master that crashed go with its group."""
    leader, worker = left_behind(tmp_path, session=False)

    assert signal_group(leader, signal.SIGKILL)

    until = time.monotonic() + 10
    while is_running(worker):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_group_of_another_session_is_not_ours(tmp_path: Path) -> None:
    """A group that got the number of a leader long gone is left alone."""
    leader, stranger = left_behind(tmp_path, session=True)

    try:
        assert not signal_group(leader, signal.SIGKILL)
        assert is_running(stranger)
    finally:
        send_signal(stranger, signal.SIGKILL)


def test_the_command_ends_the_group_that_is_written_down(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    """And says by its exit code when there was nobody to end."""
    command = [sys.executable, "-m", "harness.processes", str(tmp_path / "pid")]
    (tmp_path / "pid").write_text(f"{sleeper.pid} {NEVER}\n")
    stranger = subprocess.run(command, cwd=ROOT, check=False)
    alive = sleeper.poll() is None
    write(tmp_path / "pid", sleeper.pid)

    ours = subprocess.run(command, cwd=ROOT, check=False)

    assert (stranger.returncode, alive) == (1, True)
    assert (ours.returncode, sleeper.wait(10)) == (0, -signal.SIGTERM)


BY_NUMBER = {"kill", "killpg", "pidfd_send_signal"}
MAY_SIGNAL = {
    "harness/processes.py": "the one place",
    "harness/janitor/watchdog.py": "runs without our modules, and kills its parent by a handle",
}


def test_nothing_else_signals_by_number() -> None:
    """os.kill and its like stand in one module; elsewhere a process may only end itself."""
    offences = [
        f"{file.relative_to(ROOT)}:{call.lineno}"
        for file in sorted((ROOT / "harness").rglob("*.py"))
        if file.relative_to(ROOT).as_posix() not in MAY_SIGNAL
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and _signals_by_number(call)
    ]

    assert offences == []


def _signals_by_number(call: ast.Call) -> bool:
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr not in BY_NUMBER:
        return False
    if not isinstance(function.value, ast.Name) or function.value.id not in ("os", "signal"):
        return False  # a method of a handle
    return not call.args or ast.unparse(call.args[0]) != "os.getpid()"
