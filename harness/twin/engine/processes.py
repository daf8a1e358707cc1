"""Ending a step's process, and what to say of one that left no outcome."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

from harness.twin.engine.steps.step import Outcome


def end(process: BaseProcess | None, number: signal.Signals) -> None:
    """Signal the step's whole process group (`warm` gives each its own)."""
    if process is None or process.pid is None or process.exitcode is not None:
        return
    with suppress(ProcessLookupError):
        try:
            os.killpg(process.pid, number)
        except (ProcessLookupError, PermissionError):  # it has not made its group yet
            os.kill(process.pid, number)


def lost(name: str, code: int, log: Path) -> Outcome:
    """The outcome of a process that left none: killed, or out of memory."""
    tail = ""
    with suppress(OSError):
        text = log.read_text(encoding="utf-8", errors="replace")
        tail = "\n".join(text.splitlines()[-6:])
    message = f"The process of {name} ended with exit code {code} and left no outcome.\n{tail}"
    return Outcome(error={"code": "SystemError", "message": message.strip()})
