"""What Azure has retired and when: `data/retirements.json`, with a source for every date."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[2] / "data" / "retirements.json"
ERAS = {"may-2024": date(2024, 5, 20), "feb-2025": date(2025, 2, 15)}  # else the calendar's day


@dataclass(frozen=True)
class Retirement:
    """The day something went."""

    on: date
    inferred: bool
    source: str

    def __str__(self) -> str:
        """As evidence."""
        return f"{self.source}{' (date inferred)' if self.inferred else ''}"


def size_retired(name: str) -> Retirement | None:
    """When a VM size went or will go; None when nothing is known."""
    return next(
        (
            _retirement(entry)
            for entry in _data()["sizes"]
            if name.lower() in (each.lower() for each in entry["names"])
        ),
        None,
    )


def model_retired(name: str) -> Retirement | None:
    """When a base model stopped being fine-tunable."""
    found = (entry for entry in _data()["models"] if entry["name"] == name)
    return next((_retirement(entry) for entry in found), None)


def day_of(era: str | None, recorded: str | None, today: date) -> date:
    """The day it is for who answers: the twin lives in its era, a recording in its past."""
    if era is not None:
        return ERAS.get(era, today)
    return date.fromisoformat(recorded[:10]) if recorded else today


def _retirement(entry: dict[str, Any]) -> Retirement:
    return Retirement(date.fromisoformat(entry["on"]), entry["inferred"], entry["source"])


@cache
def _data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
