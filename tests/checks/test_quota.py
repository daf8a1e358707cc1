"""Quota: counted as Azure counts it, and said aloud where nobody tells."""

from __future__ import annotations

import pytest

from harness.checks.facts import Size, Usage
from harness.checks.quota import deployment_cores
from tests.checks.made import FAMILY, findings, names, plan, region


def test_the_reserve_of_a_deployment() -> None:
    """ceil(1.2 n) instances' cores: 12 for one NC6s_v3, 8 for one T4; A100 and ND are exempt."""
    cores = {
        name: deployment_cores(Size(name, "", of, 1, 1), 1)
        for name, of in {
            "Standard_NC6s_v3": 6,
            "Standard_NC4as_T4_v3": 4,
            "Standard_NC24ads_A100_v4": 24,
            "Standard_ND40rs_v2": 40,
        }.items()
    }

    assert list(cores.values()) == [12, 8, 24, 40]
    assert deployment_cores(Size("Standard_NC6s_v3", "", 6, 1, 1), 5) == 36


@pytest.mark.parametrize(
    ("usage", "tiers", "says"),
    [
        (Usage(144, 192), '["Dedicated"]', []),
        (Usage(145, 192), '["Dedicated"]', ["warning: quota.cores"]),
        (Usage(168, 192), '["Dedicated"]', ["warning: quota.cores"]),
        (Usage(168, 192), '["LowPriority"]', []),
        (Usage(169, 192), '["Dedicated"]', ["error: quota.cores"] * 2),
        (
            Usage(0, 0),
            '["Dedicated", "LowPriority"]',
            ["cannot tell: quota.cores", "error: quota.cores"],
        ),
        (Usage(0, -1), '["Dedicated"]', []),
    ],
)
def test_quota_is_counted(usage: Usage, tiers: str, says: list[str]) -> None:
    """24 cores for the cluster, 24 for the deployment, which has no LowPriority to fall back on."""
    found = findings("quota", plan(f"compute.tiers={tiers}"), region=region(usages={FAMILY: usage}))

    assert names(found) == says


@pytest.mark.parametrize(
    ("low", "severity", "says"),
    [
        (Usage(90, 100), "error", "not enough quota for the cluster"),
        (Usage(0, 0), "error", "not enough quota for the cluster"),
        (Usage(76, 100), "warning", "only LowPriority is left"),
        (Usage(76, -1), "warning", "only LowPriority is left"),
        (None, "cannot tell", "only LowPriority may be left"),
    ],
)
def test_low_priority_has_a_quota_too(low: Usage | None, severity: str, says: str) -> None:
    """Without cores of LowPriority there is nothing to fall back on; a limit of -1 is none."""
    usages = {FAMILY: Usage(0, 0)} | ({"TotalLowPriorityCores": low} if low else {})

    found = findings("quota", region=region(usages=usages))

    assert names(found) == [f"{severity}: quota.cores", "error: quota.cores"]
    assert says in found[0].what


def test_the_deployment_waits_for_the_nodes_of_the_cluster() -> None:
    """Each fits alone and both do not: they are counted in one family, whatever their order."""
    (found,) = findings("quota", region=region(usages={FAMILY: Usage(168, 192)}))

    assert "24 cores of the cluster or 24 of the deployment, not for both" in found.what


@pytest.mark.parametrize(("usages", "count"), [(None, 1), ({}, 2)])
def test_a_quota_nobody_tells(usages: dict[str, Usage] | None, count: int) -> None:
    """Neither a refusal to list usages nor a family that is not listed passes for enough."""
    found = findings("quota", region=region(usages=usages))

    assert names(found) == ["cannot tell: quota.cores"] * count
