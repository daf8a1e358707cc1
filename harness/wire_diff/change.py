"""One difference between two recordings, and how bad each kind of it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["breaking", "risky", "harmless"]
SEVERITIES: tuple[Severity, ...] = ("breaking", "risky", "harmless")

KINDS: Mapping[str, tuple[Severity, str]] = {
    "field renamed": ("breaking", "a service that reads the former name no longer sees the value"),
    "type changed": ("breaking", "a service that checks types refuses it, or reads another value"),
    "address changed": ("breaking", "another resource answers, or none"),
    "write gone": ("breaking", "what it created, changed or deleted is left as it was"),
    "field gone": ("risky", "the service falls back to its own default"),
    "field added": ("risky", "what the service chose before is set now"),
    "empty field added": ("harmless", "nothing is said with it"),
    "empty field gone": ("harmless", "nothing was said with it"),
    "value changed": ("risky", "the service is told something else"),
    "api-version": ("risky", "the service may read and answer otherwise"),
    "header changed": ("risky", "the service may treat the request otherwise"),
    "hash of uploads": ("risky", "what the other release uploaded is not found again"),
    "write added": ("risky", "it needs a permission and an answer that were not needed before"),
    "read added": ("risky", "it needs a permission and an answer that were not needed before"),
    "read gone": ("harmless", "less is asked"),
    "order on a resource": ("risky", "the resource is in another state when it is asked"),
    "order": ("harmless", "the calls are about different resources"),
    "poll interval": ("harmless", "the same answer comes sooner or later"),
}


@dataclass(frozen=True)
class Change:
    """What differs, in which operation, where; `before` and `after` are short texts."""

    kind: str
    step: int
    operation: str
    where: str = ""
    before: str = ""
    after: str = ""

    @property
    def severity(self) -> Severity:
        """How bad a change of this kind is."""
        return KINDS[self.kind][0]

    @property
    def why(self) -> str:
        """Why it is that bad."""
        return KINDS[self.kind][1]

    def __str__(self) -> str:
        values = f": {self.before or 'absent'} -> {self.after or 'absent'}"
        where = f" {self.where}" if self.where else ""
        return f"{self.kind}{where}{values if self.before or self.after else ''}"


def told(found: Sequence[Change], severity: Severity) -> Iterator[str]:
    """Those of one severity for people; the same change in several calls stands once."""
    groups: dict[tuple[str, str], list[Change]] = {}
    for change in found:
        if change.severity == severity:
            groups.setdefault((str(change), change.why), []).append(change)
    for (what, why), group in groups.items():
        places = dict.fromkeys(f"{change.operation} (step {change.step})" for change in group)
        yield f"  {', '.join(places)}\n      {what}\n      because {why}"
