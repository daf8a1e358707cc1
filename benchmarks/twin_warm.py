"""What the warm process saves: a process with torch, transformers, peft and mlflow imported.

    .venv-twin/bin/python benchmarks/twin_warm.py

Cold is a fresh interpreter that imports the same modules; warm is forked from the forkserver. Both
are started by turns in one run and end at once; the figure is the ratio of their medians.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.twin.warm import Warm

ROUNDS = 5


def nothing() -> None:
    """The work of a process whose start is measured."""


def main() -> None:
    """Print the ratio and the conditions."""
    warm = Warm()
    warm.start()
    warm.wait(120)
    with tempfile.TemporaryDirectory() as folder:
        pairs = [(cold(), forked(warm, Path(folder))) for _ in range(ROUNDS)]
    colds, forks = zip(*pairs, strict=True)
    ratio = statistics.median(colds) / statistics.median(forks)
    print(f"a process ready to train, cold : warm = {ratio:.0f} : 1")
    print(f"  cold s: {shown(colds)}\n  warm s: {shown(forks)}")
    print(
        f"  load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, Python {sys.version.split()[0]}"
    )


def cold() -> float:
    """Seconds of a fresh interpreter with the same imports."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import harness.twin.preload"], check=True)
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
    main()
