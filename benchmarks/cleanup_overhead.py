"""What ledger, watchdog and proof of absence cost a run: whole runs in pairs, with and without.

`python benchmarks/cleanup_overhead.py [PAIRS]`. All runs share one twin and a job that has
completed before, which makes them a third as long as ordinary ones and the ratio an upper bound.
Which of a pair goes first alternates.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from harness.targets.twin import running_twin

ROOT = Path(__file__).parents[1]
PAIRS = 10
GUARDED, UNGUARDED = (), ("-p", "benchmarks.guarding.unguarded")


def main(pairs: int) -> None:
    """Print each pair, then the median of the ratios with their range."""
    with tempfile.TemporaryDirectory() as name, running_twin(Path(name)) as ready:
        whole = run(ready, Path(name), GUARDED)  # its job is the one that all others find completed
        found = [pair(ready, Path(name), number) for number in range(pairs)]
    ratios = sorted(on / off for on, off in found)
    extra = median(on - off for on, off in found)
    print(
        f"with ledger, watchdog and proof / without: {median(ratios):.3f} "
        f"(median of {pairs} pairs of whole runs; {ratios[0]:.3f} to {ratios[-1]:.3f}); "
        f"{extra * 1000:+.0f} ms of {median(off for _, off in found):.1f} s, "
        f"of an ordinary run of {whole:.1f} s {extra / whole:+.1%}; "
        f"load {os.getloadavg()[1]:.1f} on {os.cpu_count()} cpus"
    )


def pair(ready: Path, folder: Path, number: int) -> tuple[float, float]:
    """Seconds of a run with guards and of one without."""
    order = (GUARDED, UNGUARDED) if number % 2 else (UNGUARDED, GUARDED)
    seconds = {options: run(ready, folder, options) for options in order}
    print(f"  with {seconds[GUARDED]:.2f} s, without {seconds[UNGUARDED]:.2f} s", flush=True)
    return seconds[GUARDED], seconds[UNGUARDED]


def run(ready: Path, folder: Path, options: tuple[str, ...]) -> float:
    """Seconds from the command to its end."""
    command = [sys.executable, "-m", "pytest", "scenarios", "--target", "twin", "-q"]
    command += ["--set", "training.max_steps=20", "-p", "no:cacheprovider", *options]
    environment = {
        **os.environ,
        "HARNESS_TWIN_READY": str(ready),
        "HARNESS_TIMESTAMP": "1000000000",
    }
    began = time.monotonic()
    done = subprocess.run(
        [*command, "--reports", tempfile.mkdtemp(dir=folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    if "All nine steps passed" not in done.stdout:
        sys.exit(done.stdout[-3000:] + done.stderr[-1000:])
    return time.monotonic() - began


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS)
