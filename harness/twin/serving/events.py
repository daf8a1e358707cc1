"""What happened to a deployment's containers, and getLogs in the form Azure gives it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

_STAGES = ("SystemSetup", "UserContainerImagePull", "ModelDownload", "UserContainerStart")


@dataclass
class Events:
    """The events of one deployment's containers, kept in a file beside the logs."""

    file: Path
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, name: str, message: str) -> None:
        """Note that something happened now."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        line = f"Kind: Pod, Name: {name}, Type: Normal, Time: {stamp}, Message: {message}\n"
        with self._lock, self.file.open("a", encoding="utf-8") as file:
            file.write(line)

    def text(self) -> str:
        """All of them, oldest first."""
        return self.file.read_text(encoding="utf-8") if self.file.is_file() else ""


def content(started: bool, events: str, logs: Iterable[Path], tail: int) -> str:
    """The text of getLogs: stages, events, and the last `tail` lines the containers said."""
    states = ["Succeeded"] * 3 + ["Succeeded" if started else "Failed"]
    status = "\n".join(f"{stage}: {state}" for stage, state in zip(_STAGES, states, strict=True))
    said = "".join(_tail(log, tail) for log in logs)
    return f"Instance status:\n{status}\n\nContainer events:\n{events}\nContainer logs:\n{said}"


def _tail(log: Path, lines: int) -> str:
    if not log.is_file():
        return ""
    text = log.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    return "".join(text[-lines:])
