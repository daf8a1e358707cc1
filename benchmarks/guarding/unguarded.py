"""The pytest plugin of a run without guards: `-p benchmarks.guarding.unguarded`.

For the comparison only.
No watchdog; the ledger in memory and not on disk; a delete, and no proof that the thing is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.janitor import delete, watch
from harness.janitor.hands import Hands
from harness.janitor.ledger import Entry, Ledger

LINES: dict[Path, list[dict[str, Any]]] = {}


def _append(ledger: Ledger, line: Mapping[str, Any]) -> None:
    LINES.setdefault(ledger.path, []).append({**line, "at": 0.0})


def _lines(ledger: Ledger) -> list[dict[str, Any]]:
    return LINES.get(ledger.path, [])


def _gone(hands: Hands, entry: Entry, seconds: float) -> tuple[str, ...]:
    if entry.kind != "job":  # it has completed
        hands.delete(entry.kind, entry.name, seconds)
    return ("not looked for",)


def pytest_configure() -> None:
    """Take the guards away."""
    for thing, name, instead in (
        (Ledger, "_append", _append),
        (Ledger, "_lines", _lines),
        (delete, "_gone", _gone),
        (watch, "_start", lambda *arguments: None),
    ):
        assert hasattr(thing, name)
        setattr(thing, name, instead)
