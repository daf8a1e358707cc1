"""Replay: answers requests from cassettes, each from the one place where it stands.

An index from the request to the entries that answer it; no entry is ever looked at for another
request, so the cost of a request does not depend on how many were recorded. Entries of one
resource are played in the order they were recorded, resources are independent of each other.
Any thread may ask.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from harness.errors import CassetteError
from harness.wire.canonical import Blocks, Key, key_of
from harness.wire.cassette import Cassette
from harness.wire.entry import Entry, entries_of
from harness.wire.fold import REPEATED
from harness.wire.message import Body, Upload, body_of
from harness.wire.operations import name_of
from harness.wire.references import FAR, LOOPBACK, stand_in
from harness.wire.scrub import KEPT_REQUEST_HEADERS, Scrubber, made_ids

if TYPE_CHECKING:
    from requests import PreparedRequest, Response
    from requests.adapters import HTTPAdapter

    from harness.wire.hook import Send

TOKENS = f"http://{LOOPBACK}/msi/token"  # credentials are never recorded; this is answered anyway
Literal = tuple[str, str, str | None]
Request = tuple[str, str, Body]  # method, URL, body
Headers = Mapping[str, str]


class Release(Protocol):
    """What is done where another release asks than the one that was recorded."""

    def instead(self, tape: Tape, operation: str, asked: Request) -> Entry | None:
        """The entry that answers a scrubbed request to which none belongs."""

    def saw(
        self, tape: Tape, operation: str, asked: Request, headers: Headers, entry: Entry | None
    ) -> None:
        """Note a scrubbed request, and what answers it."""

    def judge(self, tape: Tape, steps: Collection[int], *, with_tests: bool) -> None:
        """Raise CassetteError for what differs in these steps, if that is more than harmless."""


class Tape:
    """Recorded answers, and which of them were asked for.

    `started` tells the steps that ran so far: entries of a step that never ran hold up nothing.
    With a `release`, requests that differ are answered and compared, and are no misses.
    """

    def __init__(
        self,
        cassettes: Sequence[Cassette],
        started: Callable[[], Collection[int]] | None = None,
        release: Release | None = None,
    ) -> None:
        self.cassettes = tuple(cassettes)
        self.entries = [entry for cassette in cassettes for entry in entries_of(cassette)]
        self.misses: list[str] = []
        self._started, self._release = started, release
        self._lock = threading.RLock()
        self._scrubber, self._blocks = Scrubber(), Blocks()
        self._literal: dict[Literal, deque[Entry]] = defaultdict(deque)
        self._keyed: dict[str, dict[Key, deque[Entry]]] = {}  # by operation, made when needed
        self._lines: dict[str, list[Entry]] = defaultdict(list)  # by resource
        self._next: dict[str, int] = defaultdict(int)  # by resource: first that was not played
        self._made: dict[str, str] = {}  # stand-in of an id the client makes -> the id it made
        for entry in self.entries:
            self._index(entry)

    def through(
        self,
        send: Send,
        adapter: HTTPAdapter,
        request: PreparedRequest,
        arguments: dict[str, Any],
    ) -> Response:
        """The hook's view of `answer`: nothing is ever sent."""
        return self.answer(request)

    def answer(self, request: PreparedRequest) -> Response:
        """The recorded answer.

        Raises MissError when nothing was recorded for the request, or not at this point; the
        error is vcrpy's CannotOverwriteExistingCassetteException as well.
        """
        from harness.wire.response import response_to  # requests is there once something is asked

        if str(request.url).startswith(TOKENS):
            return _token(request)
        told = self._play(request).answer()
        headers, body = told.headers, told.content
        for stood, live in self._made.items():
            body = body.replace(stood.encode(), live.encode())
            headers = {name: value.replace(stood, live) for name, value in headers.items()}
        return response_to(request, told.status, told.reason, headers, body)

    def unplayed(self, steps: Collection[int], *, with_tests: bool) -> list[Entry]:
        """Entries of these steps that nobody asked for; `with_tests`: also what tests ask."""
        return [
            entry
            for entry in self.entries
            if not entry.plays and entry.step in steps and (with_tests or not entry.by_test)
        ]

    def check_played(self, steps: Collection[int], *, with_tests: bool) -> None:
        """Raises CassetteError when something recorded in these steps was not asked for.

        After a miss nothing is said: what follows a miss goes its own way.
        """
        if self._release:
            self._release.judge(self, steps, with_tests=with_tests)
            return
        left = [] if self.misses else self.unplayed(steps, with_tests=with_tests)
        if left:
            from harness.wire.explain import unasked

            raise CassetteError(unasked(self, left))

    def started(self) -> Collection[int]:
        """The steps that ran so far, where the run tells."""
        return self._started() if self._started else ()

    def follow(self, started: Callable[[], Collection[int]]) -> None:
        """Let the run tell which steps it started."""
        self._started = started

    def waited(self, step: int) -> float:
        """Seconds that this step spent waiting for polls when it was recorded."""
        folds = [c.provenance.get("folds", {}) for c in self.cassettes if c.step == step]
        polls = [
            told["seconds"]
            for of_step in folds
            for label, told in of_step.items()
            if not label.endswith(REPEATED)
        ]
        return round(float(sum(polls)), 1)

    def scrubbed(self, method: str, url: str, body: Body) -> Request:
        """A request as it would stand in a cassette."""
        with self._lock:
            url, body = self._blocks.named(name_of(method, url), url, body)
            if isinstance(body, str):
                body = self._scrubber.scrub(body, of_client=True)
            return method, self._scrubber.scrub(url, of_client=True), body

    def _index(self, entry: Entry) -> None:
        if not isinstance(entry.sent, Upload):
            self._literal[entry.method, entry.uri, entry.sent].append(entry)
        line = self._lines[entry.resource]
        entry.place = len(line)
        line.append(entry)

    def _play(self, request: PreparedRequest) -> Entry:
        method, url = str(request.method), str(request.url)
        with self._lock:
            queue = self._literal.get((method, url, _plain(request.body)))
            if queue is None:
                queue = self._found(method, url, request)
            entry = self._due(queue)
            waiting_for = self._before(entry) if entry else None
            entry = None if waiting_for else entry
            if self._release:
                entry = self._of_release(self._release, entry, request)
            if entry:
                entry.plays += 1
                self._next[entry.resource] = max(self._next[entry.resource], entry.place + 1)
                return entry
        raise self._miss(method, url, request, waiting_for)

    def _of_release(
        self, release: Release, entry: Entry | None, request: PreparedRequest
    ) -> Entry | None:
        """The entry that answers another release, which learns of every request."""
        method, url = str(request.method), str(request.url)
        operation = name_of(method, url)
        asked = self.scrubbed(method, url, body_of(request.body, operation))
        headers = self._scrubber.headers(dict(request.headers), KEPT_REQUEST_HEADERS)
        found = entry or release.instead(self, operation or "undeclared", asked)
        if found and not entry:
            self._bind(f"{asked[1]}{asked[2]}", found)
        release.saw(self, operation or "undeclared", asked, headers, found)
        return found

    def _found(self, method: str, url: str, request: PreparedRequest) -> deque[Entry]:
        """The entries for a request that is not literally one of the recorded ones."""
        operation = name_of(method, url)
        body = body_of(request.body, operation)
        key = key_of(*(mine := self.scrubbed(method, url, body)))
        queue = self._bucket(operation or "undeclared").get(key, deque())
        for entry in list(queue)[:1]:
            self._bind(mine[1] + str(mine[2]), entry)
        return queue

    def _bucket(self, operation: str) -> dict[Key, deque[Entry]]:
        """The entries of one operation by canonical key, in order."""
        if operation not in self._keyed:
            bucket: dict[Key, deque[Entry]] = defaultdict(deque)
            for entry in self.entries:
                if entry.operation == operation:
                    bucket[key_of(*self.scrubbed(entry.method, entry.uri, entry.sent))].append(
                        entry
                    )
            self._keyed[operation] = bucket
        return self._keyed[operation]

    def _bind(self, mine: str, entry: Entry) -> None:
        """Ids the client made now stand for those it made when this entry was recorded."""
        theirs = re.findall(r"3ade0000-0000-4000-8000-\d{12}", f"{entry.uri}{entry.sent}")
        by_reference = {ref: value for value, ref in self._scrubber.references.items()}
        for stood, reference in zip(theirs, made_ids(mine), strict=False):
            if reference in by_reference:
                self._made[stood] = by_reference[reference]

    def _due(self, queue: deque[Entry]) -> Entry | None:
        """The first entry not yet played or passed over; the last again where it was folded."""
        while len(queue) > 1 and self._past(queue[0]):
            queue.popleft()
        if queue and (queue[0].fold or not self._past(queue[0])):
            return queue[0]
        return None

    def _past(self, entry: Entry) -> bool:
        """Played, or its resource has gone on without it: what was deleted is not found again."""
        return bool(entry.plays) or entry.place < self._next[entry.resource]

    def _before(self, entry: Entry) -> Entry | None:
        """An entry of the same resource that has to come first, or None."""
        line, at = self._lines[entry.resource], self._next[entry.resource]
        while at < entry.place and self._passable(line[at]):
            at += 1
        return line[at] if at < entry.place else None

    def _passable(self, entry: Entry) -> bool:
        if entry.plays or entry.fold or self.misses:
            return True
        return self._started is not None and entry.step not in self._started()

    def _miss(
        self, method: str, url: str, request: PreparedRequest, waiting_for: Entry | None
    ) -> Exception:
        from harness.wire.explain import miss

        body = body_of(request.body, name_of(method, url))
        error = miss(self, method, url, body, waiting_for)
        self.misses.append(str(error))
        return error


def _plain(body: Any) -> str | None:
    """A request body as text, where it is one; a body that is not leads to no literal match."""
    if body is None or isinstance(body, str):
        return body or None
    if isinstance(body, bytes):
        try:
            return body.decode() or None
        except UnicodeDecodeError:
            return "\0"
    return "\0"


def _token(request: PreparedRequest) -> Response:
    """What a managed identity's endpoint answers: a token for whom was asked, never expiring."""
    import json
    from urllib.parse import parse_qs, urlsplit

    from harness.wire.response import response_to

    aud = parse_qs(urlsplit(str(request.url)).query).get("resource", ["unknown"])[0]
    told = {
        "access_token": stand_in("token", aud),
        "expires_on": str(FAR),
        "resource": aud,
        "token_type": "Bearer",
    }
    headers = {"content-type": "application/json"}
    return response_to(request, 200, "OK", headers, json.dumps(told).encode())
