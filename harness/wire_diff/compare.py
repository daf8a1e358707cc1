"""Two recordings, call by call: calls added, gone and reordered, then field by field."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from harness.wire_diff.calls import Call, Recording
from harness.wire_diff.change import SEVERITIES, Change

_READS = ("GET", "HEAD")
_SLOWER = 3.0  # times; below it, intervals differ from run to run
_HASH = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")
_HASHES = re.compile(rf"(?<![0-9a-f])(?:{_HASH.pattern})(?![0-9a-f])")
_ABSENT = object()

Found = tuple[str, str, str, str]  # kind, where, before, after


def changes(before: Recording, after: Recording) -> list[Change]:
    """Everything that differs, worst first; the same change in several calls stands once."""
    pairs, gone, added = _aligned(before.calls, after.calls)
    moved = _taken(gone, added, lambda call: (call.operation, call.resource))
    elsewhere = _taken(gone, added, lambda call: (call.step, call.operation))
    found = [
        *(_order(*pair, before.calls, after.calls) for pair in moved),
        *(change for pair in [*pairs, *moved, *elsewhere] for change in _fields(*pair)),
        *(_only("gone", call) for call in gone),
        *(_only("added", call) for call in added),
    ]
    return sorted(dict.fromkeys(found), key=lambda c: (SEVERITIES.index(c.severity), c.step))


def _aligned(
    one: Sequence[Call], two: Sequence[Call]
) -> tuple[list[tuple[Call, Call]], list[Call], list[Call]]:
    """Calls about the same thing in the same order, and those left over on each side."""
    keys, others = ([(call.operation, call.resource) for call in side] for side in (one, two))
    pairs, gone, added = [], list[Call](), list[Call]()
    for what, a, b, c, d in SequenceMatcher(None, keys, others, autojunk=False).get_opcodes():
        if what == "equal":
            pairs += list(zip(one[a:b], two[c:d], strict=True))
        else:
            gone += one[a:b]
            added += two[c:d]
    return pairs, gone, added


def _taken(gone: list[Call], added: list[Call], key: Any) -> list[tuple[Call, Call]]:
    """Pairs that agree in `key`, taken out of both lists."""
    pairs = []
    for former in list(gone):
        latter = next((call for call in added if key(call) == key(former)), None)
        if latter is not None:
            pairs.append((former, latter))
            gone.remove(former)
            added.remove(latter)
    return pairs


def _only(what: str, call: Call) -> Change:
    kind = f"{'read' if call.method in _READS else 'write'} {what}"
    told = {"before" if what == "gone" else "after": str(call)}
    return Change(kind, call.step, call.operation, **told)


def _order(moved: Call, now: Call, one: Sequence[Call], two: Sequence[Call]) -> Change:
    """A call that comes at another place; worse when its resource sees another order by that."""
    orders = [
        [(call.method, call.operation) for call in side if call.resource == moved.resource]
        for side in (one, two)
    ]
    kind = "order" if orders[0] == orders[1] else "order on a resource"
    return Change(kind, moved.step, moved.operation, str(moved), *_places(moved, now, one, two))


def _places(moved: Call, now: Call, one: Sequence[Call], two: Sequence[Call]) -> tuple[str, str]:
    """Before which call it came, and before which it comes."""
    following = [
        next((str(c.operation) for c in side[side.index(call) + 1 :]), "the end")
        for call, side in ((moved, one), (now, two))
    ]
    return f"step {moved.step}, before {following[0]}", f"step {now.step}, before {following[1]}"


def _fields(former: Call, latter: Call) -> Iterator[Change]:
    """Everything in which two calls of one operation differ."""
    found = [
        *_address(former, latter),
        *_named("query", former.query, latter.query),
        *_named("header", former.headers, latter.headers),
        *values(former.body, latter.body, "body"),
        *_interval(former.interval, latter.interval),
    ]
    for kind, where, one, two in found:
        yield Change(kind, former.step, former.operation, where, one, two)


def _address(former: Call, latter: Call) -> Iterator[Found]:
    for where, one, two in (
        ("method", former.method, latter.method),
        ("host", former.host, latter.host),
    ):
        if one != two:
            yield "address changed", where, one, two
    for number, (a, b) in enumerate(zip_longest(former.path, latter.path, fillvalue="")):
        if _HASH.fullmatch(a) and _HASH.fullmatch(b) and a != b:
            yield "hash of uploads", f"path segment {number}", _digits(a), _digits(b)
        elif a != b:
            yield "address changed", f"path segment {number}", a, b


def _digits(hashed: str) -> str:
    return f"{len(hashed)} hex digits"


def _named(where: str, one: Mapping[str, str], two: Mapping[str, str]) -> Iterator[Found]:
    """Query parameters or headers that differ."""
    for name in sorted({*one, *two}):
        if one.get(name) != two.get(name):
            kind = "header changed" if where == "header" else "value changed"
            kind = "api-version" if name == "api-version" else kind
            yield kind, f"{where} {name}", one.get(name, ""), two.get(name, "")


def _interval(one: float | None, two: float | None) -> Iterator[Found]:
    if one and two and max(one, two) > _SLOWER * min(one, two):
        yield "poll interval", "", f"{one:.2f} s", f"{two:.2f} s"


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
        yield "type changed", path, _shown(one), _shown(two)
    elif one != two:
        hashes = [_HASHES.findall(side) if isinstance(side, str) else [] for side in (one, two)]
        if hashes[0] and _HASHES.sub("", one) == _HASHES.sub("", two):
            yield "hash of uploads", path, _digits(hashes[0][0]), _digits(hashes[1][0])
            return
        yield "value changed", path, _shown(one), _shown(two)


def _objects(one: dict[str, Any], two: dict[str, Any], path: str) -> Iterator[Found]:
    gone, added = [k for k in one if k not in two], [k for k in two if k not in one]
    for key in list(gone):
        name = next((k for k in added if one[key] == two[k] and _renamed(key, k, one[key])), None)
        if name is not None:
            gone.remove(key)
            added.remove(name)
            yield "field renamed", path, key, name
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
    yield empty + kind, path, *told


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
