"""What earlier runs saw of things that Azure changes in place: kept in run.json, compared here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.checks.facts import BaseModel

if TYPE_CHECKING:
    from harness.plan import Plan


def seen(base_model: BaseModel) -> dict[str, Any]:
    """What to keep of the model and its component; the name of each thing holds its version."""
    component = base_model.component
    return {
        "model": {"is": str(base_model), **base_model.tags},
        "component": {
            "is": str(component),
            **{name: _spoken(asdict(each)) for name, each in component.inputs.items()},
            **{f"output {name}": "" for name in component.outputs},
        },
    }


def last_seen(folder: Path, plan: Plan, target: str, scenario: str) -> dict[str, Any] | None:
    """What the newest green run before this one saw, of the same target and scenario.

    A twin of another era holds other models, and is another target.
    """
    for run in sorted(folder.parent.glob("2*/run.json"), reverse=True):
        if run.parent.name >= folder.name:
            continue
        record = _read(run)
        era = record.get("plan", {}).get("twin", {}).get("era")
        same = (record.get("target"), record.get("scenario")) == (target, scenario)
        same = same and (target != "twin" or era == plan.twin.era)
        if same and record.get("outcome") == "passed" and record.get("seen"):
            return dict(record["seen"])
    return None


def difference(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """One line for each key that came, went or changed."""
    for key in sorted({*before, *now}):
        if key not in now:
            yield f"- {key}: {before[key]}"
        elif key not in before:
            yield f"+ {key}: {now[key]}"
        elif before[key] != now[key]:
            yield f"~ {key}: {before[key]} -> {now[key]}"


def _spoken(told: dict[str, Any]) -> str:
    return ", ".join(
        f"{key} {'|'.join(value) if isinstance(value, tuple) else value}"
        for key, value in told.items()
        if value not in (None, ())
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # a run that is being written, or was cut off
        return {}
    return found
