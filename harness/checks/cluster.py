"""A cluster that was refused in every tier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.checks.causes import QUOTA, TRANSIENT, Cause, cause_of
from harness.checks.finding import Finding

if TYPE_CHECKING:
    from harness.plan import Plan

CAUSES = (
    Cause("quota", QUOTA, "quota", "ask for more quota"),
    Cause("size", r"not supported|notsupported|notavailable|not available|capacity", "SKU", ""),
    Cause("transient", TRANSIENT, "service", "run again"),
)


def created(plan: Plan, refusals: Sequence[str], location: str) -> Iterator[Finding]:
    """One of the plan's tiers gave the cluster."""
    cause = cause_of("\n".join(refusals), CAUSES)
    yield Finding(
        "error",
        f"cluster {plan.compute.name!r} of {plan.compute.size} was refused:\n  "
        + "\n  ".join(refusals),
        plan.compute.name,
        f"cause: {cause.name}",
        cause.blame,
        f"az ml compute list-usage --location {location} shows what is left; "
        f"{cause.next or 'ask for more quota'}, or set compute.size in plan.toml to another "
        "allowed size",
    )
