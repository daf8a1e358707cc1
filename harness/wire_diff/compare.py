"""Two recordings, call by call: calls added, gone and reordered, then field by field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from harness.wire.differing import Found, differing
from harness.wire_diff.calls import Call, Recording
from harness.wire_diff.change import SEVERITIES, Change

_READS = ("GET", "HEAD")
_SLOWER = 3.0  # times; below it, intervals differ from run to run


def changes(before: Recording, after: Recording) -> list[Change]:
    """Everything that differs, worst first; the same change in several calls stands once."""
    return compared(before.calls, after.calls)


def compared(before: Sequence[Call], after: Sequence[Call]) -> list[Change]:
    """The same of calls, wherever they come from."""
    pairs, gone, added = _aligned(before, after)
    moved = _taken(gone, added, lambda call: (call.operation, call.resource))
    elsewhere = _taken(gone, added, lambda call: (call.step, call.operation))
    found = [
        *(_order(*pair, before, after) for pair in moved),
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
    kind = f"{'read' if call.parts.method in _READS else 'write'} {what}"
    told = {"before" if what == "gone" else "after": str(call)}
    return Change(kind, call.step, call.operation, **told)


def _order(moved: Call, now: Call, one: Sequence[Call], two: Sequence[Call]) -> Change:
    """A call that comes at another place; worse when its resource sees another order by that."""
    orders = [
        [(call.parts.method, call.operation) for call in side if call.resource == moved.resource]
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
    found = [*differing(former.parts, latter.parts), *_interval(former.interval, latter.interval)]
    for kind, where, one, two in found:
        yield Change(kind, former.step, former.operation, where, one, two)


def _interval(one: float | None, two: float | None) -> Iterator[Found]:
    if one and two and max(one, two) > _SLOWER * min(one, two):
        yield Found("poll interval", "", f"{one:.2f} s", f"{two:.2f} s")
