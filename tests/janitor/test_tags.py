"""`python -m harness sweep --tag`: no ledger is left; tags alone say what is ours."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from harness.janitor.arm_hands import ArmHands

ROOT = Path(__file__).parents[2]
OWNER = "tag-sweeper"  # of these tests alone
A100 = {"vmSize": "STANDARD_NC24ADS_A100_V4"}


def until(hours: int) -> str:
    """A DeleteAfter that many hours from now."""
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def ours(hours: int, owner: str = OWNER) -> dict[str, str]:
    """The three tags."""
    return {"run": "1", "owner": owner, "DeleteAfter": until(hours)}


THINGS: dict[str, tuple[str, dict[str, str] | None, bool]] = {  # name: kind, tags, whether it goes
    "tag-old-endpoint": ("endpoint", ours(-1), True),
    "tag-old-cluster": ("compute", ours(-30), True),
    "tag-young": ("endpoint", ours(1), False),
    "tag-theirs": ("endpoint", ours(-1, "somebody"), False),
    "tag-untagged": ("compute", None, False),
    "tag-kept": ("compute", {"run": "1", "owner": OWNER}, False),
}


def put(hands: ArmHands, kind: str, name: str, tags: dict[str, str] | None) -> None:
    """Create it as a run would."""
    scale = {"scaleSettings": {"maxNodeCount": 2, "minNodeCount": 0}}
    properties: dict[str, Any] = (
        {"authMode": "Key", "properties": {}}
        if kind == "endpoint"
        else {"computeType": "AmlCompute", "properties": {**A100, **scale}}
    )
    answer = requests.put(
        hands._url(kind, name),
        json={"location": "eastus", "tags": tags or {}, "properties": properties},
        headers={"Authorization": f"Bearer {hands._bearer()}"},
        timeout=30,
    )
    assert answer.status_code in (200, 201), answer.text


@pytest.fixture
def workspace(hands: ArmHands) -> ArmHands:
    """A workspace with all of them."""
    for name, (kind, tags, _) in THINGS.items():
        put(hands, kind, name, tags)
    return hands


def sweep(hands: ArmHands, *options: str) -> subprocess.CompletedProcess[str]:
    """The command, in this process's environment, which leads to the twin."""
    place = hands.place
    where = f"{place.subscription}/{place.group}/{place.workspace}"
    command = [sys.executable, "-m", "harness", "sweep", "--tag", "--owner", OWNER]
    return subprocess.run(
        [*command, "--workspace", where, *options], cwd=ROOT, capture_output=True, text=True
    )


def there(hands: ArmHands) -> set[str]:
    """Which of the things the lists show."""
    names = {name for kind in ("endpoint", "compute") for name in hands.names(kind)}
    return names & set(THINGS)


def test_what_is_ours_and_expired_goes_and_nothing_else(workspace: ArmHands) -> None:
    """Dry first: exit code 1 and all is still there; then exactly that goes, and money is told."""
    dry = sweep(workspace, "--dry-run")
    before = there(workspace)
    done = sweep(workspace)
    after = there(workspace)
    again = sweep(workspace, "--dry-run")

    assert (dry.returncode, done.returncode, again.returncode) == (1, 0, 0), done.stderr
    assert "would delete endpoint tag-old-endpoint" in dry.stdout
    assert "2 would be deleted, up to $176.30 a day avoided; 0 left" in dry.stdout
    assert before == set(THINGS)
    assert "gone: compute tag-old-cluster" in done.stdout
    assert "2 deleted, up to $176.30 a day avoided; 0 left" in done.stdout
    assert after == {name for name, (_, _, goes) in THINGS.items() if not goes}
    assert "0 tagged owner=tag-sweeper and past DeleteAfter" in again.stdout
