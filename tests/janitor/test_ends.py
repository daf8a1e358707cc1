"""Every way a run can end, at a place where that matters, and who deleted what it had created.

One campaign, so that all share a twin and a job that has completed: `python -m harness.crash`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
INTERRUPTED = int(pytest.ExitCode.INTERRUPTED)
FAILED = int(pytest.ExitCode.TESTS_FAILED)
RUN, WATCHDOG, SWEEP = "the run", "its watchdog", "a sweep"
ENDS = [  # point, exit code, who deleted
    # Ctrl-C in each of the nine steps
    ("workspace.get#1:before:interrupt", INTERRUPTED, RUN),
    ("registry_model.versions#1:before:interrupt", INTERRUPTED, RUN),
    ("compute.create#1:after:interrupt", INTERRUPTED, RUN),
    ("step.splits#1:before:interrupt", INTERRUPTED, RUN),  # asks nobody anything
    ("run.details#1:after:interrupt:running", INTERRUPTED, RUN),
    ("model.register#1:after:interrupt", INTERRUPTED, RUN),
    ("deployment.create#1:after:interrupt", INTERRUPTED, RUN),
    ("scoring.invoke#1:after:interrupt", INTERRUPTED, RUN),
    ("endpoint.delete#1:after:interrupt", INTERRUPTED, RUN),
    # and all else that ends a process
    ("deployment.create#1:after:twice", 130, WATCHDOG),
    ("deployment.create#1:after:hangup", -1, WATCHDOG),
    ("scoring.invoke#2:before:exit", 3, WATCHDOG),
    ("compute.poll#1:before:memory", None, None),  # whether Python dies of it, is chance
    ("job.submit#1:after:first:running", FAILED, RUN),
    ("compute.poll#1:before:maxfail", FAILED, RUN),
    ("scoring.invoke#2:before:money", FAILED, RUN),
    ("endpoint.create#1:after:kill", -9, WATCHDOG),
    ("endpoint.create#1:after:worker", FAILED, WATCHDOG),
    ("endpoint.create#1:after:watchdog", None, RUN),
    ("endpoint.create#1:after:both", -9, SWEEP),
]
SAMPLE = 3  # points of `make crash` beside them
SEED = os.environ.get("CRASH_SEED", time.strftime("%Y%m%d", time.gmtime()))  # another draw each day


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the campaign says of all these points and of the sample."""
    told = tmp_path_factory.mktemp("ends") / "crash.json"
    command = [sys.executable, "-m", "harness.crash", "--json", str(told)]
    for point, _, _ in ENDS:
        command += ["--only", point]
    command += ["--sample", str(SAMPLE), "--seed", SEED]
    print("to draw the same points again: CRASH_SEED=" + SEED)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    print(done.stdout, done.stderr)
    found: dict[str, Any] = json.loads(told.read_text())
    return found


@pytest.mark.parametrize(("point", "code", "by"), ENDS, ids=[point for point, _, _ in ENDS])
def test_it_ends_as_it_does_and_leaves_nothing(
    outcome: dict[str, Any], point: str, code: int | None, by: str | None
) -> None:
    """The run reached that point, ended with that exit code, and all was deleted by whom we say."""
    (result,) = [each for each in outcome["points"] if each["point"] == point]

    assert result["reached"]
    assert not result["trouble"]
    assert result["left"] == []
    assert code in (None, result["exit_code"])
    assert by in (None, who_deleted(result))


def who_deleted(result: dict[str, Any]) -> str:
    """The last who had to."""
    if result["left_by_watchdog"]:
        return SWEEP
    return WATCHDOG if result["watchdog_acted"] else RUN


def test_a_sample_of_the_crash_campaign_leaves_nothing(outcome: dict[str, Any]) -> None:
    """A few points of `make crash`, others every day; CRASH_SEED repeats those of another."""
    points = len(ENDS) + SAMPLE

    assert outcome["line"].startswith(f"killed at {points} of {points} points: 0 left")
    assert outcome["left_of_no_point"] == []
