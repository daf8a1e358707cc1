"""A finding: one thing a check has to say, about which thing, whose it is, and what to type next.

A check without a finding is content. A check that cannot know says so: "cannot tell" is a
severity of its own, and never silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "cannot tell", "info"]
Blame = Literal[
    "plan",
    "data",
    "base model",
    "component",
    "SKU",
    "quota",
    "SDK environment",
    "service",
    "training",
    "answer",
    "this machine",
]
SEVERITIES: tuple[Severity, ...] = ("error", "cannot tell", "warning", "info")


@dataclass(frozen=True)
class Finding:
    """`what` is a sentence, `evidence` what it rests on, `blame` who can mend it, `next` a command.

    `check` is filled in by whoever runs the checks.
    """

    severity: Severity
    what: str
    thing: str
    evidence: str
    blame: Blame
    next: str
    check: str = ""

    def __str__(self) -> str:
        """As the message of an error."""
        return f"{self.what}\nNext: {self.next}"
