"""Our own rules: nothing may be left that the scrubbing of a recording would still change."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from harness.audit.texts import Text
from harness.wire.references import SIGNATURE, expand, stand_in
from harness.wire.scrub import (
    KEPT_REQUEST_HEADERS,
    KEPT_RESPONSE_HEADERS,
    Scrubber,
    Window,
)
from harness.wire.suspicious import suspects

Hit = tuple[str, str]  # kind, and the text from where it begins

KINDS = {  # kind of reference that the scrubbing would put there -> what it is
    "key": "key or password",
    "mail": "e-mail",
    "user": "user name",
    "subscription": "subscription id",
    "tenant": "tenant id",
    "principal": "principal id",
    "guid": "id",
}
_ANY_TIME = Window(0, 0, frozenset())  # when something happened is no secret
_HEADER = re.compile(r"(request|response)\.headers\.([^.\[]+) \(the name\)")
_KEPT = {"request": KEPT_REQUEST_HEADERS, "response": KEPT_RESPONSE_HEADERS}
_LEFT = (  # what scrubbing puts in place without a number, or takes away
    ("token", re.compile(r"<token:")),
    ("signature", re.compile(r"<signature>")),
    ("git remote", re.compile(r"recorded-repository")),
)
_SECRETIVE = ("eyJ", stand_in("key", "0")[:17], SIGNATURE)  # how such stand-ins begin
_KERNEL = re.compile(r"Linux-[\w.+-]*\d[\w.+-]*")


def hits(text: Text) -> Iterator[Hit]:
    """What is wrong with one text: unscrubbed, suspicious, or a header that is never kept.

    References (`<key:1>`) and their stand-ins, among them the unsigned tokens of a replay, are
    what belongs in a file: scrubbed and expanded again they come out as they were.
    """
    yield from _header(text)
    for form in (_named(text), text.value):
        scrubber = Scrubber(window=_ANY_TIME)
        clean = scrubber.scrub(form)
        if expand(clean) != expand(form):
            begins = _from_difference(expand(form), expand(clean))
            yield from ((kind, begins) for kind in _kinds(scrubber, form, clean))
            return
    for suspect in suspects({text.name: referring(text).value}):
        yield suspect.looks_like.removeprefix("a "), suspect.shown


def referring(text: Text) -> Text:
    """The text with references in place of stand-ins that look like a secret."""
    if not any(mark in text.value for mark in _SECRETIVE):
        return text
    clean = Scrubber(window=_ANY_TIME).scrub(text.value)
    return replace(text, value=clean) if expand(clean) == expand(text.value) else text


def _named(text: Text) -> str:
    """The text under its name, as rules on JSON want it; an ETag header has quotes of its own."""
    value = text.value.strip('"') if text.name == "etag" else text.value
    return json.dumps({text.name: value}, ensure_ascii=False)


def _header(text: Text) -> Iterator[Hit]:
    found = _HEADER.fullmatch(text.path)
    if found and text.value.lower() not in _KEPT[found[1]]:
        yield "header that is never kept", text.value


def _kinds(scrubber: Scrubber, before: str, after: str) -> list[str]:
    kinds = {KINDS[reference[1:].partition(":")[0]] for reference in scrubber.references.values()}
    kinds |= {
        kind
        for kind, pattern in _LEFT
        if len(pattern.findall(after)) > len(pattern.findall(before))
    }
    if _KERNEL.search(before):
        kinds.add("host kernel")
    return sorted(kinds) or ["what scrubbing takes away"]


def _from_difference(one: str, other: str) -> str:
    """The first text from where it differs from the other one."""
    same = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    return one[same:]
