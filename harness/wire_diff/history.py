"""What each release of the SDK asks otherwise than the one before: data/sdk/history.json."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from harness.wire_diff.change import Change

FILE = Path(__file__).resolve().parents[2] / "data" / "sdk" / "history.json"


def since(change: Change, one: str, two: str) -> str:
    """The releases between two that changed what a change is about, `1.20.0, 1.32.0`; or "".

    Whichever of the two is the newer one. The history knows the releases of the matrix: a change
    that is told of one of them may have come with one between it and the one before.
    """
    from packaging.version import Version

    low, high = sorted((Version(one), Version(two)))
    found = [
        release
        for release, changes in _told().items()
        if low < Version(release) <= high and _about(change) in changes
    ]
    return ", ".join(sorted(found, key=Version))


def _about(change: Change) -> tuple[str, str]:
    """What a change is about, in whichever direction it is seen."""
    return change.operation, change.where or change.before or change.after


@cache
def _told() -> dict[str, set[tuple[str, str]]]:
    """What the changes of each release are about."""
    told: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        step["release"]: {_about(Change(**each)) for each in step["changes"]}
        for step in told["releases"]
    }
