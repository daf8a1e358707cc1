"""A small process beside each run: when the run dies with its ledger open, it deletes.

Started before the first create, in a session of its own, so that neither Ctrl-C nor a closed
terminal reaches it. It waits on a pipe and on the run's process itself, imports nothing but a
little of the standard library while it waits (10 MB), and then calls `sweep`. It is started as a
plain file, `python -I -S watchdog.py FOLDER PID SECONDS`, and ends itself in any case. A run that
is still there after so many seconds (0: no matter) hangs: it is killed, then cleaned up. It kills
its own parent and nobody else; what more has to end is left to `harness.processes`.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATIENCE = "600"  # seconds for one thing, given to sweep
_DONE = b"done"


def main(folder: str, pid: int, seconds: float = 0.0) -> int:
    """Wait for the end of the run whose folder that is; clean up unless it said `done`."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if _wait(pid, seconds) == _DONE:
        return 0
    _leave_mark(folder)
    _say(f"the run (pid {pid}) ended without closing its ledger")
    code = _sweep(folder)
    _stop_twin(folder)
    _say(f"done, {'nothing is left' if code == 0 else 'something is left: see above'}")
    return code


def _leave_mark(folder: str) -> None:
    """For others to see; a disk that is full or read-only must not keep anything from its end."""
    try:
        with open(os.path.join(folder, "watchdog.acted"), "w", encoding="utf-8"):
            pass
    except OSError as error:
        _say(f"no mark can be left in {folder}: {error.strerror}")


def _wait(pid: int, seconds: float) -> bytes:
    """What the run said last: `done`, or nothing when it died."""
    process = _handle(pid)
    if os.getppid() == pid:  # our parent is the run; once that has ended, its number proves nothing
        _await_end(pid, process, seconds)
    readable = select.select([0], [], [], 0)[0]
    return os.read(0, len(_DONE)) if readable else b""


def _await_end(pid: int, process: int | None, seconds: float) -> None:
    """Until the run says something or ends, or is killed because its time is over."""
    poll = select.poll()
    poll.register(0, select.POLLIN | select.POLLHUP)
    if process is not None:  # a forked child of the run may hold the pipe open; this is exact
        poll.register(process, select.POLLIN)
    if not poll.poll(seconds * 1000 or None) and process is not None:
        _say(f"the run (pid {pid}) is still there after {seconds / 60:.1f} minutes; ending it")
        signal.pidfd_send_signal(process, signal.SIGKILL)
        poll.poll()


def _handle(pid: int) -> int | None:
    """A handle that becomes readable when the process ends, where the system has such handles."""
    try:
        return os.pidfd_open(pid) if pid > 1 and hasattr(os, "pidfd_open") else None
    except OSError:  # ended already
        return None


def _sweep(folder: str) -> int:
    ledger = os.path.join(folder, "ledger.jsonl")
    if not os.path.exists(ledger):
        _say("nothing had been created")
        return 0
    return _run("harness", "sweep", ledger, "--patience", PATIENCE)


def _stop_twin(folder: str) -> None:
    """End the twin that was started for this run alone; nobody else will."""
    file = os.path.join(folder, "twin", "pid")
    if os.path.exists(file) and _run("harness.processes", file) == 0:
        _say("stopped the twin of this run")


def _run(module: str, *arguments: str) -> int:
    """The exit code of a module of ours."""
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode


def _say(text: str) -> None:
    with suppress(OSError):  # a disk that is full: what has to be deleted is deleted all the same
        os.write(1, f"{time.strftime('%H:%M:%S')} watchdog: {text}\n".encode())  # unbuffered


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
