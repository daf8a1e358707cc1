"""Clusters, sizes and quota, in statuses and shapes of recorded traffic."""

from __future__ import annotations

import pytest

from .asking import cluster
from .conftest import Make


def test_a_cluster_is_201_and_in_upper_case(make: Make) -> None:
    """Creating, with nothing known about nodes; a change is 201 as well."""
    plane = make()

    first = plane.client.put(plane.ws("/computes/c"), json=cluster())
    second = plane.client.put(plane.ws("/computes/c"), json=cluster())

    body = first.json()
    assert (first.status_code, second.status_code) == (201, 201)
    assert "location" not in first.headers
    assert "x-ms-async-operation-timeout" not in first.headers
    assert "&service=new" in first.headers["azure-asyncoperation"]
    assert body["tags"] is None
    assert body["properties"]["provisioningState"] == "Creating"
    inner = body["properties"]["properties"]
    assert inner["vmSize"] == "STANDARD_DS3_V2"
    assert [inner[key] for key in ("currentNodeCount", "nodeStateCounts", "allocationState")] == [
        None,
        None,
        None,
    ]


def test_a_cluster_settles(make: Make) -> None:
    """Succeeded and Steady, with six counts of nodes."""
    plane = make()
    plane.client.put(plane.ws("/computes/c"), json=cluster())
    plane.clock.now += 2

    body = plane.client.get(plane.ws("/computes/c")).json()

    inner = body["properties"]["properties"]
    assert body["tags"] == {}
    assert body["properties"]["provisioningState"] == "Succeeded"
    assert inner["allocationState"] == "Steady"
    assert len(inner["nodeStateCounts"]) == 6


def test_quota_shows_on_the_get(make: Make) -> None:
    """Accepted, then Failed with ClusterMinNodesExceedCoreQuota, even with no minimum."""
    plane = make()
    put = plane.client.put(plane.ws("/computes/c"), json=cluster("Standard_ND6s"))
    polls = [plane.client.get(put.headers["azure-asyncoperation"]).json() for _ in range(2)]

    properties = plane.client.get(plane.ws("/computes/c")).json()["properties"]

    error = properties["provisioningErrors"][0]["error"]
    assert put.status_code == 201
    assert polls[1] == {"status": "Failed", "error": error}
    assert properties["provisioningState"] == "Failed"
    assert error["code"] == "ClusterMinNodesExceedCoreQuota"
    assert error["message"].startswith(
        "The specified subscription has a Standard ND family vCPU quota of 0 and cannot accomodate "
        "for at least 1 requested managed compute nodes which maps to 6 vCPUs."
    )


@pytest.mark.parametrize("spelling", ["LowPriority", "Lowpriority"])
def test_low_priority_needs_no_dedicated_cores(make: Make, spelling: str) -> None:
    """Which is why the recipe falls back to it; the SDK writes it with a small p."""
    plane = make()
    plane.client.put(plane.ws("/computes/c"), json=cluster("Standard_ND96asr_v4"))
    plane.clock.now += 2
    refused = plane.client.get(plane.ws("/computes/c")).json()["properties"]
    plane.client.put(
        plane.ws("/computes/c"), json=cluster("Standard_ND96asr_v4", vmPriority=spelling)
    )
    plane.clock.now += 2

    granted = plane.client.get(plane.ws("/computes/c")).json()["properties"]

    assert refused["provisioningState"] == "Failed"
    assert (granted["provisioningState"], granted["provisioningErrors"]) == ("Succeeded", None)
    assert granted["properties"]["vmPriority"] == "LowPriority"


@pytest.mark.parametrize(
    ("size", "nodes", "label"),
    [
        ("Standard_ND96amsr_A100_v4", 0, "Standard NDAMSv4 family LowPriority vCPU quota of 0"),
        ("Standard_ND96asr_v4", 2, "total LowPriority vCPU quota of 100"),
    ],
)
def test_low_priority_has_cores_of_its_own(make: Make, size: str, nodes: int, label: str) -> None:
    """A size can be refused in both tiers, each in words of its own."""
    plane = make()
    scale = {"maxNodeCount": 2, "minNodeCount": nodes}
    messages = []
    for priority in ("Dedicated", "Lowpriority"):
        body = cluster(size, vmPriority=priority, scaleSettings=scale)
        plane.client.put(plane.ws("/computes/c"), json=body)
        plane.clock.now += 2
        properties = plane.client.get(plane.ws("/computes/c")).json()["properties"]
        messages.append(properties["provisioningErrors"][0]["error"]["message"])

    assert label in messages[1]
    assert "LowPriority" not in messages[0]


def test_an_unknown_size_fails_on_the_get(make: Make) -> None:
    """VmSizeNotSupported, naming the region."""
    plane = make()
    plane.client.put(plane.ws("/computes/c"), json=cluster("Standard_Nonsense"))
    plane.clock.now += 2

    properties = plane.client.get(plane.ws("/computes/c")).json()["properties"]

    assert properties["provisioningErrors"][0]["error"] == {
        "code": "VmSizeNotSupported",
        "message": "STANDARD_NONSENSE is not supported in region eastus. "
        "Please choose a different VM size.",
    }


def test_sizes_are_listed_in_mixed_case(make: Make) -> None:
    """With gpus, family and what they are for."""
    plane = make()
    location = plane.ws().split("/resourceGroups")[0]
    url = f"{location}/providers/Microsoft.MachineLearningServices/locations/eastus"

    found = {size["name"]: size for size in plane.client.get(f"{url}/vmSizes").json()["value"]}
    usages = plane.client.get(f"{url}/usages").json()["value"]

    assert found["Standard_ND40rs_v2"]["gpus"] == 8
    assert found["Standard_NC24ads_A100_v4"]["family"] == "standardNCADSA100v4Family"
    low = next(usage for usage in usages if usage["name"]["value"] == "TotalLowPriorityCores")
    assert low["limit"] == 100
    families = {usage["name"]["value"] for usage in usages}
    assert {size["family"] for size in found.values()} <= families


def test_deleting_a_cluster_has_no_body(make: Make) -> None:
    """202, Azure-AsyncOperation only; of a missing one 204."""
    plane = make()
    plane.client.put(plane.ws("/computes/c"), json=cluster())

    gone = plane.client.delete(plane.ws("/computes/c"))
    missing = plane.client.delete(plane.ws("/computes/none"))

    assert (gone.status_code, gone.content, gone.headers["content-length"]) == (202, b"", "0")
    assert "location" not in gone.headers
    assert missing.status_code == 204
