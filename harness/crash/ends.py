"""The ways a run ends, each in a line or two. They happen inside the run, at its point."""

from __future__ import annotations

import os
import resource
import signal
import time
from pathlib import Path

from harness.crash.points import Point
from harness.janitor.ledger import Ledger
from harness.janitor.prices import Prices, adopt, prices
from harness.processes import read, send_signal

MONEY = 100  # dollars that a run may spend which is to meet that limit
_BLOCK = 4 << 20  # bytes; less than the stack of a thread
_BALLAST: list[bytearray] = []  # what fills the memory must not be given back


class CrashError(Exception):
    """What the run meets at a point of kind `exception`."""


def end(point: Point, folder: Path) -> None:
    """End the run whose folders lie in `folder` as the point says, or let it go on hurt."""
    match point.how:
        case "kill" | "worker":
            os.kill(os.getpid(), signal.SIGKILL)
        case "term" | "hangup":
            os.kill(os.getpid(), signal.SIGTERM if point.how == "term" else signal.SIGHUP)
            signal.pause()
        case "interrupt" | "twice":  # heard by the main thread, here or where it waits for us
            os.kill(os.getpid(), signal.SIGINT)
        case "exit":
            os._exit(3)
        case "memory":
            _use_up_memory()
        case "both":
            _kill_watchdog(folder)
            os.kill(os.getpid(), signal.SIGKILL)
        case "watchdog":
            _kill_watchdog(folder)
        case "money":  # the limits are looked at once a second, and end this sleep
            _spend_nearly_all(folder)
            time.sleep(60)
        case "lost":
            from requests.exceptions import ConnectionError as Lost

            raise Lost("the answer was lost: a point of the crash campaign")
        case _:
            raise CrashError(str(point))


def _use_up_memory() -> None:
    """Raises MemoryError, and from now on every request that is not small does; a thread is not."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    now = pages * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now, resource.getrlimit(resource.RLIMIT_AS)[1]))
    while True:
        _BALLAST.append(bytearray(_BLOCK))


def _spend_nearly_all(folder: Path) -> None:
    """Make everything so dear that the run has spent 91 of its hundred dollars."""
    entries = Ledger(next(folder.glob("*/ledger.jsonl"))).entries()
    dearer = 0.91 * MONEY / prices().spent(entries)
    adopt(Prices({size: price * dearer for size, price in prices().hourly.items()}))


def _kill_watchdog(folder: Path) -> None:
    for file in folder.glob("*/watchdog.pid"):
        send_signal(read(file), signal.SIGKILL)
