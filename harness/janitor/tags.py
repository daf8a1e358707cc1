"""What we write on everything we create: whose it is, of which run, and when it may be deleted.

`DeleteAfter` is the tag that Azure's own SDK engineering uses on its test resources. Values derive
from the plan and the run's timestamp alone, so that a replayed run sends what was recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.plan import Plan

RUN, OWNER, DELETE_AFTER = "run", "owner", "DeleteAfter"


def tags(plan: Plan, timestamp: str, *, keep: bool = False) -> dict[str, str]:
    """The three tags of what a run creates; `timestamp` is the run's, in epoch seconds.

    What is to be kept has no time after which it may be deleted.
    """
    found = {RUN: timestamp, OWNER: plan.limits.owner}
    until = {DELETE_AFTER: expiry(timestamp, plan.limits.keep_hours)}
    return found if keep else found | until


def expiry(timestamp: str, hours: int) -> str:
    """UTC, ISO 8601, to the second."""
    moment = datetime.fromtimestamp(int(timestamp), UTC) + timedelta(hours=hours)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def expired(found: Mapping[str, str] | None, owner: str, now: datetime) -> bool:
    """Whether a thing with these tags is ours and past its time. Anything unclear is not."""
    if not found or found.get(OWNER) != owner or not found.get(RUN):
        return False
    try:
        until = datetime.fromisoformat(found.get(DELETE_AFTER, ""))
    except ValueError:
        return False
    return until.tzinfo is not None and until < now
