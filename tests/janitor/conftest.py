"""What tests of the janitor need of the shared twin."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.janitor.arm_hands import ArmHands
from harness.janitor.environment import twin_environment
from harness.janitor.ledger import Place


@pytest.fixture
def place(ready: Path) -> Place:
    """Its workspace."""
    env = json.loads(ready.read_text())["env"]
    names = ("AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "AZURE_WORKSPACE_NAME")
    return Place(*(env[name] for name in names))


@pytest.fixture
def hands(ready: Path, place: Place) -> Iterator[ArmHands]:
    """Hands in it, and this process's environment led to it."""
    with twin_environment(ready) as reachable:
        assert reachable
        yield ArmHands(place)
