"""A cluster that the plan keeps is scaled to zero, by SDK and by sweep; a found one stays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import requests

from harness.janitor.arm_hands import ArmHands
from harness.janitor.delete import by_hand, delete_all
from harness.janitor.hands import Hands
from harness.janitor.ledger import Entry, Ledger
from harness.janitor.sdk_hands import SdkHands
from harness.janitor.tags import tags
from harness.plan import Plan

ROOT = Path(__file__).parents[2]


def put_cluster(hands: ArmHands, name: str) -> None:
    """A cluster that keeps one node."""
    scale = {"maxNodeCount": 2, "minNodeCount": 1, "nodeIdleTimeBeforeScaleDown": "PT2M"}
    inner = {"vmSize": "Standard_NC24ads_A100_v4", "vmPriority": "LowPriority"}
    answer = requests.put(
        hands._url("compute", name),
        json={
            "location": "eastus",
            "tags": {"run": "1"},
            "properties": {
                "computeType": "AmlCompute",
                "properties": {**inner, "scaleSettings": scale},
            },
        },
        headers={"Authorization": f"Bearer {hands._bearer()}"},
        timeout=30,
    )
    assert answer.status_code in (200, 201), answer.text


@pytest.fixture(params=["sdk", "arm"])
def either(request: pytest.FixtureRequest, hands: ArmHands) -> Hands:
    """What a run deletes with, and what watchdog and sweep do."""
    if request.param == "arm":
        return hands
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    place = hands.place
    return SdkHands(
        MLClient(DefaultAzureCredential(), place.subscription, place.group, place.workspace)
    )


def test_a_kept_cluster_is_brought_to_rest(
    tmp_path: Path, hands: ArmHands, either: Hands, request: pytest.FixtureRequest
) -> None:
    """It is there, with its size and tags, keeps no node, and the ledger is closed; others stay."""
    kept = f"kept-{request.node.callspec.id}"
    found = f"found-{request.node.callspec.id}"
    for name in (kept, found):
        put_cluster(hands, name)
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.describe(hands.place)
    ledger.expect("compute", kept, "Standard_NC24ads_A100_v4", 2, keep=True)
    ledger.answered("compute", kept)

    done = delete_all(either, ledger, 30)

    (rested,) = done.deleted
    assert rested.proof == ("kept, at a minimum of 0 nodes",)
    assert ledger.open_entries() == []
    assert (hands.floor(kept), hands.floor(found)) == (0, 1)
    (shown,) = [each for each in hands.listed("compute") if each.name == kept]
    assert (shown.size.lower(), shown.count) == ("standard_nc24ads_a100_v4", 2)
    assert shown.tags == {"run": "1"}


def test_sweep_says_that_it_stays(tmp_path: Path, hands: ArmHands) -> None:
    """`sweep` after a crash does the same, in its own words."""
    put_cluster(hands, "kept-by-sweep")
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.describe(hands.place)
    ledger.expect("compute", "kept-by-sweep", keep=True)
    ledger.answered("compute", "kept-by-sweep")
    command = [sys.executable, "-m", "harness", "sweep", str(ledger.path)]

    dry = subprocess.run([*command, "--dry-run"], cwd=ROOT, capture_output=True, text=True)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert "would scale to zero compute kept-by-sweep" in dry.stdout
    assert "at rest: compute kept-by-sweep" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0
    assert hands.present("compute", "kept-by-sweep")


def test_what_is_kept_has_no_time_to_go() -> None:
    """No DeleteAfter, so that no sweep by tags takes it; and the command by hand scales it."""
    assert set(tags(Plan(), "1", keep=True)) == {"run", "owner"}
    assert by_hand(Entry("compute", "c", keep=True), "").command.startswith("az ml compute update")
