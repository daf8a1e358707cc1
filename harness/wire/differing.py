"""In what two requests differ, field by field: a miss is explained and releases compared by it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from harness.wire.message import Body, Upload

# what a blob address carries for the storage service; the rest of it is the service's signature
_OF_BLOBS = ("comp", "restype", "prefix", "delimiter", "include", "blockid")
_HASH = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")
_HASHES = re.compile(rf"(?<![0-9a-f])(?:{_HASH.pattern})(?![0-9a-f])")
_ABSENT = object()


class Found(NamedTuple):
    """One difference: what kind of, where (`query NAME`, or a JSON path), and both values.

    An empty text is a value that is not there. The kinds are those of harness/wire_diff/change.py.
    """

    kind: str
    where: str
    before: str
    after: str


class Parts(NamedTuple):
    """A scrubbed request in the parts that are compared."""

    method: str
    host: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any  # a JSON value, text, or None


def parts_of(method: str, url: str, body: Any, *, of_blobs: bool = False) -> Parts:
    """The parts of a request without headers; of a blob's address without its signature."""
    place = urlsplit(url)
    path = tuple(unquote(part) for part in place.path.strip("/").split("/"))
    query = dict(_query(place.query, of_blobs=of_blobs))
    return Parts(method, place.netloc, path, query, {}, body)


def json_of(body: Body) -> Any:
    """A body as it stands in a cassette: JSON as a value, an upload by hash and size."""
    if isinstance(body, Upload):
        return {"sha256": body.sha256, "bytes": body.size}
    try:
        return json.loads(body or "null")
    except ValueError:
        return body


def differing(one: Parts, two: Parts) -> Iterator[Found]:
    """Everything in which two requests differ: method, host, path, query, headers, body."""
    yield from _address(one, two)
    yield from _named("query", one.query, two.query)
    yield from _named("header", one.headers, two.headers)
    yield from values(one.body, two.body, "body")


def _query(query: str, *, of_blobs: bool) -> Iterator[tuple[str, str]]:
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if not of_blobs or name in _OF_BLOBS:
            yield name, unquote(value)


def _address(one: Parts, two: Parts) -> Iterator[Found]:
    for where, former, latter in (("method", one.method, two.method), ("host", one.host, two.host)):
        if former != latter:
            yield Found("address changed", where, former, latter)
    for number, (a, b) in enumerate(zip_longest(one.path, two.path, fillvalue="")):
        if _HASH.fullmatch(a) and _HASH.fullmatch(b) and a != b:
            yield Found("hash of uploads", f"path segment {number}", _digits(a), _digits(b))
        elif a != b:
            yield Found("address changed", f"path segment {number}", a, b)


def _digits(hashed: str) -> str:
    return f"{len(hashed)} hex digits"


def _named(where: str, one: Mapping[str, str], two: Mapping[str, str]) -> Iterator[Found]:
    """Query parameters or headers that differ."""
    for name in sorted({*one, *two}):
        if one.get(name) != two.get(name):
            kind = "header changed" if where == "header" else "value changed"
            kind = "api-version" if name == "api-version" else kind
            yield Found(kind, f"{where} {name}", one.get(name, ""), two.get(name, ""))


def values(one: Any, two: Any, path: str) -> Iterator[Found]:
    """All that differs below two JSON values: kind of change, JSON path, before, after."""
    if isinstance(one, dict) and isinstance(two, dict):
        yield from _objects(one, two, path)
    elif isinstance(one, list) and isinstance(two, list):
        for number, (a, b) in enumerate(zip_longest(one, two, fillvalue=_ABSENT)):
            yield from _item(a, b, f"{path}[{number}]")
    elif one is None or two is None:
        if one is not two:
            yield from _item(_or_absent(one), _or_absent(two), path)
    elif type(one) is not type(two):
        yield Found("type changed", path, _shown(one), _shown(two))
    elif one != two:
        hashes = [_HASHES.findall(side) if isinstance(side, str) else [] for side in (one, two)]
        if hashes[0] and _HASHES.sub("", one) == _HASHES.sub("", two):
            yield Found("hash of uploads", path, _digits(hashes[0][0]), _digits(hashes[1][0]))
            return
        yield Found("value changed", path, _shown(one), _shown(two))


def _objects(one: dict[str, Any], two: dict[str, Any], path: str) -> Iterator[Found]:
    gone, added = [k for k in one if k not in two], [k for k in two if k not in one]
    for key in list(gone):
        name = next((k for k in added if one[key] == two[k] and _renamed(key, k, one[key])), None)
        if name is not None:
            gone.remove(key)
            added.remove(name)
            yield Found("field renamed", path, key, name)
    for key in one:
        if key in two:
            yield from values(one[key], two[key], f"{path}.{key}")
    for key in gone:
        yield from _item(one[key], _ABSENT, f"{path}.{key}")
    for key in added:
        yield from _item(_ABSENT, two[key], f"{path}.{key}")


def _item(one: Any, two: Any, path: str) -> Iterator[Found]:
    """A value of a list or object, which may stand on one side only."""
    if one is not _ABSENT and two is not _ABSENT:
        yield from values(one, two, path)
        return
    gone = two is _ABSENT
    value = one if gone else two
    empty = "empty " if value in (None, "", [], {}) else ""
    shown = _shown(value)
    kind, told = ("field gone", (shown, "")) if gone else ("field added", ("", shown))
    yield Found(empty + kind, path, *told)


def _or_absent(value: Any) -> Any:
    return _ABSENT if value is None else value


def _renamed(one: str, two: str, value: Any) -> bool:
    """Two spellings of one name; or nearly, with a value that not just any field may hold."""
    plain = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in (one, two)]
    if plain[0] == plain[1]:
        return True
    telling = bool(value) and not isinstance(value, bool)
    return telling and SequenceMatcher(None, plain[0], plain[1]).ratio() > 0.6


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 90 else f"{text[:87]}..."
