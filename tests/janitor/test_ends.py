"""Every way a run can end, at a place where that matters, and who deleted what it had created.

Two campaigns (`python -m harness.crash`), in each of which all points share a twin and a job that
has completed: the ends that differ most in every `make test`, all others in `make crash`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.processes import is_running, read, signal_group, signal_group_of

ROOT = Path(__file__).parents[2]
INTERRUPTED = int(pytest.ExitCode.INTERRUPTED)
FAILED = int(pytest.ExitCode.TESTS_FAILED)
RUN, WATCHDOG, SWEEP = "the run", "its watchdog", "a sweep"
Ends = dict[str, tuple[int | None, str | None]]  # by point: exit code, who deleted; None: any
ENDS: Ends = {
    "deployment.create#1:after:twice": (130, WATCHDOG),
    # what leaves Python no time
    "deployment.create#1:after:hangup": (-1, WATCHDOG),
    "scoring.invoke#2:before:exit": (3, WATCHDOG),
    "endpoint.create#1:after:worker": (FAILED, WATCHDOG),
}
OTHERS: Ends = {
    # killed; by hand in tests/scenarios/test_killed.py
    "endpoint.create#1:after:kill": (-9, WATCHDOG),
    "endpoint.create#1:after:both": (-9, SWEEP),
    # Ctrl-C in each of the nine steps; by hand in tests/scenarios/test_interrupt.py
    "compute.create#1:after:interrupt": (INTERRUPTED, RUN),
    "run.details#1:after:interrupt:running": (INTERRUPTED, RUN),
    "deployment.create#1:after:interrupt": (INTERRUPTED, RUN),
    "workspace.get#1:before:interrupt": (INTERRUPTED, RUN),
    "registry_model.versions#1:before:interrupt": (INTERRUPTED, RUN),
    "step.splits#1:before:interrupt": (INTERRUPTED, RUN),  # asks nobody anything
    "model.register#1:after:interrupt": (INTERRUPTED, RUN),
    "scoring.invoke#1:after:interrupt": (INTERRUPTED, RUN),
    "endpoint.delete#1:after:interrupt": (INTERRUPTED, RUN),
    # and all else that ends a run
    "compute.poll#1:before:memory": (None, None),  # whether Python dies of it, is chance
    "job.submit#1:after:first:running": (FAILED, RUN),
    "compute.poll#1:before:maxfail": (FAILED, RUN),
    "scoring.invoke#2:before:money": (FAILED, RUN),
    "endpoint.create#1:after:watchdog": (None, RUN),
}
SAMPLE = ["--sample", "3", "--seed", "1"]  # points of `make crash`, the same ones every day


def test_it_ends_as_it_does_and_leaves_nothing(tmp_path: Path) -> None:
    """Every run reached its point, ended as we say, and all was deleted by whom we say."""
    outcome = campaign(tmp_path, ENDS, *SAMPLE)

    assert wrong(outcome, ENDS) == {}
    assert outcome["line"].startswith(f"killed at {len(ENDS) + 3} of {len(ENDS) + 3} points")
    assert (outcome["left"], outcome["left_of_no_point"]) == (0, [])


@pytest.mark.slow_crash
def test_so_do_all_other_ends(tmp_path: Path) -> None:
    """The same of the ends that differ less."""
    outcome = campaign(tmp_path, OTHERS)

    assert wrong(outcome, OTHERS) == {}
    assert outcome["left_of_no_point"] == []


@pytest.mark.slow_crash
def test_a_campaign_that_takes_too_long_takes_its_twin_along(tmp_path: Path) -> None:
    """Whoever gives it up has nothing to look for."""
    with pytest.raises(subprocess.TimeoutExpired):
        campaign(tmp_path, OTHERS, seconds=15)

    (pid,) = tmp_path.glob("crash-*/twin/pid")
    assert read(pid) is not None
    assert not is_running(read(pid))


def campaign(folder: Path, ends: Ends, *options: str, seconds: float = 600) -> dict[str, Any]:
    """What it says of these points. Raises TimeoutExpired after `seconds`, and nothing stays."""
    told, log = folder / "crash.json", folder / "campaign.log"
    command = [sys.executable, "-m", "harness.crash", "--json", str(told), *options]
    for point in ends:
        command += ["--only", point]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(folder)},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        process.wait(seconds)
    finally:
        end(process, folder)
        print(log.read_text())
    found: dict[str, Any] = json.loads(told.read_text())
    return found


def end(process: subprocess.Popen[bytes], folder: Path) -> None:
    """The campaign and its twin, which has a session of its own; runs without one end by it."""
    process.terminate()  # it begins no more points, waits for those it is at, and stops its twin
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        for twin in map(read, folder.glob("crash-*/twin/pid")):
            signal_group(twin, signal.SIGKILL)
        signal_group_of(process, signal.SIGKILL)
        process.wait()


def wrong(outcome: dict[str, Any], ends: Ends) -> dict[str, Any]:
    """The points that went otherwise, with all that is known of them."""
    found = {each["point"]: each for each in outcome["points"]}
    return {
        point: found.get(point, "not begun")
        for point, wanted in ends.items()
        if point not in found or not _as_wanted(found[point], *wanted)
    }


def _as_wanted(result: dict[str, Any], code: int | None, by: str | None) -> bool:
    clean = result["reached"] and not result["trouble"] and not result["left"]
    return clean and code in (None, result["exit_code"]) and by in (None, who_deleted(result))


def who_deleted(result: dict[str, Any]) -> str:
    """The last who had to."""
    if result["left_by_watchdog"]:
        return SWEEP
    return WATCHDOG if result["watchdog_acted"] else RUN
