"""The pytest plugin that ends a run at one point: `-p harness.crash.strike`.

HARNESS_STRIKE names the point, HARNESS_EXCHANGES a file that gets the name of every exchange, and
HARNESS_WITHOUT what is to be missing (`watchdog`, `ledger`), to prove that leaks would be found.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.crash.points import Point, parse
from harness.wire.operations import name_of

if TYPE_CHECKING:
    from requests import PreparedRequest, Response


class CrashError(Exception):
    """What the run meets at a point of kind `exception`."""


class Striker:
    """Counts exchanges, polls in a row once, and strikes at the point. For several threads."""

    def __init__(self, point: Point | None, seen: Path | None) -> None:
        self._point, self._seen = point, seen
        self._counts: Counter[str] = Counter()
        self._last: tuple[str, str] | None = None
        self._lock = threading.Lock()
        self._struck = False

    def here(self, request: PreparedRequest) -> bool:
        """Whether this exchange is the point's, which it is once."""
        name = name_of(str(request.method), str(request.url)) or "undeclared"
        with self._lock:
            if self._last != (name, urlsplit(str(request.url)).path):
                self._counts[name] += 1
                self._last = (name, urlsplit(str(request.url)).path)
                self._note(name)
            point = self._point
            if (
                self._struck
                or not point
                or (name, self._counts[name]) != (point.operation, point.n)
            ):
                return False
            self._struck = True
            return True

    def strike(self) -> None:
        """End the run. Returns never, or raises what the run is to meet."""
        assert self._point is not None  # noqa: S101  # only called where it struck
        self._note("struck")
        match self._point.how:
            case "kill" | "worker":
                os.kill(os.getpid(), signal.SIGKILL)
            case "term":
                os.kill(os.getpid(), signal.SIGTERM)
                signal.pause()
            case "lost":
                from requests.exceptions import ConnectionError as Lost

                raise Lost("the answer was lost: a point of the crash campaign")
        raise CrashError(str(self._point))

    def _note(self, word: str) -> None:
        if self._seen:
            with self._seen.open("a", encoding="utf-8") as file:
                file.write(f"{word}\n")


def pytest_configure(config: Any) -> None:
    """Stand between the harness and the network, below everything that observes."""
    from requests.adapters import HTTPAdapter

    spec, seen = os.environ.get("HARNESS_STRIKE"), os.environ.get("HARNESS_EXCHANGES")
    point = parse(spec) if spec else None
    striker = Striker(point, Path(seen) if seen else None)
    send = HTTPAdapter.send

    def striking(adapter: HTTPAdapter, request: PreparedRequest, **arguments: Any) -> Response:
        here = striker.here(request)
        if here and point and point.when == "before":
            striker.strike()
        answer = send(adapter, request, **arguments)
        if here:
            striker.strike()
        return answer

    setattr(HTTPAdapter, "send", striking)  # noqa: B010
    if point:  # a run that nobody ends is whole
        _leave_out(os.environ.get("HARNESS_WITHOUT", ""))


def _leave_out(what: str) -> None:
    """Take a part of the promise away."""
    from harness.janitor import ledger, watch

    if what == "watchdog":
        setattr(watch, "_start", lambda folder, pipe: None)  # noqa: B010
    if what == "ledger":
        setattr(ledger.Ledger, "expect", lambda *arguments: None)  # noqa: B010
