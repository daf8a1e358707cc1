"""Goals of a benchmark: each figure, what it has to be, whether it is; a missed one ends with 1."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

QUIET = 3.0  # load average above which nothing is claimed of speeds


@dataclass(frozen=True)
class Goal:
    """A figure and its bounds. Not every figure depends on how busy the machine is."""

    name: str
    value: float
    least: float = 0.0
    most: float = inf
    timed: bool = True

    def verdict(self, busy: bool) -> str:
        """Nobody can tell speeds on a busy machine."""
        if self.timed and busy:
            return "cannot tell"
        return "met" if self.least <= self.value <= self.most else "MISSED"

    def line(self, busy: bool) -> str:
        """As the table shows it."""
        bound = f"at most {self.most:g}" if self.most < inf else f"at least {self.least:g}"
        return f"  {self.name:58} {self.value:8.2f}  {bound:14} {self.verdict(busy)}"


def print_goals(goals: Sequence[Goal], loads: Sequence[float], *, quick: bool = False) -> int:
    """Print the table; exit code 1 when a goal is missed. A quick form measures no speeds."""
    load = max(loads)
    busy = quick or load > QUIET
    reason = "the quick form" if quick else f"load {load:.1f}, above {QUIET:.0f}"
    note = f" ({reason}: cannot tell speeds)" if busy else ""
    print("\n".join([f"\ngoals{note}", *(goal.line(busy) for goal in goals)]))
    return int(any(goal.verdict(busy) == "MISSED" for goal in goals))


def current_load() -> float:
    """Load average of the last minute."""
    return os.getloadavg()[0]
