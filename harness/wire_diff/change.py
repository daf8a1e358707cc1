"""One difference between two releases, and how bad each kind of it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["breaking", "risky", "harmless"]
SEVERITIES: tuple[Severity, ...] = ("breaking", "risky", "harmless")

REQUESTS: Mapping[str, tuple[Severity, str]] = {  # what is asked
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

BEHAVIOUR: Mapping[str, tuple[Severity, str]] = {  # what it does with the answers
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

KINDS = {**REQUESTS, **BEHAVIOUR}


@dataclass(frozen=True)
class Change:
    """What differs, where; `before` and `after` are short texts.

    `step` and `operation` are those of a request; of behaviour they are 0 and empty, and `where`
    is a probe, a name or a place.
    """

    kind: str
    step: int = 0
    operation: str = ""
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


def told(
    found: Sequence[Change], severity: Severity, by: Callable[[Change], str] = lambda _: ""
) -> Iterator[str]:
    """Those of one severity for people; the same change in several calls stands once.

    `by` tells who brought a change, or an empty text.
    """
    groups: dict[tuple[str, str, str], list[Change]] = {}
    for change in found:
        if change.severity == severity:
            groups.setdefault((str(change), change.why, by(change)), []).append(change)
    for (what, why, who), group in groups.items():
        places = dict.fromkeys(f"{c.operation} (step {c.step})" for c in group if c.operation)
        lines = [", ".join(places), f"    {what}", f"    because {why}"]
        lines = lines if places else [what, lines[2]]
        lines += [f"    {who}"] if who else []
        yield "\n".join(f"  {line}" for line in lines)
