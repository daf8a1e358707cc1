"""A miss explained: the nearest recorded requests, the first difference, the probable cause."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from harness.errors import MissError
from harness.wire.canonical import canonical_body, key_of
from harness.wire.differing import Found, differing, json_of, parts_of
from harness.wire.message import Body
from harness.wire.operations import name_of

if TYPE_CHECKING:
    from harness.wire.entry import Entry
    from harness.wire.tape import Tape

SHOWN = 3
Request = tuple[str, str, Body]  # method, URL, body, all scrubbed


def miss(tape: Tape, method: str, url: str, body: Body, waiting_for: Entry | None) -> Exception:
    """The error to raise for a request that no entry answers (now)."""
    asked = tape.scrubbed(method, url, body)
    lines = [f"{name_of(method, url) or 'undeclared'}: {method} {asked[1]} was not recorded"]
    if waiting_for:
        lines = [
            f"{lines[0].removesuffix(' was not recorded')} came too early",
            f"  recorded before it on the same resource: {waiting_for.name}, not asked for yet",
            "  probable cause: order: the recipe (or the SDK) asks in another order now",
        ]
        near: list[tuple[Entry, Found | None]] = []
    else:
        near = _nearest(tape, asked)
        lines += [f"  nearest: {_told(entry, difference)}" for entry, difference in near]
        lines.append(f"  probable cause: {_cause(tape, near)}")
    lines.append(f"Next: {_command(tape)}")
    return _miss_type()("\n".join(lines), tape, (method, url, body), [e for e, _ in near])


def unasked(tape: Tape, left: list[Entry]) -> str:
    """What to say of entries nobody asked for: polls that were not needed, and calls gone."""
    fewer = [f"  fewer polls: {entry.name} {entry.uri}" for entry in left if entry.fold]
    gone = [f"  a call is gone: {e.name} {e.method} {e.uri}" for e in left if not e.fold]
    return (
        f"{len(left)} of {len(tape.entries)} recorded requests were not asked for:\n"
        + "\n".join(gone + fewer)
        + f"\nNext: {_command(tape)}"
    )


def first_difference(recorded: Request, asked: Request) -> Found | None:
    """Where two scrubbed requests part: method, host, path, query, body; None: nowhere."""
    if key_of(*recorded) == key_of(*asked):
        return None
    one, two = (parts_of(method, url, json_of(body)) for method, url, body in (recorded, asked))
    return next(differing(one, two), None)


def _nearest(tape: Tape, asked: Request) -> list[tuple[Entry, Found | None]]:
    """The most alike of all recorded requests, with the first difference of each."""
    operation = name_of(asked[0], asked[1])
    same = [entry for entry in tape.entries if entry.operation == operation]
    pool = same or [entry for entry in tape.entries if entry.method == asked[0]] or tape.entries
    scrubbed = [(e, tape.scrubbed(e.method, e.uri, e.sent)) for e in pool[:200]]
    ranked = sorted(scrubbed, key=lambda pair: -_likeness(pair[1], asked))[:SHOWN]
    return [(entry, first_difference(request, asked)) for entry, request in ranked]


def _likeness(one: Request, two: Request) -> float:
    if one == two:
        return 10.0
    url = SequenceMatcher(None, one[1], two[1], autojunk=False).ratio()
    return url + (canonical_body(one[2]) == canonical_body(two[2]))


def _told(entry: Entry, difference: Found | None) -> str:
    if difference is None:
        return f"{entry.name}, the same, played {entry.plays} time(s) already"
    sides = [_short(side or "(absent)") for side in (difference.before, difference.after)]
    where = f"{difference.where}: recorded {sides[0]}, asked {sides[1]}"
    return f"{entry.name}\n    first difference: {where}"


def _cause(tape: Tape, near: list[tuple[Entry, Found | None]]) -> str:
    """The likeliest reason, in words."""
    if not near:
        return "the cassettes are empty"
    entry, difference = near[0]
    if difference is None:
        return "it is asked more often than when it was recorded"
    if difference.kind == "api-version":
        return f"api-version: {_sdk(tape) or 'the SDK uses another version of the service'}"
    if sdk := _sdk(tape):
        return sdk
    if re.search(r"<[a-z]+(:\w+)?>", difference.before) and "<" not in difference.after:
        return (
            "scrubbing: the recorded value was replaced by a reference, the one asked is not seen "
            "to be of its kind; a rule of harness/wire/scrub.py misses it"
        )
    if re.search(r"<made|\d{6,}|[0-9a-f]{8}", difference.after):
        return "a random name, or one made from the clock; derive it from the run's timestamp"
    return f"the recipe or the plan asks something else at step {entry.step} now"


def _sdk(tape: Tape) -> str | None:
    """A release other than the recorded one, in words."""
    for name, recorded in dict(tape.cassettes[0].provenance.get("packages", {})).items():
        try:
            here = version(name)
        except PackageNotFoundError:
            here = "absent"
        if here != recorded and name.startswith("azure"):
            return f"{name} {here} asks otherwise than {recorded}, or the recipe does"
    return None


def _command(tape: Tape) -> str:
    told = tape.cassettes[0].provenance if tape.cassettes else {}
    return (
        f"if the change is meant, record again: pytest scenarios/{told.get('scenario', 'NAME')} "
        f"--target {told.get('target', 'twin')} --record"
    )


def _short(text: str) -> str:
    return text if len(text) <= 160 else f"{text[:157]}..."


@cache
def _miss_type() -> type[Exception]:
    """MissError that vcrpy's users can catch as well; vcrpy is imported only now (0.3 s)."""
    from vcr.errors import CannotOverwriteExistingCassetteException as Theirs
    from vcr.request import Request as TheirRequest

    class RecordedMissError(MissError, Theirs):  # type: ignore[misc]  # vcrpy has no types
        """A request that no entry answers."""

        def __init__(
            self, message: str, tape: Tape, asked: tuple[str, str, Body], near: list[Entry]
        ) -> None:
            Exception.__init__(self, message)
            body = asked[2] if isinstance(asked[2], str) else None
            self.cassette, self.reason = tape, "no_match"
            self.failed_request = TheirRequest(asked[0], asked[1], body, {})
            self.similar_requests: list[Any] = [(entry, [], []) for entry in near]

    return RecordedMissError
