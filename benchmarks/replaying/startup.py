"""A whole replay against what nobody can avoid: the SDK's import and the start of pytest."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Startup:
    """Seconds, wall and CPU, one of each a round."""

    replay: list[tuple[float, float]]
    imported: list[tuple[float, float]]
    bare: list[tuple[float, float]]

    @property
    def wall(self) -> float:
        """The replay over the sum of the other two, of medians of wall time."""
        return self._ratio(0)

    @property
    def cpu(self) -> float:
        """The same of CPU time, which other processes on the machine stretch less."""
        return self._ratio(1)

    def _ratio(self, which: int) -> float:
        replay, imported, bare = (
            median(took[which] for took in taken)
            for taken in (self.replay, self.imported, self.bare)
        )
        return replay / (imported + bare)


def measured(python: Path, rounds: int, uncounted: int = 1) -> Startup:
    """By turns, after one of each that does not count and leaves the bytecode cached."""
    taken = Startup([], [], [])
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "test_empty.py"
        empty.write_text("def test_empty():\n    pass\n")
        scenarios = ["-m", "pytest", "scenarios", "-q", "--reports", f"{folder}/reports"]
        for counts in (*[False] * uncounted, *[True] * rounds):
            seconds = (
                _run(python, scenarios, ROOT),
                _run(python, ["-c", "import azure.ai.ml"], Path(folder)),
                _run(python, ["-m", "pytest", "-q", empty.name], Path(folder)),
            )
            if counts:
                for kept, took in zip(
                    (taken.replay, taken.imported, taken.bare), seconds, strict=True
                ):
                    kept.append(took)
    return taken


def _run(python: Path, arguments: Sequence[str], folder: Path) -> tuple[float, float]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    began, spent = time.perf_counter(), _spent()
    done = subprocess.run(
        [str(python), *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )
    took = (time.perf_counter() - began, _spent() - spent)
    if done.returncode:
        raise SystemExit(
            f"{' '.join(arguments)} failed:\n{done.stdout[-3000:]}{done.stderr[-999:]}"
        )
    return took


def _spent() -> float:
    """CPU seconds of all processes that were started here and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
