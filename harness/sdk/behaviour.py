"""How two releases behave otherwise, from what their probes, signatures and warnings say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.wire.differing import values
from harness.wire_diff.change import Change


def behaved(kind: str, where: str, before: str = "", after: str = "") -> Change:
    """A difference that is about no request."""
    return Change(kind, where=where, before=before, after=after)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """All that differs between what two releases wrote down; see harness/sdk/probes.py.

    A probe or name that only one of them was asked about is left out.
    """
    one, two = before["probes"], after["probes"]
    found = [d for name in one if name in two for d in outcome(name, one[name], two[name])]
    one, two = before["signatures"], after["signatures"]
    found += [d for name in one if name in two for d in _signature(name, one[name], two[name])]
    one, two = (side.get("warnings", ()) for side in (before, after))
    found += [behaved("warning gone", text) for text in one if text not in two]
    found += [behaved("warning added", text) for text in two if text not in one]
    return found


def outcome(name: str, one: Mapping[str, Any], two: Mapping[str, Any]) -> Iterator[Change]:
    """How one probe ended otherwise."""
    if one["raised"] and two["raised"]:
        yield from _exceptions(name, one, two)
    elif two["raised"]:
        yield behaved("raises now", name, _told(one), _told(two))
    elif one["raised"]:
        yield behaved("raises no more", name, _told(one), _told(two))
    else:
        if (one["type"], one["text"]) != (two["type"], two["text"]):
            yield behaved("answer changed", name, _told(one), _told(two))
        for kind, where, former, latter in values(one["sent"], two["sent"], "body"):
            named = "sent under another name" if kind == "field renamed" else "sent otherwise"
            yield behaved(named, f"{name} {where}", former, latter)


def _exceptions(name: str, one: Mapping[str, Any], two: Mapping[str, Any]) -> Iterator[Change]:
    former, latter = one["raised"][0], two["raised"][0]
    if former != latter:
        kind = "exception narrowed" if former in two["raised"] else "exception escapes"
        yield behaved(kind, name, former, latter)
    elif lost := [each for each in one["raised"] if each not in two["raised"]]:
        yield behaved("exception escapes", name, f"{former}({lost[0]})", latter)
    elif one["text"] != two["text"]:
        yield behaved("exception text", name, *_from_where_they_part(one["text"], two["text"]))


def _from_where_they_part(one: str, two: str, around: int = 60) -> tuple[str, str]:
    shorter = min(len(one), len(two))
    at = next((n for n in range(shorter) if one[n] != two[n]), shorter)
    begin = max(0, at - 15)
    return one[begin : at + around], two[begin : at + around]


def _signature(
    name: str, one: Mapping[str, str] | None, two: Mapping[str, str] | None
) -> Iterator[Change]:
    if one is None or two is None:
        if one is not two:
            yield behaved("name gone" if two is None else "name added", name)
        return
    for each in one.keys() - two.keys():
        yield behaved("parameter gone", f"{name}({each})", one[each])
    for each in two.keys() - one.keys():
        kind = "required parameter" if two[each] == "required" else "parameter added"
        yield behaved(kind, f"{name}({each})", "", two[each])
    for each in one.keys() & two.keys():
        if one[each] != two[each]:
            kind = "required parameter" if two[each] == "required" else "default changed"
            yield behaved(kind, f"{name}({each})", one[each], two[each])


def _told(one: Mapping[str, Any]) -> str:
    """An outcome in a few words."""
    if one["raised"]:
        return f"raises {one['raised'][0]}: {one['text'][:120]}"
    return f"{one['type']} {one['text']!r}"
