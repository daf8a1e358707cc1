"""Real runs, really killed: the watchdog deletes, and when it was killed as well, `sweep` does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from harness.janitor.ledger import Ledger
from harness.processes import Identity, is_running, read, send_signal

if TYPE_CHECKING:
    from ..whole_runs import WholeRuns

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "pytest", "scenarios/finetune_chat", "--target", "twin", "-q"]
COMMAND += ["--set", "training.max_steps=2000"]


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    """Until it holds."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it never came to hold"
        time.sleep(0.02)


@dataclass(frozen=True)
class Running:
    """A run in a process of its own with a twin of its own, and its folder."""

    folder: Path
    send_signal: Callable[[signal.Signals], object]
    wait: Callable[[], object]  # until that process has ended

    @property
    def ledger(self) -> Ledger:
        """What it writes down."""
        return Ledger(self.folder / "ledger.jsonl")

    def until(self, kind: str) -> None:
        """Until such a thing may exist and its create was answered."""
        wait_for(lambda: any(e.kind == kind and e.answered for e in self.ledger.open_entries()))

    def process(self, file: str) -> Identity:
        """A process that was written down."""
        process = read(self.folder / file)
        assert process is not None
        return process

    def kill(self) -> None:
        """As the kernel does when memory is out."""
        self.send_signal(signal.SIGKILL)
        self.wait()


def plainly(reports: Path) -> Running:
    """The command of the README."""
    with (reports / "out").open("wb") as out:
        process = subprocess.Popen(
            [*COMMAND, "--reports", str(reports)], cwd=ROOT, stdout=out, stderr=out
        )
    wait_for(lambda: any(reports.glob("2*/ledger.jsonl")))
    return Running(next(reports.glob("2*")), process.send_signal, process.wait)


def sooner(whole_runs: WholeRuns, reports: Path) -> Running:
    """The same in a fork."""
    line = [*COMMAND[3:], "--reports", str(reports)]
    warm = whole_runs.warm
    warm.start(line, dict(os.environ), reports / "out")
    wait_for(lambda: any(reports.glob("2*/ledger.jsonl")))
    return Running(next(reports.glob("2*")), warm.send_signal, warm.wait)


def sweep(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m harness sweep`."""
    command = [sys.executable, "-m", "harness", "sweep", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_a_killed_run_is_cleaned_up_by_its_watchdog(tmp_path: Path) -> None:
    """SIGKILL in the fine-tune job: job and cluster go, the twin as well, the log says it all.

    The newest page is that of the killed run, not of a green one before it.
    Until then the watchdog is a process of under 40 MB in a session of its own.
    """
    run = plainly(tmp_path)
    run.until("job")
    watchdog, twin = run.process("watchdog.pid"), run.process("twin/pid")
    status = Path(f"/proc/{watchdog.pid}/status").read_text()
    session = os.getsid(watchdog.pid)
    resident = int(status.partition("VmRSS:")[2].split()[0]) / 1024

    run.kill()
    wait_for(lambda: not is_running(watchdog))

    assert resident < 40
    assert session == watchdog.pid
    assert run.ledger.open_entries() == []
    log = (run.folder / "watchdog.log").read_text()
    assert "ended without closing its ledger" in log
    assert "gone: job" in log
    assert "gone: compute" in log
    assert "2 deleted, up to $176.30 a day avoided; 0 left" in log
    assert not is_running(twin)
    page = (run.folder.parent / "latest" / "index.html").read_text()
    assert "This run on the twin has not ended: it is running, or was killed." in page
    assert f"python -m harness sweep {quote(str(run.folder))}" in unescape(page)


def test_run_and_watchdog_killed_then_sweep(tmp_path: Path, whole_runs: WholeRuns) -> None:
    """A live run is left alone, a dry run deletes nothing, then all goes, and twice is no error."""
    run = sooner(whole_runs, tmp_path)
    run.until("compute")
    alive = sweep("--all-open", str(tmp_path))
    assert send_signal(run.process("watchdog.pid"), signal.SIGKILL)
    run.kill()

    dry = sweep("--all-open", str(tmp_path), "--dry-run")
    done = sweep(str(run.ledger.path))
    again = sweep(str(run.folder))

    assert send_signal(run.process("twin/pid"), signal.SIGTERM)
    assert (alive.returncode, "still going on; left alone" in alive.stdout) == (0, True)
    assert (dry.returncode, "would delete compute gpu-cluster-big" in dry.stdout) == (1, True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "gone: compute gpu-cluster-big" in done.stdout
    assert "0 left" in done.stdout
    assert (again.returncode, "nothing is open" in again.stdout) == (0, True)
