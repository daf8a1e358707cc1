"""Where a run can be ended: which exchange, before or after it, and how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.errors import HarnessError

WHENS = ("before", "after")  # it is sent; it was done, and nobody has seen the answer
HOWS = ("kill", "worker", "term", "exception", "lost")  # at every exchange
ENDS = {  # at those that are named; the others show nothing new there
    "exit": "os._exit in the middle of a test",
    "hangup": "the terminal is closed",
    "interrupt": "Ctrl-C",
    "twice": "Ctrl-C, and again at the next exchange, in the middle of cleaning up",
    "memory": "no memory is left, for cleaning up hardly any",
    "first": "an exception, under pytest -x",
    "maxfail": "an exception, under pytest --maxfail=1",
    "money": "nine tenths of limits.money_usd are spent",
    "both": "SIGKILL of the watchdog and of pytest",
    "watchdog": "SIGKILL of the watchdog alone; the run goes on",
}
_NEXT = "Next: python -m harness.crash --only endpoint.create#1:after:kill"


@dataclass(frozen=True)
class Point:
    """The n-th time that an operation is asked, polls in a row counted once.

    `fresh` points lie where a job really runs; at the others it is one that has completed.
    """

    operation: str
    n: int
    when: str
    how: str
    fresh: bool = False

    def __str__(self) -> str:
        return f"{self.operation}#{self.n}:{self.when}:{self.how}{':running' if self.fresh else ''}"


def parse(text: str) -> Point:
    """The point that `str` of it wrote. Raises HarnessError when it says no such thing."""
    try:
        where, when, how, *rest = text.split(":")
        operation, n = where.split("#")
        point = Point(operation, int(n), when, how, fresh=rest == ["running"])
    except ValueError:
        raise HarnessError(f"{text!r} is no point. {_NEXT}") from None
    if point.when not in WHENS or point.how not in (*HOWS, *ENDS):
        known = ", ".join([*HOWS, *ENDS])
        raise HarnessError(f"{text!r} is no point: before or after, then one of {known}. {_NEXT}")
    return point


def numbered(operations: Sequence[str]) -> list[tuple[str, int]]:
    """Each operation of a run with how many times it has been asked by then, from 1 on."""
    seen: Counter[str] = Counter()
    found = []
    for operation in operations:
        seen[operation] += 1
        found.append((operation, seen[operation]))
    return found


def points(places: Iterable[tuple[str, int]], *, fresh: bool = False) -> list[Point]:
    """Every way to end a run at these exchanges. An answer is lost after it was done only."""
    return [
        Point(operation, n, when, how, fresh)
        for operation, n in places
        for when in WHENS
        for how in HOWS
        if (how, when) != ("lost", "before")
    ]


def while_running(operations: Sequence[str], reliable: int = 2) -> list[tuple[str, int]]:
    """The exchanges of a run between the submission of its job and the job's end.

    How often a running job is asked depends on the clock: only the first times are places.
    """
    places = numbered(operations)
    first = next(i for i, (name, _) in enumerate(places) if name == "job.submit")
    last = next(i for i, (name, _) in enumerate(places) if name == "mlflow.call")
    before = Counter(name for name, _ in places[:first])
    return [(name, n) for name, n in places[first:last] if n - before[name] <= reliable]
