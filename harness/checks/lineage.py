"""From the data to the answer, each link told by both of its ends.

What is compared is what the service says of itself: ids, names, and the hash of each upload. That
the weights behind a registered name are those the training left, byte for byte, cannot be known
on Azure without downloading them (8 GB); their name carries the job's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.checks.facts import Link
from harness.checks.finding import Finding


def unbroken(links: Sequence[Link]) -> Iterator[Finding]:
    """What is at the later end of each link is what went in at the earlier one."""
    for link in links:
        if link.later is None:
            yield Finding(
                "cannot tell",
                f"lineage, {link.name}: the service does not say",
                link.name,
                f"expected {link.earlier}",
                "service",
                link.show,
            )
        elif link.later != link.earlier:
            yield Finding(
                "error",
                f"lineage, {link.name}: {link.later} is not {link.earlier}",
                link.name,
                "the two ends of the link name different things",
                "service",
                f"{link.show} shows the later end; delete what this run created and run again",
            )
