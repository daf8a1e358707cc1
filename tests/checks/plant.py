"""One thing that can go wrong, planted on the twin, and exactly what is to be said of it.

All of them: `plants.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

MAY_2024 = date(2024, 5, 20)


@dataclass(frozen=True)
class Edit:
    """The answer of `operation` as the clean run saw it, changed; the first `after` stay as is."""

    operation: str
    change: Callable[[Any], Any]
    after: int = 0


@dataclass(frozen=True)
class Plant:
    """One thing planted; `does` is where: in `tests.checks.doing`.

    `says` are severity, check and blame of every finding but infos; `tells` are checks that inform,
    `part` stands in the message of the first finding or of the error, `cause` is its evidence.
    """

    id: str
    does: str
    says: tuple[str, ...]
    settings: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    tells: tuple[str, ...] = ()
    part: str = ""
    cause: str = ""
    day: date = MAY_2024
    green: bool = False  # compared with the clean run as the last green one
    packages: tuple[tuple[str, str], ...] = ()  # installed besides, in these versions
    requires: str = ""  # by the first of them
    rows: Callable[[list[str]], list[str]] | None = None  # of train_sft and test_gen
    forced: tuple[str, str, str | int] | None = None  # into the plan: no file may say so

    def found_by(self) -> set[str]:
        """The checks that find something of it."""
        return {each.partition(":")[0].rpartition(" ")[2] for each in self.says}
