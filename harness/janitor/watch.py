"""Starting the watchdog, telling it that all is well, and showing others that a run is alive."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.child_environment import watchdog_environment
from harness.janitor.ledger import Ledger
from harness.processes import write

PROGRAM = Path(__file__).with_name("watchdog.py")


@contextmanager
def watched(folder: Path, seconds: float = 0.0) -> Iterator[None]:
    """A watchdog over this process while the block runs, and for no longer than `seconds`.

    A process that is still in the block then hangs, and is killed (0: it may stay for ever).
    It stays on guard when the block ends with something still in the ledger: whatever the reason,
    it then tries again once this process has ended.
    """
    with alive(folder):
        here, there = os.pipe()
        try:
            _start(folder, here, seconds)
        finally:
            os.close(here)
        try:
            yield
        finally:
            if not Ledger(folder / "ledger.jsonl").open_entries():
                with suppress(OSError):  # a watchdog that was killed does not fail the run
                    os.write(there, b"done")
                os.close(there)


@contextmanager
def alive(folder: Path) -> Iterator[None]:
    """A lock that the system takes away when this process ends: `sweep` leaves such runs alone."""
    handle = os.open(folder / "alive", os.O_RDWR | os.O_CREAT, 0o644)
    with suppress(OSError):  # a file system without locks: then sweep cannot tell, as before
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield
    finally:
        os.close(handle)


def is_alive(folder: Path) -> bool:
    """Whether another process is in that run at this moment."""
    try:
        handle = os.open(folder / "alive", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _start(folder: Path, pipe: int, seconds: float) -> None:
    """In a session of its own, with the pipe as its input and a log in the run's folder."""
    command = [sys.executable, "-I", "-S", str(PROGRAM), str(folder), str(os.getpid())]
    command += [str(seconds)]
    with (folder / "watchdog.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=pipe,
            stdout=log,
            stderr=log,
            cwd="/",
            env=watchdog_environment(),
            start_new_session=True,
        )
    write(folder / "watchdog.pid", process.pid)
    process.returncode = 0  # never waited for: it outlives this process, and that is its purpose
