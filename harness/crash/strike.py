"""The pytest plugin that ends a run at one point: `-p harness.crash.strike`.

HARNESS_STRIKE names the point, HARNESS_EXCHANGES a file that gets the name of every exchange, and
HARNESS_WITHOUT what is to be missing (`watchdog`, `ledger`), to prove that leaks would be found.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.crash.ends import end
from harness.crash.points import Point, parse
from harness.wire.operations import name_of

if TYPE_CHECKING:
    from requests import PreparedRequest, Response


_STRIKES = {"twice": 2}  # the second comes at the next exchange, whatever it is


class Striker:
    """Counts exchanges, polls in a row once, and strikes at the point. For several threads."""

    def __init__(self, point: Point | None, seen: Path | None) -> None:
        self._point, self._seen = point, seen
        self._counts: Counter[str] = Counter()
        self._last: tuple[str, str] | None = None
        self._lock = threading.Lock()
        self._strikes = _STRIKES.get(point.how, 1) if point else 0
        self._folder = seen.parent if seen else Path()

    def exchange(self, request: PreparedRequest) -> bool:
        """Whether this exchange is the point's, which it is once."""
        name = name_of(str(request.method), str(request.url)) or "undeclared"
        return self.here(name, urlsplit(str(request.url)).path)

    def here(self, name: str, path: str = "") -> bool:
        """Whether this is the point's place: an exchange, or the beginning of a step."""
        with self._lock:
            if self._last != (name, path):
                self._counts[name] += 1
                self._last = (name, path)
                self._note(name)
            point = self._point
            if not point or not self._strikes:
                return False
            again = self._strikes < _STRIKES.get(point.how, 1)
            if not again and (name, self._counts[name]) != (point.operation, point.n):
                return False
            self._strikes -= 1
            return True

    def strike(self) -> None:
        """End the run. Returns never, raises what the run is to meet, or lets it go on."""
        assert self._point is not None  # noqa: S101  # only called where it struck
        self._note("struck")
        end(self._point, self._folder)

    def _note(self, word: str) -> None:
        if self._seen:
            with self._seen.open("a", encoding="utf-8") as file:
                file.write(f"{word}\n")


def pytest_configure(config: Any) -> None:
    """Stand between the harness and the network, below everything that observes."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        from harness.crash.worker import fork_workers

        return fork_workers()  # xdist's controller asks nobody anything
    spec, seen = os.environ.get("HARNESS_STRIKE"), os.environ.get("HARNESS_EXCHANGES")
    point = parse(spec) if spec else None
    striker = Striker(point, Path(seen) if seen else None)
    config.add_cleanup(_struck(striker, point))
    if point and point.operation.startswith("step."):
        config.add_cleanup(_struck_in_steps(striker))
    if point:  # a run that nobody ends is whole
        _leave_out(os.environ.get("HARNESS_WITHOUT", ""))
    return None


def _struck(striker: Striker, point: Point | None) -> Callable[[], None]:
    """Every exchange of this process meets the striker, until the function that is returned."""
    from requests.adapters import HTTPAdapter

    send = HTTPAdapter.send

    def striking(adapter: HTTPAdapter, request: PreparedRequest, **arguments: Any) -> Response:
        here = striker.exchange(request)
        if here and point and point.when == "before":
            striker.strike()
        answer = send(adapter, request, **arguments)
        if here:
            striker.strike()
        return answer

    setattr(HTTPAdapter, "send", striking)  # noqa: B010  # mypy minds the assignment
    return lambda: setattr(HTTPAdapter, "send", send)


def _struck_in_steps(striker: Striker) -> Callable[[], None]:
    """The same for the beginning of each step, `step.splits`: one of them asks nobody anything."""
    from harness.run import Run

    step = Run.step

    @contextmanager
    def striking(run: Run, n: int, name: str, title: str) -> Iterator[None]:
        with step(run, n, name, title):
            if striker.here(f"step.{name}"):
                striker.strike()
            yield

    setattr(Run, "step", striking)  # noqa: B010  # mypy minds the assignment
    return lambda: setattr(Run, "step", step)


def _leave_out(what: str) -> None:
    """Take a part of the promise away."""
    from harness.janitor import ledger, watch

    if what == "watchdog":
        setattr(watch, "_start", lambda *arguments: None)  # noqa: B010  # mypy minds the assignment
    if what == "ledger":
        setattr(ledger.Ledger, "expect", lambda *arguments, **named: None)  # noqa: B010  # mypy minds the assignment
