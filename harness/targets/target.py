"""What a run needs to know about the target it talks to."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from harness.plan import TargetName
    from harness.wire.tape import Tape


@dataclass(frozen=True)
class Note:
    """Something to be read about what answers: severity, what, about which thing, what next."""

    severity: Literal["error", "warning", "info"]
    check: str
    what: str
    thing: str
    next: str


def _nothing(_steps: Collection[int], _with_tests: bool) -> Sequence[Note]:
    return ()


def _as_told(text: str) -> str:
    return text


@dataclass(frozen=True)
class Target:
    """An open target. `tape`, `timestamp`, `recorded` and `kept` are those of a replay."""

    name: TargetName
    config: Path | None = None  # folder of config.json; None: search upwards as the SDK does
    logs: Mapping[str, Path] | None = None  # name -> file, for the report
    ready: Path | None = None  # file that leads another process to the same twin
    tape: Tape | None = None  # answers every request; nothing is sent
    timestamp: str | None = None  # the run's, when names must come out as recorded
    recorded: str | None = None  # where and when the answers were recorded
    kept: Mapping[str, Any] = field(default_factory=dict)  # what the recording run measured
    notes: tuple[Note, ...] = ()
    typed: Callable[[str], str] = _as_told  # a text with the commands that reach who answers
    gone: Callable[[], str] = str  # that nobody can answer any more, and why; "" while there is one
    # of a replay under another release, once these steps are done: what it asks otherwise
    compared: Callable[[Collection[int], bool], Sequence[Note]] = _nothing


@contextmanager
def environment(changes: Mapping[str, str], removed: Iterable[str] = ()) -> Iterator[None]:
    """This process's environment with the changes, put back as it was at the end."""
    before = dict(os.environ)
    for name in removed:
        os.environ.pop(name, None)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
