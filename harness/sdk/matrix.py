"""One row a release: does it install, agree with itself, import, run the recipe, and what it took.

A release that does none of this is a row too. While one runs, the next one's environment is made.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from harness.errors import SdkError
from harness.sdk import packages, releases
from harness.sdk.culprits import culprits
from harness.sdk.environments import HOME, environment, imported
from harness.sdk.runs import Ran, run, twin

Say = Callable[[str], None]


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


def matrix(
    versions: Sequence[str],
    say: Say,
    home: Path = HOME,
    *,
    its_day: bool = False,
    again: bool = False,
    why: bool = True,
) -> list[Row]:
    """Try each release; rows come from the cache where it was tried before, unless `again`.

    `its_day` tries the resolution of the release's own day as well, `why` looks for the packages
    that keep a release from importing.
    """
    cached = {v: row for v in versions if not again and (row := read(home, v))}
    wanted = [version for version in versions if version not in cached]
    rows = dict(cached)
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(1))
        made = {v: pool.submit(_prepared, v, home, say, its_day, why) for v in wanted}
        ready = stack.enter_context(twin(home / "twin")) if wanted else None
        for number, version in enumerate(wanted, start=1):
            say(f"[{number}/{len(wanted)}] {version}")
            rows[version] = _tried(version, made[version], ready, home, say)
            _write(home, rows[version])
    return [rows[version] for version in versions]


def place(home: Path, version: str) -> Path:
    """Where everything of a release lies."""
    return home / "release" / version


def read(home: Path, version: str) -> Row | None:
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


def _write(home: Path, row: Row) -> None:
    file = place(home, row.version) / "row.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(asdict(row), indent=1), encoding="utf-8")


def _prepared(version: str, home: Path, say: Say, its_day: bool, why: bool) -> tuple[Row, Path]:
    """All of a row but the run, and the interpreter to run with."""
    day = packages.published(releases.package(), version)
    row = Row(version, day or "unknown", _import(version, home, None, why), when=_today())
    say(f"  {version}: {told_import(row.today)}")
    if its_day and day:
        row = replace(row, its_day=_import(version, home, day, False))
    pins = releases.pins(version)
    made = environment([*releases.fresh(version), *pins, *releases.tools()], home)
    return replace(row, pins=pins, packages=made.pins), made.python


def _import(version: str, home: Path, before: str | None, why: bool) -> Import:
    """Install the release alone and import it, as resolved today or as of a day."""
    try:
        made = environment(releases.fresh(version), home, before=before)
    except SdkError as error:
        return Import(str(error), 0.0, (), "", 0.0, ())
    found = imported(made.python)
    return Import(
        installs="",
        seconds_install=made.seconds,
        conflicts=packages.conflicts(made.python),
        error=found.error,
        seconds=found.seconds,
        warnings=found.warnings,
        culprits=_why(version, home) if why and found.error else (),
    )


def _why(version: str, home: Path) -> tuple[str, ...]:
    try:
        made = environment(releases.fresh(version), home)
        return tuple(str(culprit) for culprit in culprits(made, version, home))
    except SdkError as error:
        return (f"unexplained: {error}",)


def _tried(
    version: str, made: Future[tuple[Row, Path]], ready: Path | None, home: Path, say: Say
) -> Row:
    """The row with its run; what goes wrong on the way stands in the row."""
    try:
        row, python = made.result()
    except SdkError as error:
        return Row(version, "unknown", Import(str(error), 0.0, (), "", 0.0, ()), when=_today())
    assert ready is not None  # noqa: S101  # there is one where there is anything to try
    ran = run(python, ready, place(home, version))
    say(f"  {version}: {told_run(ran)}")
    return replace(row, ran=ran)


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


def _today() -> str:
    return time.strftime("%Y-%m-%d")
