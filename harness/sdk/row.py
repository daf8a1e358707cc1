"""What is known of a release after trying it, kept as JSON beside its recording."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.sdk.runs import Ran


@dataclass(frozen=True)
class Import:
    """A fresh environment of nothing but the release: how it installs and imports."""

    installs: str  # empty, or why not
    seconds_install: float
    conflicts: tuple[str, ...]
    error: str  # empty, or why it does not import
    seconds: float
    warnings: tuple[str, ...]
    culprits: tuple[str, ...] = ()  # what stands in the way, with the versions between


@dataclass(frozen=True)
class Row:
    """One release. `today` and `its_day` are of two resolutions; `ran` with `pins` installed."""

    version: str
    published: str
    today: Import
    its_day: Import | None = None
    pins: tuple[str, ...] = ()
    ran: Ran | None = None
    packages: tuple[str, ...] = ()  # of the environment that ran
    when: str = ""  # the day of the trial
    recipe: str = ""  # releases.recipe() at the trial


def place(home: Path, version: str) -> Path:
    """Where everything of a release lies."""
    return home / "release" / version


def read_row(home: Path, version: str) -> Row | None:
    """A row tried earlier, or None."""
    file = place(home, version) / "row.json"
    if not file.exists():
        return None
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    for name, kind in (("today", Import), ("its_day", Import), ("ran", Ran)):
        told[name] = kind(**_tuples(told[name])) if told[name] else None
    return Row(**_tuples(told))


def _tuples(told: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in told.items()}


def write_row(home: Path, row: Row) -> None:
    """Keep it."""
    file = place(home, row.version) / "row.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(asdict(row), indent=1), encoding="utf-8")


def told_import(found: Import) -> str:
    """An import in a few words."""
    if found.installs:
        return f"does not install: {found.installs}"
    if found.error:
        return f"does not import: {found.error} {'; '.join(found.culprits)}"
    return f"imports in {found.seconds:.1f} s"


def told_run(ran: Ran) -> str:
    """A run in a few words."""
    base = f"{ran.outcome}, {ran.requests} requests, {ran.seconds:.0f} s"
    return f"{base}; {ran.error} {ran.where}".strip() if ran.error else base
