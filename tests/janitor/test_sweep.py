"""`python -m harness sweep` beside a ledger, and the campaign with a part of the promise missing.

After runs that were really killed: tests/scenarios/test_killed.py.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.janitor.ledger import Ledger, Place

ROOT = Path(__file__).parents[2]


def sweep(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m harness sweep`."""
    command = [sys.executable, "-m", "harness", "sweep", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_a_dry_run_writes_nothing_down_either(tmp_path: Path) -> None:
    """Not even that a twin that has ended took everything along."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.describe(Place("s", "g", "w"), ready=tmp_path / "ended.json")
    ledger.expect("endpoint", "e")
    before = ledger.path.read_bytes()

    dry = sweep(str(ledger.path), "--dry-run")
    after = ledger.path.read_bytes()
    done = sweep(str(ledger.path))

    assert (dry.returncode, done.returncode) == (0, 0)
    assert "gone: endpoint e (the twin it was in has ended)" in done.stdout
    assert after == before
    assert ledger.open_entries() == []


@pytest.mark.parametrize(
    "arguments",
    [["--all-open", "nowhere"], ["--tag", "--workspace", "only/two"], ["nowhere.jsonl"]],
)
def test_a_senseless_command_line_deletes_nothing(arguments: list[str]) -> None:
    """Exit code 2 and a word on what to type."""
    assert sweep(*arguments).returncode == 2


@pytest.mark.slow_crash
@pytest.mark.parametrize("without", ["watchdog", "ledger"])
def test_the_campaign_finds_leaks(without: str) -> None:
    """With a part of the promise taken away, a killed run leaves its cluster, and is told."""
    command = [sys.executable, "-m", "harness.crash", "--only", "job.submit#1:before:kill"]

    done = subprocess.run(
        [*command, "--without", without], cwd=ROOT, capture_output=True, text=True, timeout=300
    )

    assert done.returncode == 1, done.stdout + done.stderr
    assert "job.submit#1:before:kill: compute c" in done.stdout
    assert "again: python -m harness.crash --only job.submit#1:before:kill" in done.stdout
