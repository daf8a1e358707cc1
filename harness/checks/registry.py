"""The registry has what the plan names; what comes later would have nothing to judge."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.facts import Missing
from harness.checks.finding import Finding


def has(missing: Missing) -> Iterator[Finding]:
    """The registry has the plan's base model and component, in the versions asked for."""
    yield Finding(
        "error",
        str(missing),
        missing.name,
        missing.why,
        "plan",
        f"az ml {missing.kind} list --registry-name {missing.registry}, then set {missing.key} "
        "in the plan or with --set",
    )
