"""Why a job failed: the parent's error never says it, so ask the children."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.recipe.connect import Connection

_DEPTH = 3  # pipeline, the component's own pipeline, its steps


def failed_children(connection: Connection, name: str, depth: int = _DEPTH) -> list[str]:
    """One line for each failed descendant: its name and its own error, deepest first."""
    reasons: list[str] = []
    if depth == 0:
        return reasons
    for child in connection.workspace.jobs.list(parent_job_name=name):
        status = str(getattr(child.status, "value", child.status))
        if status in ("Completed", "NotStarted"):
            continue
        below = failed_children(connection, str(child.name), depth - 1)
        reasons += below or [
            f"{child.display_name or child.name}: {status}{_own(connection, child)}"
        ]
    return reasons


def _own(connection: Connection, child: Any) -> str:
    """The child's own message; the SDK hands it out only through stream's exception."""
    from azure.ai.ml.exceptions import JobException

    try:
        connection.workspace.jobs.stream(child.name)
    except JobException as error:
        return f": {innermost(str(error))}"
    return ""


def innermost(text: str) -> str:
    """The most specific message in Azure's nested error envelope, else the text itself."""
    start = text.find("{")
    try:
        envelope, _ = json.JSONDecoder().raw_decode(text[start:]) if start >= 0 else ({}, 0)
    except ValueError:
        return text.strip()
    found = list(_messages(envelope))
    return found[-1] if found else text.strip()


def _messages(value: Any) -> Any:
    """Messages on the way down; details come after the error that holds them."""
    if not isinstance(value, dict):
        return
    if isinstance(value.get("message"), str) and value["message"]:
        yield value["message"]
    for key in ("error", "innerError", "inner_error"):
        yield from _messages(value.get(key))
    for detail in value.get("details") or []:
        yield from _messages(detail)
