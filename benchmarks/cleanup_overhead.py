"""What ledger, watchdog and proof of absence cost a run: parts of whole runs, added up.

    make bench
    .venv/bin/python benchmarks/cleanup_overhead.py [--runs N | --quick]

Nobody can switch a guard off, so there is no run without. Whole runs on the twin, one after the
other, each with a job that really trains; then, beside each, what its guards took: the questions
of its cleanup from its own record, its ledger written once more, a watchdog started and dismissed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.goals import Goal, current_load, print_goals  # noqa: E402  # once the root is there
from benchmarks.guarding.parts import Guards, guards_of  # noqa: E402  # once the root is there
from harness.targets.twin import running_twin  # noqa: E402  # once the root is there

RUNS = 5
MOST_PERCENT = 2.0


def main() -> int:
    """Print each run, the medians and the goal; exit code 1 when it is missed."""
    options = _options()
    loads = [current_load()]
    with tempfile.TemporaryDirectory() as name, running_twin(Path(name)) as ready:
        runs = [run(ready, Path(name), at) for at in range(1 if options.quick else options.runs)]
    loads.append(current_load())
    print("\n".join(_table(runs)))
    share = median(guards.share for guards in runs)
    goal = Goal("guards : run, percent", share, most=MOST_PERCENT)
    return print_goals([goal], loads, quick=options.quick)


def run(ready: Path, folder: Path, number: int) -> Guards:
    """A whole run on that twin, with a job of its own, and what its guards took."""
    reports = folder / f"reports {number}"
    command = [sys.executable, "-m", "pytest", "scenarios", "--target", "twin", "-q"]
    command += ["-p", "no:cacheprovider", "--reports", str(reports)]
    environment = {**os.environ, "HARNESS_TWIN_READY": str(ready)}
    environment["HARNESS_TIMESTAMP"] = str(1_000_000_000 + number)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"a run failed:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    guards = guards_of(reports / "latest")
    print(
        f"  run {number + 1}: {guards.run:.1f} s, guards {guards.seconds * 1e3:.0f} ms", flush=True
    )
    return guards


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="what the guards against leaks cost a run")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--quick", action="store_true", help="one run")
    return parser.parse_args()


def _table(runs: Sequence[Guards]) -> Iterator[str]:
    yield f"\nmedian ms of {len(runs)} whole runs on the twin, least and most"
    for part in ("ledger", "watchdog", "proof"):
        took = sorted(getattr(guards, part) * 1e3 for guards in runs)
        yield f"  {part:10} {median(took):8.1f}  ({took[0]:.1f} to {took[-1]:.1f})"
    took = sorted(guards.run for guards in runs)
    yield f"  of runs of {median(took):.1f} s ({took[0]:.1f} to {took[-1]:.1f})"


if __name__ == "__main__":
    sys.exit(main())
