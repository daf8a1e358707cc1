"""What ledger and watchdog cost an ordinary run, beside what the same run takes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from harness.janitor.ledger import Ledger, Place  # noqa: E402
from harness.janitor.watch import watched  # noqa: E402

ROUNDS = 15
THINGS = ("compute", "job", "endpoint")


def guarded() -> float:
    """Seconds for a watchdog, and for all the lines of a run that passes."""
    with tempfile.TemporaryDirectory() as name:
        folder, began = Path(name), time.monotonic()
        with watched(folder):
            ledger = Ledger(folder / "ledger.jsonl")
            ledger.describe(Place("sub", "group", "workspace"), run="1")
            for thing in THINGS:
                ledger.expect(thing, thing, "Standard_NC24ads_A100_v4", 1)
                ledger.answered(thing, thing)
            for thing in THINGS:
                ledger.gone(thing, thing)
        return time.monotonic() - began


def run() -> float:
    """Seconds that a whole run on the twin takes."""
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-m", "pytest", "scenarios", "--target", "twin", "-q"]
        subprocess.run(
            [*command, "--set", "training.max_steps=20", "--reports", name],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        record = json.loads(next(Path(name).glob("2*/run.json")).read_text())
        return float(record["seconds"])


if __name__ == "__main__":
    parts, whole = sorted(guarded() for _ in range(ROUNDS)), run()
    print(
        f"ledger and watchdog: median {median(parts) * 1000:.0f} ms (slowest "
        f"{parts[-1] * 1000:.0f} ms, n {ROUNDS}) of a run of {whole:.1f} s: "
        f"{median(parts) / whole:.2%}"
    )
