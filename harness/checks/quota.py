"""Cores of quota: what the cluster and the deployment need, against what is left."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import TYPE_CHECKING

from harness.checks.facts import Region, Size
from harness.checks.finding import Finding

if TYPE_CHECKING:
    from harness.plan import Plan

RESERVE = 1.2  # a managed deployment needs ceil(1.2 n) instances' cores, for upgrades
# SKUs whose quota needs no such reserve (Azure ML, manage quotas: A100, H100 and ND series)
EXEMPT = ("a100", "h100", "_nd")


def cores(plan: Plan, region: Region) -> Iterator[Finding]:
    """Cores are left for the cluster and, with the reserve for upgrades, for the deployment."""
    if region.usages is None:
        yield Finding(
            "cannot tell",
            f"the usages of {region.name} cannot be read: cannot tell whether the quota is enough",
            region.name,
            "the service refused to list them",
            "quota",
            f"az ml compute list-usage --location {region.name}",
        )
        return
    short = [*_training_quota(plan, region), *_deployment_quota(plan, region)]
    yield from short or _both(plan, region)


def deployment_cores(size: Size, instances: int) -> int:
    """Cores of quota that a deployment needs: ceil(1.2 n) instances, n where it is exempt."""
    exempt = any(part in size.name.lower() for part in EXEMPT)
    return (instances if exempt else ceil(instances * RESERVE)) * size.cores


def _training_quota(plan: Plan, region: Region) -> Iterator[Finding]:
    """Dedicated cores; where they are short, LowPriority may do."""
    size = region.size(plan.compute.size)
    if size is None:
        return
    need = plan.finetune.num_nodes * size.cores
    lacking = _short(region, size, need)
    if lacking is None:
        return
    low = _low(region, size, need) if "LowPriority" in plan.compute.tiers else False
    if lacking[0] != "error" or low is False:
        yield _no_quota(region, size.name, "cluster", "compute.size", *lacking)
        return
    yield Finding(
        "warning" if low else "cannot tell",
        f"only LowPriority is left for {size.name}, and such a job may be preempted"
        if low
        else f"only LowPriority may be left for {size.name}: cannot tell, its usage is not listed",
        size.name,
        lacking[1],
        "quota",
        f"az ml compute list-usage --location {region.name}; ask for more dedicated cores",
    )


def _deployment_quota(plan: Plan, region: Region) -> Iterator[Finding]:
    size = region.size(plan.deployment.size)
    if size:
        need = deployment_cores(size, plan.deployment.instance_count)
        if lacking := _short(region, size, need):
            yield _no_quota(region, size.name, "deployment", "deployment.size", *lacking)


def _both(plan: Plan, region: Region) -> Iterator[Finding]:
    """Each fits alone; of one family, both together may not."""
    trains, serves = region.size(plan.compute.size), region.size(plan.deployment.size)
    shared = trains and serves and trains.family == serves.family
    if not (trains and serves and shared and "Dedicated" in plan.compute.tiers):
        return
    cluster = plan.finetune.num_nodes * trains.cores
    deployment = deployment_cores(serves, plan.deployment.instance_count)
    if lacking := _short(region, serves, cluster + deployment):
        yield Finding(
            "warning",
            f"there is enough quota for {cluster} cores of the cluster or {deployment} of the "
            "deployment, not for both: the deployment needs the cluster's nodes released first",
            serves.name,
            lacking[1],
            "quota",
            f"az ml compute list-usage --location {region.name} shows what is left; ask for more "
            "quota, or see that idle nodes are released before step 7",
        )


def _short(region: Region, size: Size, need: int) -> tuple[str, str] | None:
    """Severity and figures when the family has not so many cores left."""
    usage = (region.usages or {}).get(size.family)
    if usage is None:
        return "cannot tell", f"{region.name} lists no usage of family {size.family}"
    if usage.limit < 0 or usage.used + need <= usage.limit:
        return None
    return "error", (
        f"{need} cores of {size.family} are needed, {usage.used} of {usage.limit} are in use"
    )


def _low(region: Region, size: Size, need: int) -> bool | None:
    """Whether LowPriority has the cores, in total and in the family; None where neither is told."""
    usages = region.usages or {}
    told = [usages.get("TotalLowPriorityCores"), usages.get(f"{size.family} low")]
    listed = [each for each in told if each]
    return (
        all(each.limit < 0 or each.used + need <= each.limit for each in listed) if listed else None
    )


def _no_quota(
    region: Region, size: str, what: str, key: str, severity: str, figures: str
) -> Finding:
    return Finding(
        "error" if severity == "error" else "cannot tell",
        f"there is not enough quota for the {what} of {size}: {figures}"
        if severity == "error"
        else f"cannot tell whether the quota is enough for the {what} of {size}: {figures}",
        size,
        figures,
        "quota",
        f"az ml compute list-usage --location {region.name} shows what is left; ask for more "
        f"quota, or set {key} in the plan or with --set to another allowed size",
    )
