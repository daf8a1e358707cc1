"""One run of the recipe, ended at a point, in a process forked from one that has the SDK loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.crash.ends import MONEY
from harness.crash.points import Point
from harness.janitor.ledger import Ledger
from harness.processes import Child, Identity, is_running, read
from harness.warm import fork_pytest, pytest_here

ROOT = Path(__file__).resolve().parents[2]
COMPLETED = "1000000000"  # the timestamp whose job has completed: submitting it again is instant
QUICK = {
    "training.max_steps": 20,  # fewer log no loss
    "scoring.rounds": 5,
    "scoring.warmup": 0,
    "limits.patience_seconds": 60,
}

_OPTIONS = {  # that a way to end goes with
    "worker": ["-n", "1", "--max-worker-restart=0"],
    "first": ["-x"],
    "maxfail": ["--maxfail=1"],
    "money": ["--set", f"limits.money_usd={MONEY}"],
}


@dataclass(frozen=True)
class Attempt:
    """One run: its number, its point, its folder."""

    number: int
    point: Point | None
    folder: Path
    fresh: bool = False  # a job of its own, which really runs

    @property
    def timestamp(self) -> str:
        """What the run takes its names from."""
        return str(int(COMPLETED) + self.number) if self.fresh else COMPLETED

    @property
    def names(self) -> dict[str, str]:
        """What its things are called; an endpoint's name goes on with the timestamp."""
        return {
            "compute": f"c{self.number}",
            "endpoint": f"p{self.number}-",
            "job": f"finetune-chat-{self.timestamp}" if self.fresh else "",
        }

    def command(self) -> list[str]:
        """What `python -m pytest` is given."""
        settings = QUICK | {
            "compute.name": self.names["compute"],
            "endpoint.prefix": self.names["endpoint"],
            "register.name": f"m{self.number}",
        }
        found = ["scenarios/finetune_chat", "--target", "twin", "-q", "--tb=short"]
        found += ["-p", "harness.crash.strike", "-p", "no:cacheprovider"]
        found += ["--reports", str(self.folder)]
        for key, value in settings.items():
            found += ["--set", f"{key}={value}"]
        return found + _OPTIONS.get(self.point.how if self.point else "", [])

    def environment(self, ready: Path) -> dict[str, str]:
        """What tells the run where the twin is, and where to end."""
        point = {"HARNESS_STRIKE": str(self.point)} if self.point else {}
        return point | {
            "HARNESS_TWIN_READY": str(ready),
            "HARNESS_TIMESTAMP": self.timestamp,
            "HARNESS_EXCHANGES": str(self.folder / "exchanges"),
        }

    def exchanges(self) -> list[str]:
        """The operations that were asked, `struck` among them."""
        with suppress(FileNotFoundError):
            return (self.folder / "exchanges").read_text(encoding="utf-8").split()
        return []

    def ledger(self) -> Ledger | None:
        """What it wrote down before it created anything; None when it came to no run."""
        found = next(self.folder.glob("*/ledger.jsonl"), None)
        return Ledger(found) if found else None

    def watchdog_acted(self) -> bool:
        """Whether a watchdog of it had something to do."""
        return any(self.folder.glob("*/watchdog.acted"))

    def watchdogs(self) -> list[Identity | None]:
        """Its watchdogs, as they were written down."""
        return [read(file) for file in self.folder.glob("*/watchdog.pid")]


def whole(attempt: Attempt, ready: Path) -> int:
    """The same in this process, which nobody ends, so that forks find it warm; pytest's code."""
    attempt.folder.mkdir(parents=True)
    return pytest_here(attempt.command(), attempt.environment(ready), attempt.folder / "log")


def start(attempt: Attempt, ready: Path) -> Child:
    """Fork a run. The process is `python -m pytest`, only sooner."""
    attempt.folder.mkdir(parents=True)
    environment = {**os.environ, **attempt.environment(ready)}
    return fork_pytest(attempt.command(), environment, attempt.folder / "log")


def settled(attempt: Attempt) -> bool:
    """Whether the watchdogs of a run have ended."""
    return not any(map(is_running, attempt.watchdogs()))


def sweep(attempt: Attempt) -> int:
    """`python -m harness sweep` over the run's ledgers; its exit code."""
    command = [sys.executable, "-m", "harness", "sweep", "--all-open", str(attempt.folder)]
    with (attempt.folder / "sweep.log").open("ab") as log:
        return subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, check=False).returncode
