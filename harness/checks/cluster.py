"""A cluster that was refused in every tier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.checks.causes import QUOTA, TRANSIENT, Cause, cause_of, evidence_of
from harness.checks.finding import Finding

if TYPE_CHECKING:
    from harness.plan import Plan

_USAGE = (
    "az ml compute list-usage --location {location} shows what is left; ask for more quota, or "
)
_SIZE = "set compute.size in the plan or with --set to another allowed size"
_AGAIN = "run again; az ml compute show --name {name} tells what is there"
CAUSES = (
    Cause("quota", QUOTA, "quota", _USAGE + _SIZE),
    Cause(
        "size",
        r"not supported|notsupported|notavailable|not available|capacity",
        "SKU",
        "az ml compute list-sizes --location {location}; then " + _SIZE,
    ),
    Cause(
        "conflict",
        r"already (running|exists|in progress)|conflict|another operation|being (creat|delet)ed",
        "service",
        _AGAIN,
    ),
    Cause("transient", TRANSIENT, "service", _AGAIN),
)


def created(plan: Plan, refusals: Sequence[str], location: str) -> Iterator[Finding]:
    """One of the plan's tiers gave the cluster."""
    cause = cause_of("\n".join(refusals), CAUSES)
    yield Finding(
        "error",
        f"cluster {plan.compute.name!r} of {plan.compute.size} was refused:\n  "
        + "\n  ".join(refusals),
        plan.compute.name,
        evidence_of(cause),
        cause.blame,
        (cause.next or _AGAIN).format(location=location, name=plan.compute.name),
    )
