"""The shipped recording with one thing in it changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.wire_diff.calls import Call, recording
from harness.wire_diff.change import Change
from harness.wire_diff.compare import changes

SHIPPED = Path(__file__).parents[2] / "cassettes" / "finetune_chat"
RECORDED = recording(SHIPPED)


def planted(change: Callable[[list[Call]], None]) -> list[Change]:
    """What is reported when the shipped recording is changed like that."""
    calls = list(RECORDED.calls)
    change(calls)
    return changes(RECORDED, replace(RECORDED, calls=tuple(calls)))


def other(call: Call, **parts: Any) -> Call:
    """The call with other parts."""
    return replace(call, parts=call.parts._replace(**parts))


def at(calls: list[Call], operation: str) -> int:
    """Where the first call of an operation stands."""
    return next(n for n, call in enumerate(calls) if call.operation == operation)


def edited(operation: str, edit: Callable[[dict[str, Any]], Any]) -> Callable[[list[Call]], None]:
    """Change the body of the first call of an operation."""

    def change(calls: list[Call]) -> None:
        number = at(calls, operation)
        body = json.loads(json.dumps(calls[number].parts.body))
        edit(body)
        calls[number] = other(calls[number], body=body)

    return change


def asked_with(**parts: Any) -> Callable[[list[Call]], None]:
    """Change other parts of the cluster's create."""

    def change(calls: list[Call]) -> None:
        number = at(calls, "compute.create")
        calls[number] = other(calls[number], **parts)

    return change


def settings(body: dict[str, Any]) -> dict[str, Any]:
    """The cluster's settings."""
    found: dict[str, Any] = body["properties"]["properties"]
    return found


def renamed(body: dict[str, Any]) -> None:
    """Spell a field as Python would, as a release of the SDK once did."""
    settings(body)["vm_size"] = settings(body).pop("vmSize")
