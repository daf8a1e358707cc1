"""What to say of a step's process that left no outcome."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

from harness.twin.engine.steps.step import Outcome
from harness.twin.shortage import CODE


def lost(name: str, code: int, log: Path) -> Outcome:
    """The outcome of a process that left none: killed, or out of memory."""
    tail = ""
    with suppress(OSError):
        text = log.read_text(encoding="utf-8", errors="replace")
        tail = "\n".join(text.splitlines()[-6:])
    message = f"The process of {name} ended with exit code {code} and left no outcome.\n{tail}"
    if code == -signal.SIGKILL:  # the twin kills none that it waits for
        reason = "this machine killed it, as it does when memory is out (SIGKILL)"
        return Outcome(error={"code": CODE, "message": f"{CODE}: {reason}. {message}".strip()})
    return Outcome(error={"code": "SystemError", "message": message.strip()})
