"""Releases recorded beforehand: the shipped cassettes, with something asked otherwise."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.sdk import releases
from harness.sdk.row import Import, Row, place, write_row
from harness.sdk.runs import Ran
from harness.wire import cassette

SHIPPED = Path(__file__).parents[2] / "cassettes" / "finetune_chat"
FINE = Import("", 2.0, (), "", 3.0, ())
GREEN = Ran("passed", 80, 20.0, "", "", ())


def other_size(told: dict[str, Any]) -> None:
    """What 1.3 and later ask: a cluster of another size."""
    for entry in told["interactions"]:
        if entry["operation"] == "compute.create":
            entry["request"]["body"]["properties"]["properties"]["vmSize"] = "small"


def without_sizes(told: dict[str, Any]) -> None:
    """What 1.3 and later leave out: the list of sizes."""
    told["interactions"] = [e for e in told["interactions"] if e["operation"] != "vm_size.list"]


def recorded(home: Path, version: str, change: Callable[[dict[str, Any]], None] | None) -> None:
    """A release whose recording and answers are there."""
    folder = place(home, version) / "cassettes" / "finetune_chat"
    shutil.copytree(SHIPPED, folder)
    file = folder / "3_cluster.json"
    told = json.loads(file.read_text())
    if change:
        change(told)
    file.write_text(cassette.written(told["provenance"], told["interactions"]))
    answer = {"type": "str", "text": "JobStatus.X" if change else "X", "raised": [], "sent": None}
    behaviour = {"probes": {"job_status": answer}, "signatures": {}}
    (place(home, version) / "behaviour.json").write_text(json.dumps(behaviour))
    row = Row(version, "2026-01-01", FINE, ran=GREEN, recipe=releases.recipe())
    write_row(home, row)
