"""What a twin holds can be read once it has ended: the command that messages name on the twin."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .asking import KEY_AUTH
from .conftest import ROOT, Start
from .led import session, workspace


def shown(*options: str) -> subprocess.CompletedProcess[str]:
    """The command, in a process of its own."""
    command = [sys.executable, "-m", "harness.twin", "--show", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_what_was_made_is_there_and_stays(start: Start, tmp_path: Path) -> None:
    """An endpoint outlives its twin; whoever looks leaves no file behind."""
    state = tmp_path / "twin"
    running = start("--state", str(state))
    session(running).put(workspace(running, "/onlineEndpoints/ep-1"), json=KEY_AUTH, timeout=10)
    running.process.terminate()
    running.process.wait(10)

    done = shown("--state", str(state))
    files = sorted(state.rglob("*"))
    again = shown("--state", str(state))

    assert done.returncode == 0, done.stderr
    assert "  endpoint ep-1: Creating\n" in done.stdout
    assert again.stdout == done.stdout
    assert sorted(state.rglob("*")) == files


@pytest.mark.parametrize(
    ("era", "lines"),
    [
        ("may-2024", ["finetune_compute_allow_list", "Standard_NC6s_v3: 6 cores, 1 GPUs, tr"]),
        ("today", ["15 (archived)", "supportedComputes", "Standard_NC6s_v3: 6 cores, 1 GPUs, ret"]),
    ],
)
def test_an_era_has_its_models_and_sizes(tmp_path: Path, era: str, lines: list[str]) -> None:
    """What findings speak of: lists of sizes, archived versions, retired sizes, quota."""
    said = shown("--era", era, "--state", str(tmp_path / "twin")).stdout

    assert [line for line in lines if line not in said] == []
    assert "quota standardNCADSA100v4Family: 0 of 192 cores in use" in said


def test_a_twin_that_runs_is_not_looked_into(start: Start) -> None:
    """It can be asked itself, and has its folder alone."""
    done = shown("--state", start().ready["state"])

    assert done.returncode == 2
    assert "another twin runs in" in done.stderr
