"""A deployment's log, kept when it fails: soon after that it is deleted, and its log with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import StepError

if TYPE_CHECKING:
    from harness.plan import Plan
    from harness.recipe.connect import Connection

LINES = 1000


def log_file(plan: Plan, folder: Path) -> str:
    """Where the log of the plan's deployment goes in the run's folder, as it can be typed.

    "" on a replay: the log was not recorded.
    """
    if plan.target == "cassette":
        return ""
    path = (folder / f"deployment-{plan.deployment.name}.log").resolve()
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


@contextmanager
def log_kept(
    connection: Connection, endpoint: str, deployment: str, file: str, lines: int = LINES
) -> Iterator[None]:
    """A step that fails inside leaves the deployment's last lines in `file`; its error goes on."""
    try:
        yield
    except StepError:
        if file:
            keep_log(connection, read_log(connection, endpoint, deployment, lines), file)
        raise


def read_log(connection: Connection, endpoint: str, deployment: str, lines: int = LINES) -> str:
    """The last lines of the log, or why they cannot be read."""
    from azure.core.exceptions import AzureError

    try:
        return str(connection.workspace.online_deployments.get_logs(deployment, endpoint, lines))
    except AzureError as error:
        return f"(the logs cannot be read: {error.message})"


def keep_log(connection: Connection, text: str, file: str) -> None:
    """Put it on disk without secrets; a disk that is full must not hide why the step failed."""
    from harness.wire.scrub import Scrubber  # a run that is well needs none

    clean = Scrubber(timestamp=connection.timestamp).scrub(text)
    with suppress(OSError):
        Path(file).write_text(clean + "\n", encoding="utf-8")
