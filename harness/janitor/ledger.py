"""The ledger: one line on disk before anything that costs money is created."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """Something of ours that may exist."""

    kind: str  # compute | job | endpoint
    name: str


class Ledger:
    """Append-only file of what this run may have created.

    A line is on disk before the create is sent, so a create whose answer never came can still be
    deleted; it is closed by a second line once absence was proven.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path

    def expect(self, kind: str, name: str) -> None:
        """Write down that this may exist from now on."""
        self._append({"event": "expect", "kind": kind, "name": name})

    def gone(self, kind: str, name: str) -> None:
        """Write down that absence was proven."""
        self._append({"event": "gone", "kind": kind, "name": name})

    def open_entries(self) -> list[Entry]:
        """What may still exist, newest first: the order to delete in."""
        still: dict[Entry, None] = {}
        for line in self._lines():
            entry = Entry(line["kind"], line["name"])
            if line["event"] == "expect":
                still[entry] = None
            else:
                still.pop(entry, None)
        return list(reversed(still))

    def _lines(self) -> list[dict[str, str]]:
        if not self.path.exists():
            return []
        text = self.path.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.endswith("}")]

    def _append(self, line: dict[str, str]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
