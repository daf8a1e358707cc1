"""A miss explained: the nearest recorded requests, the first difference, the probable cause."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import zip_longest
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.errors import MissError
from harness.wire.canonical import canonical_body
from harness.wire.message import Body, Upload
from harness.wire.operations import name_of

if TYPE_CHECKING:
    from harness.wire.entry import Entry
    from harness.wire.tape import Tape

SHOWN = 3
Request = tuple[str, str, Body]  # method, URL, body, all scrubbed


@dataclass(frozen=True)
class Difference:
    """The first field in which two requests differ, and both of its values."""

    field: str
    recorded: str
    asked: str

    def __str__(self) -> str:
        return f"{self.field}: recorded {_short(self.recorded)}, asked {_short(self.asked)}"


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
        near: list[tuple[Entry, Difference | None]] = []
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


def first_difference(recorded: Request, asked: Request) -> Difference | None:
    """Where two scrubbed requests part: method, host, path, query, body; None: nowhere."""
    if recorded[0] != asked[0]:
        return Difference("method", recorded[0], asked[0])
    one, two = urlsplit(recorded[1]), urlsplit(asked[1])
    if one.netloc != two.netloc:
        return Difference("host", one.netloc, two.netloc)
    parts = zip_longest(one.path.split("/"), two.path.split("/"), fillvalue="(nothing)")
    for number, (left, right) in enumerate(parts):
        if left != right:
            return Difference(f"path segment {number}", left, right)
    return _of_query(one.query, two.query) or _of_body(recorded[2], asked[2])


def _of_query(recorded: str, asked: str) -> Difference | None:
    one, two = (dict(_pairs(query)) for query in (recorded, asked))
    for name in sorted({*one, *two}):
        if one.get(name) != two.get(name):
            return Difference(f"query {name}", one.get(name, "(absent)"), two.get(name, "(absent)"))
    return None


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name:
            yield name, value


def _of_body(recorded: Body, asked: Body) -> Difference | None:
    if canonical_body(recorded) == canonical_body(asked):
        return None
    if isinstance(recorded, Upload) or isinstance(asked, Upload):
        return Difference("body (an upload)", canonical_body(recorded), canonical_body(asked))
    one, two = _json(recorded), _json(asked)
    found = next(_differing(one, two, "body"), None)
    return found or Difference("body", str(recorded), str(asked))


def _json(body: str | None) -> Any:
    try:
        return json.loads(body or "null")
    except ValueError:
        return body


def _differing(one: Any, two: Any, path: str) -> Iterator[Difference]:
    """Fields of two JSON values that differ, by path."""
    if isinstance(one, dict) and isinstance(two, dict):
        for key in [*one, *(key for key in two if key not in one)]:
            if key not in one or key not in two:
                told = [json.dumps(side[key]) if key in side else "(absent)" for side in (one, two)]
                yield Difference(f"{path}.{key}", *told)
            else:
                yield from _differing(one[key], two[key], f"{path}.{key}")
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        for number, (left, right) in enumerate(zip(one, two, strict=True)):
            yield from _differing(left, right, f"{path}[{number}]")
    elif one != two:
        yield Difference(path, json.dumps(one), json.dumps(two))


def _nearest(tape: Tape, asked: Request) -> list[tuple[Entry, Difference | None]]:
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


def _told(entry: Entry, difference: Difference | None) -> str:
    if difference is None:
        return f"{entry.name}, the same, played {entry.plays} time(s) already"
    return f"{entry.name}\n    first difference: {difference}"


def _cause(tape: Tape, near: list[tuple[Entry, Difference | None]]) -> str:
    """The likeliest reason, in words."""
    if not near:
        return "the cassettes are empty"
    entry, difference = near[0]
    if difference is None:
        return "it is asked more often than when it was recorded"
    if difference.field == "query api-version":
        return f"api-version: {_sdk(tape) or 'the SDK uses another version of the service'}"
    if sdk := _sdk(tape):
        return sdk
    if re.search(r"<[a-z]+(:\w+)?>", difference.recorded) and "<" not in difference.asked:
        return (
            "scrubbing: the recorded value was replaced by a reference, the one asked is not seen "
            "to be of its kind; a rule of harness/wire/scrub.py misses it"
        )
    if re.search(r"<made|\d{6,}|[0-9a-f]{8}", difference.asked):
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
            return f"{name} {here} asks otherwise than {recorded}, which was recorded"
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
