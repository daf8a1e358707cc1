"""Why a job failed: the parent's error never says it, so ask the children."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.checks.facts import Child
from harness.recipe.plain import plain

if TYPE_CHECKING:
    from harness.recipe.connect import Connection

_DEPTH = 3  # pipeline, the component's own pipeline, its steps
_FINE = ("Completed", "NotStarted")


def failed_children(connection: Connection, name: str, depth: int = _DEPTH) -> tuple[Child, ...]:
    """Each failed descendant that has none below it, with its own error."""
    found: list[Child] = []
    if depth == 0:
        return ()
    for child in connection.workspace.jobs.list(parent_job_name=name):
        if (status := plain(child.status)) not in _FINE:
            below = failed_children(connection, str(child.name), depth - 1)
            found += below or [
                Child(str(child.display_name or child.name), status, *_own(connection, child))
            ]
    return tuple(found)


def _own(connection: Connection, child: Any) -> tuple[str, str]:
    """The child's own code and message, from the run history.

    No public method of the SDK tells it: `jobs.get` has no error, `jobs.stream` refuses children.
    What stream itself reads is used; should a release move it, the status is said without reason.
    """
    history = getattr(connection.workspace.jobs, "_runs_operations", None)
    if history is None:
        return "", ""
    error = history.get_run_details(str(child.name)).error
    return innermost(error.as_dict()) if error else ("", "")


def innermost(envelope: Mapping[str, Any]) -> tuple[str, str]:
    """The most specific code and message in Azure's nested error envelope."""
    codes, messages = list(_said(envelope, "code")), list(_said(envelope, "message"))
    return codes[-1] if codes else "", messages[-1] if messages else "no reason was given"


def _said(value: Any, what: str) -> Iterator[str]:
    """What is said on the way down; details come after the error that holds them."""
    if not isinstance(value, Mapping):
        return
    if isinstance(value.get(what), str) and value[what]:
        yield value[what]
    for key in ("error", "innerError", "inner_error"):
        yield from _said(value.get(key), what)
    for detail in value.get("details") or []:
        yield from _said(detail, what)
