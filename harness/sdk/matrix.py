"""One row a release: does it install, agree with itself, import, run the recipe, and what it took.

A release that does none of this is a row too. While one runs, the next one's environment is made.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from harness.errors import HarnessError, SdkError, TargetError
from harness.sdk import packages, releases
from harness.sdk.culprits import culprits
from harness.sdk.environments import HOME, Environment, environment, imported
from harness.sdk.row import Import, Row, place, read_row, told_import, told_run, write_row
from harness.sdk.runs import Ran, probe, run, twin
from harness.targets.twin import twin_python

Say = Callable[[str], None]


def matrix(
    versions: Sequence[str],
    say: Say,
    home: Path = HOME,
    *,
    again: bool = False,
    why: bool = False,
    its_day: bool = False,
) -> list[Row]:
    """Try each release; rows come from the cache where it was tried before, unless `again`.

    `why` looks for the packages that keep a release from importing, `its_day` tries the resolution
    of the release's own day as well.
    """
    wanted = [v for v in dict.fromkeys(versions) if again or read_row(home, v) is None]
    if wanted:
        _try_all(wanted, say, home)
    rows = [row for v in versions if (row := read_row(home, v))]
    for number, row in enumerate(rows):
        more = _explained(row, say, home) if why else row
        rows[number] = more = _of_its_day(more, say, home) if its_day else more
        if more != row:
            write_row(home, more)
    return rows


def _try_all(versions: Sequence[str], say: Say, home: Path) -> None:
    """Environments are made in one thread, runs made in this one.

    Two commands would take each other's folders away, so that the second waits for the first.
    Raises TargetError where no twin can start: that is no fault of a release.
    """
    twin_python()
    with alone(home, say), ThreadPoolExecutor(1) as pool:
        made = {version: pool.submit(_prepared, version, home, say) for version in versions}
        for number, version in enumerate(versions, start=1):
            say(f"[{number}/{len(versions)}] {version}")
            write_row(home, _tried(version, made[version], home, say))


@contextmanager
def alone(home: Path, say: Say) -> Iterator[None]:
    """Hold `home` for this command; say so and wait when another one does."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another command that uses {home}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _prepared(version: str, home: Path, say: Say) -> tuple[Row, Path | None]:
    """All of a row but the run, and the interpreter to run with, if there can be one."""
    day = packages.published(releases.package(), releases.bare(version))
    today, pins = fresh_import(version, home), releases.pins(version)
    row = Row(version, day or "unknown", today, pins=pins, when=_today())
    say(f"  {version}: {told_import(row.today)}")
    try:
        made = tried_with(version, home)
    except SdkError as error:
        return replace(row, ran=_not_run(error)), None
    return replace(row, packages=made.pins), made.python


def tried_with(version: str, home: Path = HOME) -> Environment:
    """The environment in which a release runs: with its pins, and what the harness needs.

    Where a version of another package is tried, all else is as in our own environment, but for
    what cannot be beside that version.
    """
    other = releases.bare(version) != version
    wanted = [*releases.fresh(version), *releases.pins(version), *releases.tools(exact=not other)]
    return environment(wanted, home, prefer=releases.ours() if other else ())


def fresh_import(version: str, home: Path = HOME, before: str | None = None) -> Import:
    """Install the release alone and import it, as resolved today or as of a day."""
    try:
        made = environment(releases.fresh(version), home, before=before)
    except SdkError as error:
        return Import(_what(error), 0.0, (), "", 0.0, ())
    conflicts = packages.conflicts(made.python)
    try:
        found = imported(made.python)
    except SdkError as error:
        return Import("", made.seconds, conflicts, _what(error), 0.0, ())
    return Import("", made.seconds, conflicts, found.error, found.seconds, found.warnings)


def _tried(version: str, made: Future[tuple[Row, Path | None]], home: Path, say: Say) -> Row:
    """The row with its run."""
    try:
        row, python = made.result()
    except SdkError as error:
        return Row(version, "unknown", Import(_what(error), 0.0, (), "", 0.0, ()), when=_today())
    ran = _ran(version, python, home) if python else row.ran
    if ran:
        say(f"  {version}: {told_run(ran)}")
    return replace(row, ran=ran, recipe=releases.recipe())


def _ran(version: str, python: Path, home: Path) -> Ran:
    """The recipe's run, and the probes answered beside it.

    Each release has a new twin: what another one uploaded would not be uploaded again.
    """
    try:
        with twin(home, releases.unset(version)) as ready:
            ran = run(python, ready, place(home, version))
            if ran.outcome != "passed":
                return ran
            return with_probes(ran, python, ready, place(home, version) / "behaviour.json")
    except (SdkError, TargetError) as error:
        return _not_run(error)


def with_probes(ran: Ran, python: Path, ready: Path, out: Path) -> Ran:
    """The run, its probes answered in `out`; or with the error that kept them from it."""
    try:
        probe(python, ready, out)
    except SdkError as error:
        return replace(ran, error=_what(error))
    return ran


def _not_run(error: HarnessError) -> Ran:
    return Ran("did not start", 0, 0.0, _what(error), "", ())


def _what(error: HarnessError) -> str:
    """What happened, on one line: the next command is for who asked, and no part of a row."""
    return " ".join(str(error).partition("\nNext: ")[0].split())


def _explained(row: Row, say: Say, home: Path) -> Row:
    """The row with the packages that keep the release from importing."""
    if not row.today.error or row.today.culprits:
        return row
    try:
        made = environment(releases.fresh(row.version), home)
        found = tuple(str(culprit) for culprit in culprits(made, row.version, home))
    except SdkError as error:
        found = (f"unexplained: {error}",)
    say(f"  {row.version}: {'; '.join(found)}")
    return replace(row, today=replace(row.today, culprits=found))


def _of_its_day(row: Row, say: Say, home: Path) -> Row:
    """The row with how it imports as resolved on the day it was published."""
    if row.its_day or row.published == "unknown":
        return row
    found = fresh_import(row.version, home, row.published)
    say(f"  {row.version} as of {row.published}: {told_import(found)}")
    return replace(row, its_day=found)


def _today() -> str:
    return time.strftime("%Y-%m-%d")
