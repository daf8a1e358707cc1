"""No replay sleeps in a poll: not on the release that recorded, and not on one of two years ago."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.sdk import releases
from harness.sdk.environments import environment

ROOT = Path(__file__).parents[2]
WATCH = """
import atexit, json, time
sleep, slept = time.sleep, []
def watched(seconds):
    slept.append(seconds)
    sleep(seconds)
time.sleep = watched
atexit.register(lambda: open({out!r}, "w").write(json.dumps(slept)))
"""
OLD_CODE = ("-o", "filterwarnings=default")  # an old release's own warnings are not the point


def run(python: Path, folder: Path, *arguments: str) -> None:
    """The whole scenario with that Python; it has to be green."""
    done = subprocess.run(
        [
            *(python, "-m", "pytest", "scenarios/finetune_chat", "-q", *arguments),
            *("--reports", folder / "reports"),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


def slept(python: Path, folder: Path, *arguments: str) -> list[float]:
    """Every sleep of a replay, in seconds, from any thread and whoever asked for it."""
    out = folder / "slept.json"
    (folder / "watch.py").write_text(WATCH.format(out=str(out)))
    run(python, folder, "-p", "watch", *arguments)
    found: list[float] = json.loads(out.read_text())
    return found


def waited(folder: Path) -> float:
    """Seconds of waiting that the report shows beside the steps: those of the recording."""
    record = json.loads((folder / "reports/latest/run.json").read_text())
    return sum(step["facts"].get("seconds waited when recorded", 0) for step in record["steps"])


def test_a_replay_does_not_wait(tmp_path: Path) -> None:
    """Compute, job, endpoint, deployment, delete: nothing sleeps; the report has the waiting."""
    assert sum(slept(Path(sys.executable), tmp_path)) < 0.1
    assert waited(tmp_path) > 1


@pytest.mark.slow_replay
def test_a_release_of_two_years_ago_does_not_wait(tmp_path: Path) -> None:
    """1.15.0 asks otherwise, so it is recorded from the twin first; then it replays as fast."""
    wanted = (*releases.fresh("1.15.0"), *releases.pins("1.15.0"), *releases.tools())
    python = environment(wanted, tmp_path / "sdk").folder / "bin" / "python"
    here = ("--cassettes", str(tmp_path / "cassettes"), *OLD_CODE)

    run(python, tmp_path, "--target", "twin", "--record", *here)

    assert sum(slept(python, tmp_path, *here)) < 0.1
    assert waited(tmp_path) > 1
