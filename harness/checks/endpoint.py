"""The endpoint's name and time-outs, as Azure bounds them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.checks.finding import Finding

if TYPE_CHECKING:
    from harness.plan import Plan

# Azure ML, managed online endpoints: 3-32 characters, first a letter, letters, digits and single
# dashes; request_timeout_ms at most 180000 (schema of managed online deployments)
NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){2,31}")
LONGEST_MS = 180_000
READY = 10 + 30 * 10  # seconds: the readiness probe's own defaults, which the recipe leaves
STAMP = 10  # digits of the timestamp


def name(plan: Plan) -> Iterator[Finding]:
    """Prefix and timestamp make a name that Azure accepts."""
    whole = plan.endpoint.prefix + "0" * STAMP
    if not NAME.fullmatch(whole):
        yield Finding(
            "error",
            f"endpoint name {plan.endpoint.prefix}<timestamp> is not one that Azure accepts",
            plan.endpoint.prefix,
            f"{len(whole)} characters; 3-32 letters, digits and single dashes, first a letter",
            "plan",
            "set endpoint.prefix in the plan or with --set",
        )


def timeouts(plan: Plan) -> Iterator[Finding]:
    """A request may take as long as Azure lets it, and probes wait until the model is loaded."""
    wanted = plan.deployment
    if wanted.request_timeout_ms > LONGEST_MS:
        yield Finding(
            "error",
            f"deployment.request_timeout_ms = {wanted.request_timeout_ms} is more than Azure's "
            f"maximum of {LONGEST_MS}",
            wanted.name,
            "the schema of managed online deployments",
            "plan",
            f"set deployment.request_timeout_ms in the plan or with --set to {LONGEST_MS} or less",
        )
    if wanted.liveness_initial_delay < READY:
        yield Finding(
            "warning",
            f"the liveness probe begins after {wanted.liveness_initial_delay} s: a container that "
            "is still loading its model is restarted (502, ResourceNotReady)",
            wanted.name,
            f"readiness alone is given {READY} s; the recipe waits 600 s",
            "plan",
            "set deployment.liveness_initial_delay = 600 in the plan or with --set",
        )
