"""Delete all that the ledger names, and prove that it is gone; what is to be kept costs nothing.

Endpoints first, jobs beside them, clusters when no job uses them any more. Every thing gets its
own patience; one that cannot be deleted does not keep the others. Safe to run twice, and side by
side with itself: what is gone already counts as deleted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import LeftoverError
from harness.janitor.kinds import KINDS
from harness.janitor.prices import prices
from harness.shell import typed

if TYPE_CHECKING:
    from harness.janitor.hands import Hands
    from harness.janitor.ledger import Entry, Ledger

PATIENCE = 120.0  # seconds for one thing
GRACE = 2.0  # seconds in which a create that nobody answered may still make it appear
_SIDE_BY_SIDE = 8
_RENEWALS = 3
_AGAIN = (401, 408, 409, 429)  # and all from 500 on: worth another try


@dataclass(frozen=True)
class Deleted:
    """One thing that is gone, how long that took (seconds), and what proves it."""

    kind: str
    name: str
    seconds: float
    proof: tuple[str, ...]


@dataclass(frozen=True)
class Absent:
    """One thing that was asked for and never came to be, and what proves it: a refused create."""

    kind: str
    name: str
    proof: tuple[str, ...]


@dataclass(frozen=True)
class Leftover:
    """One thing that may still be there: why, the command that finishes the job by hand, what it
    costs a day at most (None: no price known), and its page in the studio."""

    kind: str
    name: str
    why: str
    command: str
    usd_per_day: float | None = None
    portal: str = ""


@dataclass(frozen=True)
class Cleanup:
    """The outcome: nothing is left exactly when `leftovers` is empty."""

    deleted: tuple[Deleted, ...]
    leftovers: tuple[Leftover, ...]
    ledger: Path | None = None  # what they stand in
    absent: tuple[Absent, ...] = ()

    def check(self) -> None:
        """Raises LeftoverError naming each thing left, its price and the commands to type."""
        if self.leftovers:
            raise LeftoverError(
                f"{len(self.leftovers)} thing(s) may still exist and cost money.\n"
                f"Next: {self._all_at_once()}on Azure, one by one:\n"
                + "\n".join(map(told, self.leftovers))
            )

    def _all_at_once(self) -> str:
        """The one command that finishes it, when nothing stands in the way any more."""
        if self.ledger is None:
            return ""
        return f"python -m harness sweep {typed(self.ledger.parent)}\nor, "


class StillThereError(LeftoverError):
    """It was deleted, and the service still shows it."""


def delete_all(
    hands: Hands,
    ledger: Ledger,
    patience: float = PATIENCE,
    clock: Callable[[], float] = time.monotonic,
) -> Cleanup:
    """Delete what the ledger still holds open in the workspace of `hands`, and close what is gone.

    `patience` is how long to try each thing, in seconds.
    """
    found: list[Deleted | Leftover | Absent] = []
    here = [each for each in ledger.open_entries() if each.place in (None, hands.place)]
    waves = groupby(sorted(here, key=_wave), key=_wave)
    for _, wave in waves:
        found += _wave_deleted(hands, ledger, list(wave), patience, clock)
    return Cleanup(
        tuple(one for one in found if isinstance(one, Deleted)),
        tuple(one for one in found if isinstance(one, Leftover)),
        ledger.path,
        tuple(one for one in found if isinstance(one, Absent)),
    )


def by_hand(entry: Entry, why: str) -> Leftover:
    """The leftover, with the command that finishes the job."""
    kind, place = KINDS[entry.kind], entry.place
    how = kind.at_rest if entry.keep and kind.at_rest else kind.by_hand
    return Leftover(
        kind=entry.kind,
        name=entry.name,
        why=why,
        command=how.format(name=entry.name) + (place.options() if place else ""),
        usd_per_day=prices().per_day(entry),
        portal=kind.studio.format(name=entry.name, workspace=place.address) if place else "",
    )


def told(left: Leftover) -> str:
    """A leftover in three or four lines: what, why, what it costs, where, and what to type."""
    cost = f" (up to ${left.usd_per_day:,.2f} a day)" if left.usd_per_day else ""
    why = left.why.partition("\n")[0]  # Azure's errors go on with their code and message again
    lines = [f"  {left.kind} {left.name}{cost}: {why}", f"    {left.command}"]
    return "\n".join([*lines, f"    {left.portal}"] if left.portal else lines)


def _wave(entry: Entry) -> int:
    return KINDS[entry.kind].wave


def _wave_deleted(
    hands: Hands,
    ledger: Ledger,
    entries: Sequence[Entry],
    patience: float,
    clock: Callable[[], float],
) -> list[Deleted | Leftover | Absent]:
    """One alone in this thread, so that an ordinary run asks in the same order every time."""

    def one(entry: Entry) -> Deleted | Leftover | Absent:
        return _one(hands, ledger, entry, patience, clock)

    running = [entry for entry in entries if not entry.ended]
    ended = [entry for entry in entries if entry.ended]
    if len(running) < 2:
        return [one(entry) for entry in [*running, *ended]]
    with ThreadPoolExecutor(min(len(running), _SIDE_BY_SIDE)) as pool:
        return [*pool.map(one, running), *map(one, ended)]


def _one(
    hands: Hands, ledger: Ledger, entry: Entry, patience: float, clock: Callable[[], float]
) -> Deleted | Leftover | Absent:
    started = clock()
    met: set[Entry] = {entry} if entry.answered else set()
    try:
        proof = _patiently(hands, ledger, entry, patience, met)
        ledger.gone(entry.kind, entry.name)
    except Exception as error:  # whatever went wrong, the next entry is still to be deleted
        return by_hand(entry, f"{type(error).__name__}: {error}")
    if entry not in met and KINDS[entry.kind].listed:  # a job that nobody met may have ended
        return Absent(entry.kind, entry.name, proof)
    return Deleted(entry.kind, entry.name, clock() - started, proof)


def _patiently(
    hands: Hands, ledger: Ledger, entry: Entry, patience: float, met: set[Entry]
) -> tuple[str, ...]:
    """Try until it is gone or patience is at its end; then the last error is raised.

    `met`: it is added there once it was seen.
    """
    import stamina

    until, renewals = time.monotonic() + patience, 0
    tries, seconds = (None, patience) if patience else (1, None)
    for attempt in stamina.retry_context(
        on=worth_another_try, attempts=tries, timeout=seconds, wait_initial=0.3, wait_max=15.0
    ):
        with attempt:
            try:
                return _gone(hands, ledger, entry, max(until - time.monotonic(), 1.0), met)
            except Exception as error:
                if getattr(error, "status_code", None) != 401:
                    raise
                renewals += 1
                if renewals <= _RENEWALS:
                    hands.renew()
                raise
    raise AssertionError("stamina returns or raises")


def worth_another_try(error: Exception) -> bool:
    """Whether time may heal it: a conflict, too many requests, the service or the network."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return status in _AGAIN or status >= 500 or status < 400  # 200: an operation that failed
    named = {kind.__name__ for kind in type(error).__mro__}
    return isinstance(error, OSError | StillThereError) or "AzureError" in named


def _gone(
    hands: Hands, ledger: Ledger, entry: Entry, seconds: float, met: set[Entry]
) -> tuple[str, ...]:
    """Delete if it is there, then prove absence. Raises StillThereError when it is still there."""
    kind, name = entry.kind, entry.name
    if _appears(hands, entry):
        if entry not in met:  # should this process end here, the next must know
            met.add(entry)
            ledger.answered(kind, name)
        if entry.keep and KINDS[kind].at_rest:
            return _at_rest(hands, name, seconds)
        try:
            hands.delete(kind, name, seconds)
        except Exception:
            if hands.present(kind, name):
                raise
        if hands.present(kind, name):
            raise StillThereError("it was deleted, and a GET still finds it")
    if not KINDS[kind].listed:
        return ("it ended",)
    if name in hands.names(kind):
        raise StillThereError("a GET answers 404, and the list still names it")
    return ("GET answers 404", "not in the list")


def _at_rest(hands: Hands, name: str, seconds: float) -> tuple[str, ...]:
    """A cluster that stays keeps no node; those it has go when no job uses them."""
    if hands.floor(name):
        hands.scale_to_zero(name, seconds)
        if hands.floor(name):
            raise StillThereError("it was scaled to zero, and a GET still shows nodes to keep")
    return ("kept, at a minimum of 0 nodes",)


def _appears(hands: Hands, entry: Entry) -> bool:
    """Whether it is there. A create that nobody answered may be under way: look once more."""
    if hands.present(entry.kind, entry.name):
        return True
    if entry.answered or time.time() - entry.at > _SURELY:
        return False
    time.sleep(GRACE)
    return hands.present(entry.kind, entry.name)


_SURELY = 600.0  # seconds after which an unanswered create has come to nothing
