"""Signals to processes, and the proof that the right one is meant: a number alone is no proof.

The system gives the number of an ended process to another one. So a process is signalled through
a handle of its parent, who alone can free the number, or as an `Identity`: its number and the
moment it started, written down together. Nothing else in `harness/` signals by number, apart from
a process that ends itself and the watchdog (tests/test_processes.py asserts it).

`python -m harness.processes FILE` ends the process group whose leader is written down in FILE.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

UNKNOWN_END = 255  # exit code of a child that nobody can tell of; no success
_LOOK = 0.01  # seconds between looks at a process that is to end
_TERM_SECONDS, _KILL_SECONDS = 10.0, 1.0  # that a process group has to end


@dataclass(frozen=True)
class Identity:
    """One process for all time: its number, and when it started (text to compare, no more)."""

    pid: int
    started: str

    def __post_init__(self) -> None:
        if self.pid <= 1:  # 0 and negative numbers are groups, 1 is the system's own process
            raise ValueError(f"{self.pid} is not the number of a process of ours")


class Child:
    """A forked process of this one, which alone waits for it: until then its number is its own."""

    def __init__(self, pid: int) -> None:
        if pid <= 1:
            raise ValueError(f"{pid} is not the number of a child process")
        self.pid = pid
        self._code: int | None = None
        self._lock = threading.Lock()  # nobody signals while another thread frees the number

    def poll(self) -> int | None:
        """Its exit code, negative for a signal, or None while it runs."""
        with self._lock:
            return self._poll()

    def wait(self) -> int:
        """The same once it has ended."""
        while (code := self.poll()) is None:
            time.sleep(_LOOK)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Signal it; nothing once it has ended."""
        with self._lock:
            if self._poll() is None:
                os.kill(self.pid, number)

    def signal_group(self, number: signal.Signals) -> None:
        """Signal the group that it leads, or it alone while it has not made one."""
        with self._lock:
            if self._poll() is None:
                _signal_led(self.pid, number)

    def _poll(self) -> int | None:
        if self._code is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                self._code = os.waitstatus_to_exitcode(status) if pid else None
            except ChildProcessError:  # somebody else has waited: how it ended is lost
                self._code = UNKNOWN_END
        return self._code


def identify(pid: int | None) -> Identity | None:
    """The process that has this number now; None when there is none, or it cannot be ours."""
    if pid is None or pid <= 1 or not (state := _state(pid)):
        return None
    return Identity(pid, state[0])


def write(file: Path, pid: int) -> None:
    """Write down which process that is; no file where the system does not tell."""
    if process := identify(pid):
        file.write_text(f"{process.pid} {process.started}\n", encoding="utf-8")
    else:
        file.unlink(missing_ok=True)


def read(file: Path) -> Identity | None:
    """Who was written down; None when that is nobody, or nothing that makes sense."""
    try:
        pid, started = file.read_text(encoding="utf-8").split()
        return Identity(int(pid), started)
    except (OSError, ValueError):
        return None


def is_running(process: Identity | None) -> bool:
    """Whether that very process still runs."""
    state = _state(process.pid) if process else None
    return bool(process and state and state == (process.started, True))


def send_signal(process: Identity | None, number: signal.Signals) -> bool:
    """Signal that process and no other; whether it was there."""
    if process is None:
        return False
    handle = _open(process.pid)
    try:
        if not is_running(process):  # looked at while the handle holds on to whoever it is
            return False
        if handle is None:
            os.kill(process.pid, number)
        else:
            signal.pidfd_send_signal(handle, number)
    except (ProcessLookupError, PermissionError):  # ended a moment ago, or another user's
        return False
    finally:
        if handle is not None:
            os.close(handle)
    return True


def signal_group(leader: Identity | None, number: signal.Signals) -> bool:
    """Signal the group that this process leads or, once it is gone, those it has left there.

    Whether anybody was there. A process that has got the leader's number since is not signalled.
    """
    if leader is None:
        return False
    state = _state(leader.pid)
    if state is None:
        return sum(send_signal(process, number) for process in _orphans_of(leader)) > 0
    if state[0] != leader.started:
        return False
    with suppress(ProcessLookupError, PermissionError):
        _signal_led(leader.pid, number)
        return True
    return False


def signal_group_of(
    process: subprocess.Popen[Any] | BaseProcess | None, number: signal.Signals
) -> None:
    """Signal the group that a child leads, or it alone while it has not made one."""
    if process is None or not process.pid or process.pid <= 1:
        return
    code = process.exitcode if isinstance(process, BaseProcess) else process.poll()
    if code is None:
        with suppress(ProcessLookupError):
            _signal_led(process.pid, number)


def end_own_group() -> None:
    """Kill the group that this process leads, itself with it; itself alone when it leads none."""
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def end_group(leader: Identity | None) -> bool:
    """Ask the group of that process to end, then kill it; whether the process was there."""
    if not is_running(leader):
        return False
    for number, seconds in ((signal.SIGTERM, _TERM_SECONDS), (signal.SIGKILL, _KILL_SECONDS)):
        signal_group(leader, number)
        until = time.monotonic() + seconds
        while is_running(leader) and time.monotonic() < until:
            time.sleep(_LOOK)
    return True


def main(arguments: Sequence[str]) -> int:
    """End the group of the process that is written down in a file: 0, or 1 if it has ended."""
    return 0 if end_group(read(Path(arguments[0]))) else 1


def _signal_led(pid: int, number: signal.Signals) -> None:
    """The group of a process that is known to be the one that is meant."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):  # it has not made its group yet
        os.kill(pid, number)


def _orphans_of(leader: Identity) -> Iterator[Identity]:
    """Who is in the group of a leader that is gone, and in this process's session.

    Their group keeps its number from being given away; a group of the same number that another
    program has made since is in a session of its own.
    """
    import psutil

    for pid in psutil.pids():
        with suppress(OSError):
            in_it = (os.getpgid(pid), os.getsid(pid)) == (leader.pid, os.getsid(0))
            if in_it and (process := identify(pid)):
                yield process


def _open(pid: int) -> int | None:
    """A handle that stays with the process it was opened for, where the system has such handles."""
    try:
        return os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    except OSError:
        return None


def _state(pid: int) -> tuple[str, bool] | None:
    """When a process started, and whether it has not ended; None when there is none."""
    return _state_in_proc(pid) if os.path.exists("/proc/self/stat") else _state_elsewhere(pid)


def _state_in_proc(pid: int) -> tuple[str, bool] | None:
    """The moment as ticks since the machine started: what psutil tells moves with the clock."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2]
    except OSError:
        return None
    fields = text.decode("ascii").split()
    return fields[19], fields[0] not in "ZX"


def _state_elsewhere(pid: int) -> tuple[str, bool] | None:
    import psutil  # comes with azure-ai-ml, and with the twin

    try:
        process = psutil.Process(pid)
        return repr(process.create_time()), process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
