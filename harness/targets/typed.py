"""What to type on the twin, where the recipe and the checks say `az`: that leads to Azure alone."""

from __future__ import annotations

import re
from pathlib import Path

from harness.shell import typed

# a command that shows something, its two words and its options; prose goes on behind it
_AZ = re.compile(
    r"(?<!on Azure: )\baz (ml|role) (?P<what>[a-z-]+ (?:show|list|download|get-logs)[a-z-]*)"
    r"(?: --[a-z-]+(?: [^\s;,-][^\s;,]*(?<!\.))?)*"
)
_LOGS = "blobs/azureml/ExperimentRun/*/user_logs/std_log.txt"


def on_twin(asked: str, state: Path | None, text: str) -> str:
    """The text, with each command of az that shows something behind `asked`, which works here.

    The logs of a job are files in the twin's folder, and are shown as such. Idempotent.
    """
    logs = {"job download": f"tail -n 50 {typed(state)}/{_LOGS}"} if state else {}
    return _AZ.sub(lambda az: f"{logs.get(az['what'], asked)} (on Azure: {az[0]})", text)


def shown_again(era: str, state: Path | None) -> str:
    """The command that says what a twin that has ended holds; None: it left no folder.

    Then another of its era has the same.
    """
    return f"python -m harness twin --show --era {era}" + (
        f" --state {typed(state)}" if state else ""
    )


def running(state: Path) -> str:
    """What to do where it still runs; it has its folder to itself."""
    return f"ask the twin in {typed(state)}"
