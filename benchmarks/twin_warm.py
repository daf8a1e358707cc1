"""What the warm process saves: a process with torch, transformers, peft and mlflow imported.

    make bench
    .venv-twin/bin/python benchmarks/twin_warm.py [--quick]

Cold is a fresh interpreter that imports the same modules; warm is forked from the forkserver. Both
are started by turns in one run and end at once; the figure is the ratio of their medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.goals import Goal, current_load, print_goals  # noqa: E402  # once the root is there
from harness.twin.warm import Warm  # noqa: E402  # once the root is there

ROUNDS = 5
LEAST_RATIO = 20.0


def nothing() -> None:
    """The work of a process whose start is measured."""


def main() -> int:
    """Print the ratio, its goal and the conditions; exit code 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description="what the warm process saves")
    parser.add_argument("--quick", action="store_true", help="one round, and no verdict")
    quick = parser.parse_args().quick
    loads, warm = [current_load()], Warm()
    warm.start()
    warm.wait(120)
    with tempfile.TemporaryDirectory() as folder:
        pairs = [(cold(), forked(warm, Path(folder))) for _ in range(1 if quick else ROUNDS)]
    loads.append(current_load())
    colds, forks = zip(*pairs, strict=True)
    print(f"  cold s: {shown(colds)}\n  warm s: {shown(forks)}")
    print(f"  load {loads[-1]:.1f}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    ratio = statistics.median(colds) / statistics.median(forks)
    goal = Goal("a process ready to train, cold : warm", ratio, least=LEAST_RATIO)
    return print_goals([goal], loads, quick=quick)


def cold() -> float:
    """Seconds of a fresh interpreter with the same imports."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import harness.twin.preload"], cwd=ROOT, check=True)
    return time.perf_counter() - started


def forked(warm: Warm, folder: Path) -> float:
    """Seconds of a process from the warm one."""
    started = time.perf_counter()
    process = warm.process(nothing, log=folder / "log")
    process.join()
    return time.perf_counter() - started


def shown(seconds: tuple[float, ...]) -> str:
    """Every sample, sorted."""
    return " ".join(f"{value:.3f}" for value in sorted(seconds))


if __name__ == "__main__":
    sys.exit(main())
