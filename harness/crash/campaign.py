"""Ends the recipe at every point, a few at a time, against one twin, and counts what is left."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.crash.points import Point, numbered, points, while_running
from harness.crash.runs import Attempt, settled, start, sweep
from harness.errors import HarnessError
from harness.janitor.arm_hands import ArmHands
from harness.janitor.ledger import Place


@dataclass(frozen=True)
class Result:
    """What became of one point. Times in seconds."""

    point: str
    reached: bool
    clean_seconds: float  # from the end of the run to the end of its watchdog
    left_by_watchdog: tuple[str, ...]
    left: tuple[str, ...]  # after one sweep
    total_seconds: float


class Campaign:
    """A running twin, and how to end runs against it."""

    def __init__(self, ready: Path, folder: Path, *, sweeps: bool = True) -> None:
        self._ready, self._folder, self._sweeps = ready, folder, sweeps
        env = json.loads(ready.read_text(encoding="utf-8"))["env"]
        names = ("AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "AZURE_WORKSPACE_NAME")
        self._place = Place(*(env[name] for name in names))
        self._number = 0

    def enumerate(self) -> list[Point]:
        """Every point of the recipe: one whole run with a job of its own, one with that job.

        Raises HarnessError when the recipe does not even pass when nobody ends it.
        """
        with_job = self.prepare()
        with_completed = self._whole(fresh=False)
        running = points(while_running(with_job), fresh=True)
        return [*points(numbered(with_completed)), *running]

    def prepare(self) -> list[str]:
        """A whole run whose job completes, so that submitting it again is instant."""
        return self._whole(fresh=True, timestamp=True)

    def run(self, wanted: Sequence[Point], jobs: int, until: float) -> list[Result]:
        """End a run at each point, `jobs` at a time; none is begun after `until` (monotonic)."""
        waiting, results = list(wanted)[::-1], []
        going: dict[int, tuple[Attempt, float]] = {}
        with ThreadPoolExecutor(jobs) as pool:
            done: list[Future[Result]] = []
            while waiting or going:
                if time.monotonic() > until:
                    waiting.clear()
                while waiting and len(going) + sum(not f.done() for f in done) < jobs:
                    attempt = self._attempt(waiting.pop())
                    going[start(attempt, self._ready)] = (attempt, time.monotonic())
                pid, _ = os.waitpid(-1, os.WNOHANG) if going else (0, 0)
                if pid in going:
                    attempt, began = going.pop(pid)
                    done.append(pool.submit(self._judged, attempt, began, time.monotonic()))
                time.sleep(0.02)
            for future in done:
                results.append(future.result())
        return results

    def _whole(self, *, fresh: bool, timestamp: bool = False) -> list[str]:
        """The operations of a run that nobody ends."""
        number = 0 if timestamp else self._next()
        attempt = Attempt(number, None, self._folder / f"whole-{number}", fresh=fresh)
        _, status = os.waitpid(start(attempt, self._ready), 0)
        seen = attempt.exchanges()
        if os.waitstatus_to_exitcode(status) not in (0, 1) or "endpoint.delete" not in seen:
            raise HarnessError(f"a whole run does not pass; see {attempt.folder / 'log'}")
        return seen

    def _attempt(self, point: Point) -> Attempt:
        number = self._next()
        return Attempt(number, point, self._folder / f"p{number}", fresh=point.fresh)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _judged(self, attempt: Attempt, began: float, ended: float) -> Result:
        """Wait for the watchdog, ask the twin what is left, sweep once if anything is."""
        settled(attempt)
        clean = time.monotonic() - ended
        by_watchdog = self._left(attempt)
        if by_watchdog and self._sweeps:
            sweep(attempt)
        left = self._left(attempt) if by_watchdog else ()
        return Result(
            point=str(attempt.point),
            reached="struck" in attempt.exchanges(),
            clean_seconds=round(clean, 2),
            left_by_watchdog=by_watchdog,
            left=left,
            total_seconds=round(time.monotonic() - began, 2),
        )

    def _left(self, attempt: Attempt) -> tuple[str, ...]:
        """What of this run the lists of the twin still show."""
        hands, names = ArmHands(self._place), attempt.names
        return tuple(
            f"{kind} {found.name}"
            for kind, name in names.items()
            if name
            for found in hands.listed(kind)
            if found.name == name or (kind == "endpoint" and found.name.startswith(name))
        )


def line(results: Sequence[Result]) -> str:
    """What the campaign has to say."""
    reached = [result for result in results if result.reached]
    left = sum(len(result.left) for result in results)
    swept = sum(1 for result in results if result.left_by_watchdog)
    longest = max((result.clean_seconds for result in reached), default=0.0)
    return (
        f"killed at {len(reached)} of {len(results)} points: {left} left, "
        f"max {longest:.1f} s to clean, {swept} needed a sweep"
    )


def write(path: Path, results: Sequence[Result], seconds: float) -> None:
    """The whole outcome as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {
        "line": line(results),
        "seconds": round(seconds, 1),
        "points": [asdict(result) for result in results],
    }
    path.write_text(json.dumps(told, indent=1), encoding="utf-8")
