"""A small recording of two steps: saved as a run saves it, opened as a replay opens it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.plan import Plan
from harness.targets.cassette import open_cassettes
from harness.targets.target import Target
from harness.wire.cassette import written
from harness.wire.message import Message
from harness.wire.save import save

STEPS = {1: "connection", 2: "base_model"}


def saved(messages: Sequence[Message], folder: Path, plan: Plan | None = None) -> Path:
    """Write the messages as the cassettes of a scenario; its folder."""
    plan = plan or Plan(target="twin")
    about = {"target": "twin", "scenario": "small", "plan_hash": plan.digest()}
    save(
        messages,
        folder,
        about={**about, "plan": plan.as_dict()},
        steps=STEPS,
        timestamp="1795000000",
        kept={2: {"samples_ms": [1.0]}},
    )
    return folder


def opened(folder: Path, plan: Plan | None = None) -> Target:
    """The target of a replay, opened and closed."""
    with open_cassettes(plan or Plan(target="cassette"), folder.parent, folder) as target:
        return target


def again(path: Path, change: Callable[[list[Any]], Any]) -> None:
    """Change the interactions of a file and seal it anew, as a recording would."""
    told = json.loads(path.read_text())
    change(told["interactions"])
    path.write_text(written(told["provenance"], told["interactions"]))
