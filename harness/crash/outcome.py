"""What became of the points of a campaign, as a line, as progress and as JSON."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

_EVERY = 15.0  # seconds between two lines of progress


@dataclass(frozen=True)
class Result:
    """What became of one point. Times in seconds."""

    point: str
    reached: bool
    exit_code: int  # of pytest; of its controller where a worker was killed
    created: int  # things that the run had written down
    watchdog_acted: bool  # the run left something to it, if only its own end
    clean_seconds: float  # from the end of the run to the end of its watchdog
    left_by_watchdog: tuple[str, ...]
    left: tuple[str, ...]  # after one sweep
    total_seconds: float
    trouble: str = ""  # why this says nothing about cleanup

    @property
    def way(self) -> str:
        """How the run was ended."""
        return self.point.split(":")[2]

    @property
    def bad(self) -> bool:
        """Whether somebody has to look at it."""
        return bool(self.left or self.trouble or not self.reached)

    def told(self) -> str:
        """What is wrong, and the command that repeats it."""
        what = self.trouble or ", ".join(self.left) or "the run ended before this point"
        return f"{self.point}: {what}\n  again: python -m harness.crash --only {self.point}"


@dataclass
class Progress:
    """Says how far a campaign is, and at once what went wrong."""

    points: int
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    _began: float = field(init=False)
    _said: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self._said = self.clock()

    def __call__(self, results: Sequence[Result]) -> None:
        """To be called after each point, with all results so far."""
        if results[-1].bad:
            self.say(results[-1].told())
        if self.clock() - self._said < _EVERY:
            return
        self._said = self.clock()
        each = (self._said - self._began) / len(results)
        left = sum(len(result.left) for result in results)
        minutes = each * (self.points - len(results)) / 60
        self.say(
            f"  {len(results)} of {self.points} points: {left} left, {each:.1f} s a point, "
            f"{minutes:.0f} min to go"
        )


def line(results: Sequence[Result]) -> str:
    """What the campaign has to say."""
    reached = [result for result in results if result.reached]
    left = sum(len(result.left) for result in results)
    swept = sum(1 for result in results if result.left_by_watchdog)
    longest = max((result.clean_seconds for result in reached), default=0.0)
    return (
        f"killed at {len(reached)} of {len(results)} points ({_ways(reached)}): {left} left, "
        f"max {longest:.1f} s to clean, {swept} needed a sweep"
    )


def _ways(results: Sequence[Result]) -> str:
    """How often each way, the most frequent first: not all of them kill."""
    found = Counter(result.way for result in results)
    return ", ".join(f"{count} {way}" for way, count in found.most_common()) or "none"


def write(path: Path, results: Sequence[Result], seconds: float, stray: Sequence[str]) -> None:
    """The whole outcome as JSON: the line, what it sums up, under which conditions, each point."""
    cleaned = [result.clean_seconds for result in results if result.reached]
    told = {
        "line": line(results),
        "target": "twin",
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "distinct": len({result.point for result in results}),
        "killed": sum(result.reached for result in results),
        "left": sum(len(result.left) for result in results),
        "left_of_no_point": list(stray),
        "needed_its_watchdog": sum(result.watchdog_acted for result in results),
        "needed_a_sweep": sum(1 for result in results if result.left_by_watchdog),
        "clean_seconds": {"max": max(cleaned, default=0.0), "median": median(cleaned or [0.0])},
        "ways": dict(Counter(result.way for result in results)),
        "conditions": {"cpus": os.cpu_count(), "load_at_the_end": os.getloadavg()[1]},
        "points": [asdict(result) for result in results],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, indent=1), encoding="utf-8")
