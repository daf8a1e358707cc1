"""Why a job failed: the parent's error never says it, so ask the children."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.recipe.plain import plain

if TYPE_CHECKING:
    from harness.recipe.connect import Connection

_DEPTH = 3  # pipeline, the component's own pipeline, its steps


def failed_children(connection: Connection, name: str, depth: int = _DEPTH) -> list[str]:
    """One line for each failed descendant: its name and its own error, deepest first."""
    reasons: list[str] = []
    if depth == 0:
        return reasons
    for child in connection.workspace.jobs.list(parent_job_name=name):
        status = plain(child.status)
        if status in ("Completed", "NotStarted"):
            continue
        below = failed_children(connection, str(child.name), depth - 1)
        reasons += below or [
            f"{child.display_name or child.name}: {status}{_own(connection, child)}"
        ]
    return reasons


def _own(connection: Connection, child: Any) -> str:
    """The child's own message, from the run history.

    No public method of the SDK tells it: `jobs.get` has no error, `jobs.stream` refuses children.
    What stream itself reads is used; should a release move it, the status is said without reason.
    """
    history = getattr(connection.workspace.jobs, "_runs_operations", None)
    if history is None:
        return ""
    error = history.get_run_details(str(child.name)).error
    return f": {innermost(error.as_dict())}" if error else ""


def innermost(envelope: Mapping[str, Any]) -> str:
    """The most specific message in Azure's nested error envelope."""
    found = list(_messages(envelope))
    return found[-1] if found else "no reason was given"


def _messages(value: Any) -> Iterator[str]:
    """Messages on the way down; details come after the error that holds them."""
    if not isinstance(value, Mapping):
        return
    if isinstance(value.get("message"), str) and value["message"]:
        yield value["message"]
    for key in ("error", "innerError", "inner_error"):
        yield from _messages(value.get(key))
    for detail in value.get("details") or []:
        yield from _messages(detail)
