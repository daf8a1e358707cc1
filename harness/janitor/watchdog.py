"""A small process beside each run: when the run dies with its ledger open, it deletes.

Started before the first create, in a session of its own, so that neither Ctrl-C nor a closed
terminal reaches it. It waits on a pipe and on the run's process itself, imports nothing but a
little of the standard library while it waits (10 MB), and then calls `sweep`. It is started as a
plain file, `python -I -S watchdog.py FOLDER PID SECONDS`, and ends itself in any case. A run that
is still there after so many seconds (0: no matter) hangs: it is killed, then cleaned up.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time

PATIENCE = "600"  # seconds for one thing, given to sweep
_DONE = b"done"
_STOP_SECONDS = 10.0  # that a twin nobody needs any more gets to end


def main(folder: str, pid: int, seconds: float = 0.0) -> int:
    """Wait for the end of the run whose folder that is; clean up unless it said `done`."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if _wait(pid, seconds) == _DONE:
        return 0
    _say(f"the run (pid {pid}) ended without closing its ledger")
    code = _sweep(folder)
    _stop_twin(folder)
    _say(f"done, {'nothing is left' if code == 0 else 'something is left: see above'}")
    return code


def _wait(pid: int, seconds: float) -> bytes:
    """What the run said last: `done`, or nothing when it died."""
    poll = select.poll()
    poll.register(0, select.POLLIN | select.POLLHUP)
    process = _handle(pid)
    if process is not None:  # a forked child of the run may hold the pipe open; this is exact
        poll.register(process, select.POLLIN)
    if not poll.poll(seconds * 1000 or None) and process is not None:
        _say(f"the run (pid {pid}) is still there after {seconds / 60:.1f} minutes; ending it")
        signal.pidfd_send_signal(process, signal.SIGKILL)
        poll.poll()
    readable = select.select([0], [], [], 0)[0]
    return os.read(0, len(_DONE)) if readable else b""


def _handle(pid: int) -> int | None:
    """A handle that becomes readable when the process ends, where the system has such handles."""
    try:
        return os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    except OSError:  # ended already: then the pipe says so as well
        return None


def _sweep(folder: str) -> int:
    ledger = os.path.join(folder, "ledger.jsonl")
    if not os.path.exists(ledger):
        _say("nothing had been created")
        return 0
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    command = [sys.executable, "-m", "harness", "sweep", ledger, "--patience", PATIENCE]
    return subprocess.run(command, cwd=root, stdin=subprocess.DEVNULL, check=False).returncode


def _stop_twin(folder: str) -> None:
    """End the twin that was started for this run alone; nobody else will."""
    try:
        with open(os.path.join(folder, "twin", "pid"), encoding="utf-8") as file:
            pid = int(file.read())
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            if os.path.join(folder, "twin").encode() not in file.read():
                return  # the number has been given to another process
    except (OSError, ValueError):
        return
    for number, seconds in ((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, 1.0)):
        try:
            os.killpg(pid, number)
        except OSError:
            return
        if _ended(pid, seconds):
            _say(f"stopped the twin of this run (pid {pid})")
            return


def _ended(pid: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def _say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} watchdog: {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
