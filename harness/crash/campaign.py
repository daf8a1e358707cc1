"""Ends the recipe at every point, a few at a time, against one twin, and counts what is left.

One thread does it all: it forks, and a fork of a process with other threads may stand still.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.crash.outcome import Result
from harness.crash.points import Point, numbered, points, while_running
from harness.crash.runs import Attempt, settled, start, sweep, whole
from harness.errors import HarnessError
from harness.janitor.arm_hands import ArmHands
from harness.janitor.kinds import KINDS
from harness.janitor.ledger import Place
from harness.processes import Child

_LOOK = 0.02  # seconds between looks at what is going on
_RUN = 180.0  # seconds after which a run that has not ended is in trouble
_CLEAN = 180.0  # the same for its watchdog


@dataclass
class _Going:
    """A run under way, then its watchdog. Times are monotonic."""

    attempt: Attempt
    process: Child
    began: float
    ended: float = 0.0
    exit_code: int = 0
    created: int = 0
    trouble: str = ""

    def note_end(self, exit_code: int) -> None:
        """The run has ended: how, and how much it had written down."""
        self.ended, self.exit_code = time.monotonic(), exit_code
        if ledger := self.attempt.ledger():
            self.created = len(ledger.entries())


class Campaign:
    """A running twin, and how to end runs against it."""

    def __init__(self, ready: Path, folder: Path, *, sweeps: bool = True) -> None:
        self._ready, self._folder, self._sweeps = ready, folder, sweeps
        env = json.loads(ready.read_text(encoding="utf-8"))["env"]
        names = ("AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "AZURE_WORKSPACE_NAME")
        self._hands = ArmHands(Place(*(env[name] for name in names)))
        self._number = 0

    def prepare(self) -> list[str]:
        """A whole run whose job completes, so that submitting it again is instant."""
        attempt = Attempt(0, None, self._folder / "whole-0", fresh=True)
        return self._passed(attempt, whole(attempt, self._ready))

    def enumerate(self) -> list[Point]:
        """Every point of the recipe: one whole run with a job of its own, one with that job.

        Raises HarnessError when the recipe does not even pass when nobody ends it.
        """
        with_job = self.prepare()
        attempt = Attempt(self._next(), None, self._folder / "whole-1")
        with_completed = self._passed(attempt, start(attempt, self._ready).wait())
        running = points(while_running(with_job), fresh=True)
        return [*points(numbered(with_completed)), *running]

    def run(
        self,
        wanted: Sequence[Point],
        jobs: int,
        until: float,
        tell: Callable[[Sequence[Result]], None],
    ) -> list[Result]:
        """End a run at each point, `jobs` at a time; none is begun after `until` (monotonic).

        As many again may be at cleaning up, which is mostly waiting. Ctrl-C begins no more either.
        """
        waiting, going, results = list(wanted)[::-1], list[_Going](), list[Result]()
        while waiting or going:
            try:
                if time.monotonic() > until:
                    waiting.clear()
                running = sum(1 for each in going if not each.ended)
                if waiting and running < jobs and len(going) < 2 * jobs:
                    going.append(self._started(waiting.pop()))
                for each in [each for each in going if self._over(each)]:
                    going.remove(each)
                    results.append(self._judged(each))
                    tell(results)
                time.sleep(_LOOK)
            except KeyboardInterrupt:
                waiting.clear()
        return results

    def strays(self, known: Sequence[Result]) -> list[str]:
        """All that the workspace still holds, but for what is told of a point already."""
        told = {name for result in known for name in result.left}
        found = [f"{kind} {one.name}" for kind in KINDS for one in self._hands.listed(kind)]
        return [name for name in found if name not in told]

    def _passed(self, attempt: Attempt, code: int) -> list[str]:
        """The operations of a run that nobody ended."""
        seen = attempt.exchanges()
        if code not in (0, 1) or "endpoint.delete" not in seen:
            raise HarnessError(
                f"a whole run does not pass against the twin: {attempt.folder / 'log'}. "
                "Next: python -m pytest scenarios --target twin"
            )
        return seen

    def _started(self, point: Point) -> _Going:
        number = self._next()
        attempt = Attempt(number, point, self._folder / f"p{number}", fresh=point.fresh)
        return _Going(attempt, start(attempt, self._ready), time.monotonic())

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _over(self, going: _Going) -> bool:
        """Whether the run and its watchdog have ended, or are given up."""
        now = time.monotonic()
        if not going.ended:
            if now - going.began > _RUN:
                going.trouble = f"the run did not end within {_RUN:.0f} s"
                going.process.signal_group(signal.SIGKILL)
            exit_code = going.process.poll()
            if exit_code is not None:
                going.note_end(exit_code)
            return False
        if now - going.ended > _CLEAN:
            going.trouble = going.trouble or f"its watchdog did not end within {_CLEAN:.0f} s"
            return True
        return settled(going.attempt)

    def _judged(self, going: _Going) -> Result:
        """Ask the twin what is left, sweep once if anything is, and ask again."""
        attempt, clean = going.attempt, time.monotonic() - going.ended
        by_watchdog = self._left(attempt)
        if by_watchdog and self._sweeps:
            sweep(attempt)
        left = self._left(attempt) if by_watchdog else ()
        return Result(
            point=str(attempt.point),
            reached="struck" in attempt.exchanges(),
            exit_code=going.exit_code,
            created=going.created,
            watchdog_acted=attempt.watchdog_acted(),
            clean_seconds=round(clean, 2),
            left_by_watchdog=by_watchdog,
            left=left,
            total_seconds=round(time.monotonic() - going.began, 2),
            trouble=going.trouble,
        )

    def _left(self, attempt: Attempt) -> tuple[str, ...]:
        """What of this run the lists of the twin still show."""
        return tuple(
            f"{kind} {found.name}"
            for kind, name in attempt.names.items()
            if name
            for found in self._hands.listed(kind)
            if found.name == name or (kind == "endpoint" and found.name.startswith(name))
        )
