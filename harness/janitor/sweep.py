"""`python -m harness sweep`: finish what a run could not, on any machine, at any time.

From ledgers (those of runs that are still alive are left alone), or from the tags in a workspace
when even the ledger is lost. Needs no SDK.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import HarnessError
from harness.janitor.arm_hands import ArmHands
from harness.janitor.delete import PATIENCE, Cleanup, Leftover, by_hand, delete_all, told
from harness.janitor.environment import twin_environment
from harness.janitor.kinds import KINDS
from harness.janitor.ledger import Entry, Ledger, Place
from harness.janitor.prices import prices
from harness.janitor.tags import expired
from harness.janitor.watch import is_alive

OWNER = "finetune-harness"


@dataclass
class Tally:
    """What a sweep has done so far."""

    deleted: list[Entry]
    left: list[Leftover]
    say: Callable[[str], None]


def main(arguments: Sequence[str]) -> int:
    """0 when nothing is left, 1 when something is, 2 when the command line makes no sense."""
    given = _parser().parse_args(arguments)
    if not (given.ledger or given.all_open or given.tag):
        given.all_open = Path("reports")
    tally = Tally([], [], lambda line: print(line, flush=True))  # noqa: T201  # a command
    _tell_why_it_takes_long(tally.say)
    try:
        for path in _ledgers(given.ledger, given.all_open):
            _sweep_ledger(path, tally, given.patience, dry=given.dry_run)
        if given.tag:
            _sweep_tags(_place(given.workspace), given.owner, tally, given.patience, given.dry_run)
    except HarnessError as error:
        sys.stderr.write(f"sweep: {error}\n")
        return 2
    return _conclusion(tally, dry=given.dry_run)


def _tell_why_it_takes_long(say: Callable[[str], None]) -> None:
    """Each reason to try again, once: a service that is down for ten minutes is one line."""
    from stamina.instrumentation import RetryDetails, set_on_retry_hooks

    told: set[str] = set()

    def hook(details: RetryDetails) -> None:
        why = f"  not yet, trying again: {details.caused_by}"
        if why not in told:
            say(why)
        told.add(why)

    set_on_retry_hooks([hook])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harness sweep", description=__doc__)
    add = parser.add_argument
    add("ledger", nargs="*", type=Path, metavar="LEDGER", help="ledger.jsonl of a run")
    add("--all-open", type=Path, metavar="FOLDER", help="all ledgers of the runs there (reports)")
    add("--tag", action="store_true", help="whatever carries our tags and is past DeleteAfter")
    add("--workspace", metavar="SUB/GROUP/NAME", help="where --tag looks (else AZURE_* variables)")
    add("--owner", default=OWNER, help="the tag `owner` that --tag looks for")
    add("--patience", type=float, default=PATIENCE, metavar="SECONDS", help="for one thing")
    add("--dry-run", action="store_true", help="say what would be deleted, and delete nothing")
    return parser


def _ledgers(named: Iterable[Path], folder: Path | None) -> list[Path]:
    """The ledgers to look at, each once. Raises HarnessError for one that does not exist."""
    found = [path / "ledger.jsonl" if path.is_dir() else path for path in named]
    for path in found:
        if not path.exists():
            raise HarnessError(f"there is no ledger {path}. Next: ls reports/*/ledger.jsonl")
    if folder and not folder.is_dir():
        raise HarnessError(
            f"there is no folder {folder}. Next: name a LEDGER, --all-open FOLDER or --tag"
        )
    if folder:
        found += sorted(folder.glob("*/ledger.jsonl"))
    return list({path.resolve(): path for path in found})


def _sweep_ledger(path: Path, tally: Tally, patience: float, *, dry: bool) -> None:
    ledger = Ledger(path)
    entries = ledger.open_entries()
    if not entries:
        tally.say(f"{path}: nothing is open")
        return
    if is_alive(path.parent):
        tally.say(f"{path}: its run is still going on; left alone")
        return
    tally.say(f"{path}: {len(entries)} open")
    for ready in dict.fromkeys(entry.ready for entry in entries):
        own = [entry for entry in entries if entry.ready == ready]
        with twin_environment(Path(ready) if ready else None) as reachable:
            if reachable:
                _delete(ledger, own, tally, patience, dry=dry)
            else:
                _ended_with_twin(ledger, own, tally, dry=dry)


def _delete(
    ledger: Ledger, entries: Sequence[Entry], tally: Tally, patience: float, *, dry: bool
) -> None:
    for entry in entries:
        tally.say(f"  {_verb(entry, dry=dry)} {_shown(entry)}")
        if entry.place is None:
            tally.left.append(by_hand(entry, "the ledger does not say in which workspace"))
    if dry:
        tally.deleted += [entry for entry in entries if entry.place]
        return
    for place in dict.fromkeys(entry.place for entry in entries):
        if place is not None:
            done = delete_all(ArmHands(place), ledger, patience)
            _note(done, entries, tally)


def _note(done: Cleanup, entries: Sequence[Entry], tally: Tally) -> None:
    known = {(entry.kind, entry.name): entry for entry in entries}
    for gone in done.deleted:
        proof = ", ".join(gone.proof)
        word = "at rest" if getattr(known.get((gone.kind, gone.name)), "keep", False) else "gone"
        tally.say(f"  {word}: {gone.kind} {gone.name} ({gone.seconds:.1f} s; {proof})")
        tally.deleted += [known[gone.kind, gone.name]] if (gone.kind, gone.name) in known else []
    for absent in done.absent:
        proof = ", ".join(absent.proof)
        tally.say(f"  never there: {absent.kind} {absent.name} ({proof})")
    tally.left += done.leftovers


def _ended_with_twin(ledger: Ledger, entries: Sequence[Entry], tally: Tally, *, dry: bool) -> None:
    """A twin that has ended holds nothing: its jobs and deployments are processes of its own."""
    for entry in entries:
        tally.say(f"  gone: {entry.kind} {entry.name} (the twin it was in has ended)")
        if not dry:
            ledger.gone(entry.kind, entry.name)


def _sweep_tags(place: Place, owner: str, tally: Tally, patience: float, dry: bool) -> None:
    """Whatever in the workspace is ours by its tags and past its time."""
    expired = _expired(place, owner)
    tally.say(f"{place.workspace}: {len(expired)} tagged owner={owner} and past DeleteAfter")
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger.jsonl")
        ledger.describe(place, owner=owner)
        for entry in expired:
            ledger.expect(entry.kind, entry.name, entry.size, entry.count)
            ledger.answered(entry.kind, entry.name)
        _delete(ledger, ledger.open_entries(), tally, patience, dry=dry)


def _expired(place: Place, owner: str) -> list[Entry]:
    """Raises HarnessError when nobody is signed in."""
    from azure.core.exceptions import ClientAuthenticationError

    try:
        return expired_entries(ArmHands(place), owner, datetime.now(UTC))
    except ClientAuthenticationError as error:
        raise HarnessError(
            f"no Azure credential works here: {error}\nNothing was looked at in workspace "
            f"{place.workspace}. Next: az login, or set AZURE_CLIENT_ID, AZURE_TENANT_ID and "
            "AZURE_CLIENT_SECRET, then the same command"
        ) from error


def expired_entries(hands: ArmHands, owner: str, now: datetime) -> list[Entry]:
    """What carries our three tags and is past its time; nothing else is ours."""
    found = [each for kind in KINDS for each in hands.listed(kind)]
    return [
        Entry(each.kind, each.name, place=hands.place, size=each.size, count=each.count)
        for each in found
        if expired(each.tags, owner, now)
    ]


def _place(text: str | None) -> Place:
    names = ("AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "AZURE_WORKSPACE_NAME")
    parts = text.split("/") if text else [os.environ.get(name, "") for name in names]
    if len(parts) != 3 or not all(parts):
        raise HarnessError(
            "it is not known where to look. Next: python -m harness sweep --tag --workspace "
            "SUBSCRIPTION/GROUP/NAME, or set " + ", ".join(names)
        )
    return Place(*parts)


def _conclusion(tally: Tally, *, dry: bool) -> int:
    per_day = sum(_daily(entry) for entry in tally.deleted)
    word = "would be deleted" if dry else "deleted"
    saved = f", up to ${per_day:,.2f} a day avoided" if per_day else ""
    tally.say(f"{len(tally.deleted)} {word}{saved}; {len(tally.left)} left")
    for left in tally.left:
        tally.say(told(left))
    return 1 if tally.left or (dry and tally.deleted) else 0


def _daily(entry: Entry) -> float:
    """An ended job costs nothing, and a running one no more than its cluster."""
    return 0.0 if entry.kind == "job" else prices().per_day(entry) or 0.0


def _verb(entry: Entry, *, dry: bool) -> str:
    if entry.keep:
        return "would scale to zero" if dry else "scaling to zero"
    return "would delete" if dry else "deleting"


def _shown(entry: Entry) -> str:
    age = time.time() - entry.at if entry.at else 0.0
    size = f", {entry.count} x {entry.size}" if entry.size else ""
    return f"{entry.kind} {entry.name}{size}, {age / 60:.0f} min old"
