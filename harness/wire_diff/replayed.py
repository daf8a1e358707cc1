"""A replay under another release than the recorded one: a comparison instead of a miss.

What differs in a request would end a replay at the first one. Here it is answered with what was
recorded for the request it stands for, and what was asked is compared with what was recorded, as
`python -m harness cassettes diff` compares two recordings. Only a request that nothing recorded
stands for is a miss: what it would have been answered, nobody knows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.errors import CassetteError
from harness.wire.canonical import key_of
from harness.wire.differing import differing, json_of
from harness.wire.entry import Entry
from harness.wire.tape import Headers, Request, Tape
from harness.wire_diff.calls import Call, call_of
from harness.wire_diff.change import SEVERITIES, Change, Severity, told
from harness.wire_diff.compare import compared
from harness.wire_diff.history import since

SDK = "azure-ai-ml"
_READS = ("GET", "HEAD")


@dataclass
class OtherRelease:
    """Answers and compares; `packages` are those that differ: name -> recorded and present."""

    packages: Mapping[str, tuple[str, str]]
    _asked: list[tuple[Call, Entry | None]] = field(default_factory=list)
    _seen: set[object] = field(default_factory=set)

    def instead(self, tape: Tape, operation: str, asked: Request) -> Entry | None:
        """The entry about the same thing that is most alike, unplayed ones first."""
        call = _call(operation, 0, asked, {})
        pool = [entry for entry in tape.entries if entry.operation == call.operation]
        alike = [entry for entry in pool if _of_entry(tape, entry).resource == call.resource]
        fresh = [entry for entry in alike or pool if not entry.plays]
        again = [entry for entry in alike if entry.fold or asked[0] in _READS]
        found = fresh or again[-1:]

        def unlike(entry: Entry) -> int:
            return len(list(differing(_of_entry(tape, entry).parts, call.parts)))

        return min(found, key=unlike, default=None)

    def saw(
        self, tape: Tape, operation: str, asked: Request, headers: Headers, entry: Entry | None
    ) -> None:
        """Keep what was asked; equal polls of one entry count once, as in a recording."""
        folds = entry is None or entry.fold
        if folds and (key := (entry or asked, key_of(*asked))) in self._seen:
            return
        if folds:
            self._seen.add(key)
        step = entry.step if entry else max(tape.started(), default=1)
        self._asked.append((_call(operation, step, asked, headers), entry))

    def changes(self, tape: Tape, steps: Collection[int], *, with_tests: bool) -> list[Change]:
        """What is asked otherwise in these steps, and everything that nothing answered."""
        recorded = [
            _of_entry(tape, entry)
            for entry in tape.entries
            if entry.step in steps and (entry.plays or not entry.fold)
            if with_tests or entry.plays or not entry.by_test
        ]
        asked = [call for call, entry in self._asked if entry is None or entry.step in steps]
        return compared(recorded, asked)

    def judge(self, tape: Tape, steps: Collection[int], *, with_tests: bool) -> None:
        """Raises CassetteError when something is asked otherwise, and not harmlessly so."""
        found = self.changes(tape, steps, with_tests=with_tests)
        if tape.misses or not any(change.severity != "harmless" for change in found):
            return
        lines = [line for severity in SEVERITIES for line in self._told(found, severity)]
        raise CassetteError("\n".join([f"{self.what}:", *lines, f"Next: {self.next(found)}"]))

    @property
    def what(self) -> str:
        """Which package is not the recorded one."""
        recorded, here = self.packages[self._package]
        return f"{self._package} {here} is installed, {recorded} was recorded, the requests differ"

    def by(self, change: Change) -> str:
        """The release that probably brought a change; where none is known, who may have."""
        release = since(change, *self.packages[SDK]) if SDK in self.packages else ""
        return (
            f"probably since {release}"
            if release
            else f"by {self._package} or by the recipe: no release is known to ask this otherwise"
        )

    @property
    def _package(self) -> str:
        return SDK if SDK in self.packages else next(iter(self.packages))

    def next(self, found: Sequence[Change]) -> str:
        """The command that finds who brought the worst.

        A search asks with the recipe as it is now: where no release differs, the recipe does.
        """
        operation = next((each.operation for each in found if each.operation), "")
        if SDK not in self.packages or not operation:
            return f"pip install {' '.join(f'{n}=={old}' for n, (old, _) in self.packages.items())}"
        good, bad = self.packages[SDK]
        return f"python -m harness sdk bisect --good {good} --bad {bad} -- {operation}"

    def _told(self, found: Sequence[Change], severity: Severity) -> Iterator[str]:
        lines = list(told(found, severity, self.by))
        yield from [severity, *lines] if lines else []


def _of_entry(tape: Tape, entry: Entry) -> Call:
    asked = tape.scrubbed(entry.method, entry.uri, entry.sent)
    headers = entry.cassette.interactions[entry.number - 1].asked["request"]["headers"]
    return _call(entry.operation, entry.step, asked, headers)


def _call(operation: str, step: int, asked: Request, headers: Headers) -> Call:
    method, url, body = asked
    return call_of(step, operation, method, url, json_of(body), headers)
