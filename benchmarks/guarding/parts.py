"""What each guard of a run costs, through what the harness itself calls, and from a run's record.

Upper bounds, all of them: no part is compared with a run that lacks it, because none can be
switched off.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from harness import processes
from harness.janitor.ledger import Ledger
from harness.janitor.watch import watched
from harness.report.run_record import RunRecord, read

CLEANUP = 9
POLLS = ("operation.poll", "compute.poll")  # a delete without any proof waits for it as well
START_SECONDS = 1.0  # in which the watchdog has started and waits


@dataclass(frozen=True)
class Guards:
    """Seconds that a run spends on each guard, and those of the whole run."""

    ledger: float
    watchdog: float
    proof: float
    run: float

    @property
    def seconds(self) -> float:
        """Of all guards."""
        return self.ledger + self.watchdog + self.proof

    @property
    def share(self) -> float:
        """Of the run, in percent."""
        return self.seconds / self.run * 100


def guards_of(folder: Path) -> Guards:
    """What they cost the finished run in that folder."""
    record = read(folder / "run.json")
    with TemporaryDirectory(dir=folder) as beside:
        ledger = ledger_seconds(folder / "ledger.jsonl", Path(beside))
        watchdog = watchdog_seconds(Path(beside))
    return Guards(ledger, watchdog, proof_seconds(record), record.seconds)


def ledger_seconds(written: Path, folder: Path) -> float:
    """To write the same lines once more, on the same disk, and to read what is open."""
    lines = [json.loads(line) for line in written.read_text(encoding="utf-8").splitlines()]
    ledger = Ledger(folder / "ledger.jsonl")
    write = {"answered": ledger.answered, "ended": ledger.ended, "gone": ledger.gone}
    began = time.perf_counter()
    for line in lines:
        if line["event"] == "expect":
            ledger.expect(line["kind"], line["name"], line["size"], line["count"])
        else:
            write[line["event"]](line["kind"], line["name"])
        ledger.open_entries()
    return time.perf_counter() - began


def watchdog_seconds(folder: Path) -> float:
    """To start and to dismiss one, and the CPU time that it takes beside the run itself."""
    began = time.perf_counter()
    with watched(folder):
        started = time.perf_counter() - began
        watchdog = processes.read(folder / "watchdog.pid")
        if watchdog is None:
            raise SystemExit("no watchdog was started")
        time.sleep(START_SECONDS)
        cpu = psutil.Process(watchdog.pid).cpu_times()
        began = time.perf_counter()
    return started + time.perf_counter() - began + cpu.user + cpu.system


def proof_seconds(record: RunRecord) -> float:
    """In which the cleanup asked whether things are there: before their delete, and after it."""
    return sum(
        exchange.seconds
        for exchange in record.exchange_log
        if exchange.step == CLEANUP and exchange.method == "GET" and exchange.operation not in POLLS
    )
