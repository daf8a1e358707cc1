"""The deployment, once it is there."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import TYPE_CHECKING

from harness.checks.facts import Traffic
from harness.checks.finding import Finding
from harness.shell import run_again

if TYPE_CHECKING:
    from harness.plan import Plan


def healthy(deployed: Traffic, plan: Plan) -> Iterator[Finding]:
    """Its own state is Succeeded, whatever the operation said."""
    if deployed.state != "Succeeded":
        yield Finding(
            "error",
            f"deployment {deployed.deployment!r} is {deployed.state}, not Succeeded",
            deployed.deployment,
            "its provisioning state",
            "service",
            f"less {quote(deployed.log)} shows why" if deployed.log else run_again(plan.target),
        )


def traffic(deployed: Traffic, plan: Plan) -> Iterator[Finding]:
    """All traffic goes to it, so that nobody else answers."""
    if {name: share for name, share in deployed.traffic.items() if share} != {
        deployed.deployment: 100
    }:
        yield Finding(
            "error",
            f"{deployed.deployment} does not get all traffic but {dict(deployed.traffic)}",
            deployed.deployment,
            "the endpoint's traffic",
            "service",
            f"{run_again(plan.target)}  # step 9 deletes the endpoint",
        )
