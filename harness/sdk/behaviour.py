"""How two releases behave otherwise, from what their probes, signatures and warnings say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.wire_diff.change import Severity
from harness.wire_diff.compare import values

KINDS: Mapping[str, tuple[Severity, str]] = {
    "answer changed": ("breaking", "code that reads the former answer takes another way"),
    "raises now": ("breaking", "what worked ends in an exception"),
    "raises no more": ("risky", "code that relied on the exception goes on"),
    "import broken": ("breaking", "a fresh environment of today does not even import it"),
    "import broken otherwise": ("risky", "something else has to be installed beside it"),
    "import mended": ("harmless", "nothing has to be installed beside it any more"),
    "exception escapes": ("breaking", "an except clause for the former class does not catch it"),
    "exception narrowed": ("harmless", "an except clause for the former class still catches it"),
    "exception text": ("harmless", "people read it; code that does must look"),
    "name gone": ("breaking", "the recipe calls it"),
    "parameter gone": ("breaking", "a call that passes it is refused"),
    "required parameter": ("breaking", "a call that does not pass it is refused"),
    "default changed": ("risky", "a call that does not pass it does something else"),
    "parameter added": ("harmless", "no call has to pass it"),
    "name added": ("harmless", "nothing calls it yet"),
    "warning added": ("harmless", "announced, and not in force"),
    "warning gone": ("harmless", "no longer announced"),
    "sent otherwise": ("risky", "the service is told something else, see the kinds of requests"),
    "sent under another name": ("breaking", "a service that reads the former name sees nothing"),
}


@dataclass(frozen=True)
class Difference:
    """What differs, in which probe, name or place; `before` and `after` are short texts."""

    kind: str
    where: str
    before: str = ""
    after: str = ""

    @property
    def severity(self) -> Severity:
        """How bad a difference of this kind is."""
        return KINDS[self.kind][0]

    @property
    def why(self) -> str:
        """Why it is that bad."""
        return KINDS[self.kind][1]

    def __str__(self) -> str:
        values = f": {self.before or 'absent'} -> {self.after or 'absent'}"
        return f"{self.kind} {self.where}{values if self.before or self.after else ''}"


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """All that differs between what two releases wrote down; see harness/sdk/probes.py.

    A probe or name that only one of them was asked about is left out.
    """
    one, two = before["probes"], after["probes"]
    found = [d for name in one if name in two for d in outcome(name, one[name], two[name])]
    one, two = before["signatures"], after["signatures"]
    found += [d for name in one if name in two for d in _signature(name, one[name], two[name])]
    one, two = (side.get("warnings", ()) for side in (before, after))
    found += [Difference("warning gone", text) for text in one if text not in two]
    found += [Difference("warning added", text) for text in two if text not in one]
    return found


def outcome(name: str, one: Mapping[str, Any], two: Mapping[str, Any]) -> Iterator[Difference]:
    """How one probe ended otherwise."""
    if one["raised"] and two["raised"]:
        yield from _exceptions(name, one, two)
    elif two["raised"]:
        yield Difference("raises now", name, _told(one), _told(two))
    elif one["raised"]:
        yield Difference("raises no more", name, _told(one), _told(two))
    else:
        if (one["type"], one["text"]) != (two["type"], two["text"]):
            yield Difference("answer changed", name, _told(one), _told(two))
        for kind, where, former, latter in values(one["sent"], two["sent"], "body"):
            named = "sent under another name" if kind == "field renamed" else "sent otherwise"
            yield Difference(named, f"{name} {where}", former, latter)


def _exceptions(name: str, one: Mapping[str, Any], two: Mapping[str, Any]) -> Iterator[Difference]:
    former, latter = one["raised"][0], two["raised"][0]
    if former != latter:
        kind = "exception narrowed" if former in two["raised"] else "exception escapes"
        yield Difference(kind, name, former, latter)
    elif one["text"] != two["text"]:
        yield Difference("exception text", name, *_from_where_they_part(one["text"], two["text"]))


def _from_where_they_part(one: str, two: str, around: int = 60) -> tuple[str, str]:
    shorter = min(len(one), len(two))
    at = next((n for n in range(shorter) if one[n] != two[n]), shorter)
    begin = max(0, at - 15)
    return one[begin : at + around], two[begin : at + around]


def _signature(
    name: str, one: Mapping[str, str] | None, two: Mapping[str, str] | None
) -> Iterator[Difference]:
    if one is None or two is None:
        if one is not two:
            yield Difference("name gone" if two is None else "name added", name)
        return
    for each in one.keys() - two.keys():
        yield Difference("parameter gone", f"{name}({each})", one[each])
    for each in two.keys() - one.keys():
        kind = "required parameter" if two[each] == "required" else "parameter added"
        yield Difference(kind, f"{name}({each})", "", two[each])
    for each in one.keys() & two.keys():
        if one[each] != two[each]:
            kind = "required parameter" if two[each] == "required" else "default changed"
            yield Difference(kind, f"{name}({each})", one[each], two[each])


def _told(one: Mapping[str, Any]) -> str:
    """An outcome in a few words."""
    if one["raised"]:
        return f"raises {one['raised'][0]}: {one['text'][:120]}"
    return f"{one['type']} {one['text']!r}"
