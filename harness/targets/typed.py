"""What to type on the twin, where the recipe and the checks say `az`: that leads to Azure alone."""

from __future__ import annotations

import re
from pathlib import Path

# a command, its two words and its options; prose goes on behind it
_AZ = re.compile(
    r"(?<!on Azure: )\baz (ml|role) (?P<what>[a-z-]+ [a-z-]+)(?: --[a-z-]+(?: [^\s;,-][^\s;,]*)?)*"
)
_LOGS = "blobs/azureml/ExperimentRun/*/user_logs/std_log.txt"


def on_twin(era: str, state: Path | None, text: str) -> str:
    """The text, with each command of az behind one that tells the same of the twin of that folder.

    The logs of a job are files there; all else it answers when it is served again. None: a twin
    that leaves no folder; another of its era answers alike. Idempotent.
    """
    shown = _shown(state) if state else None
    serve = f"python -m harness twin --era {era}" + (f" --state {shown}" if shown else "")
    logs = {"job download": f"tail -n 50 {shown}/{_LOGS}"} if shown else {}
    return _AZ.sub(lambda az: f"{logs.get(az['what'], serve)} (on Azure: {az[0]})", text)


def _shown(folder: Path) -> Path:
    whole, here = folder.resolve(), Path.cwd()
    return whole.relative_to(here) if whole.is_relative_to(here) else whole
