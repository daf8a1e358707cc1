"""From the data to the answer, each link told by both of its ends.

What is compared is what the service says of itself: ids, names, and the hash of each upload. That
the weights behind a registered name are those the training left, byte for byte, cannot be known
on Azure without downloading them (8 GB); their name carries the job's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.checks.facts import Link
from harness.checks.finding import Finding
from harness.shell import run_again

if TYPE_CHECKING:
    from harness.plan import Plan


def unbroken(links: Sequence[Link], plan: Plan) -> Iterator[Finding]:
    """What is at the later end of each link is what went in at the earlier one."""
    for link in links:
        if link.later is None:
            yield Finding(
                "cannot tell",
                f"lineage, {link.name}: the service does not say",
                link.name,
                f"expected {link.earlier}",
                "service",
                _next(link, plan.target),
            )
        elif link.later != link.earlier:
            yield Finding(
                "error",
                f"lineage, {link.name}: {link.later} is not {link.earlier}",
                link.name,
                "the two ends of the link name different things",
                "service",
                _next(link, plan.target),
            )


def _next(link: Link, target: str) -> str:
    """A command that still works when the run is over."""
    again = run_again(target)
    if not link.show:
        return f"{again}  # step 9 deletes what it ends at"
    return f"{link.show} shows what is there" + (f"; then again: {again}" if link.later else "")
