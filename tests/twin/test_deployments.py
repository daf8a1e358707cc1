"""Online deployments: defaults, failures, quota, deletion."""

from __future__ import annotations

import json

import pytest

from .asking import KEY_AUTH, deploy
from .conftest import Make


def test_a_deployments_defaults_are_filled_in(make: Make) -> None:
    """Creating; what was given is kept, the rest is as recorded; no rate limit but one."""
    answer = deploy(make("ends:deployment.create:Failed"))

    body = answer.json()
    properties = body["properties"]
    assert answer.status_code == 201
    assert properties["provisioningState"] == "Creating"
    assert properties["scaleSettings"] == {"scaleType": "Default"}
    assert properties["requestSettings"] == {
        "maxQueueWait": "PT0S",
        "requestTimeout": "PT1M30S",
        "maxConcurrentRequestsPerInstance": 1,
    }
    assert properties["livenessProbe"]["initialDelay"] == "PT10M"
    assert properties["readinessProbe"]["initialDelay"] == "PT10S"
    assert properties["environmentId"] is None
    assert body["sku"] == {"name": "Default", "tier": "Standard", "capacity": 1}
    limits = [name for name in answer.headers if "ratelimit" in name]
    assert limits == ["x-ms-ratelimit-remaining-subscription-resource-requests"]


def test_a_failed_deployment_does_not_say_why(make: Make) -> None:
    """Failed, properties empty; the reason is in the operation only."""
    plane = make("ends:deployment.create:Failed")
    begun = deploy(plane)

    poll = plane.client.get(begun.headers["azure-asyncoperation"]).json()
    got = plane.client.get(
        plane.ws("/onlineEndpoints/ep-1/deployments/demo", "2023-04-01-preview")
    ).json()["properties"]

    assert poll["error"]["code"] == "ResourceNotReady"
    assert (got["provisioningState"], got["properties"]) == ("Failed", {})
    assert poll["error"]["message"] not in json.dumps(got)


@pytest.mark.parametrize(
    ("model", "status"),
    [
        ("azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/7", 201),
        ("azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/99", 404),
        ("azureml://registries/azureml/models/None/versions/1", 404),
    ],
)
def test_a_model_of_the_registry_is_deployed_as_it_is(make: Make, model: str, status: int) -> None:
    """No registering first; one that the registry lacks is named."""
    plane = make("ends:deployment.create:Failed")
    plane.client.put(plane.ws("/onlineEndpoints/ep-1"), json=KEY_AUTH)
    body = {"properties": {"model": model, "instanceType": "Standard_DS3_v2"}}
    url = plane.ws("/onlineEndpoints/ep-1/deployments/demo", "2023-04-01-preview")

    answer = plane.client.put(url, json=body)

    assert answer.status_code == status
    assert model in answer.text


@pytest.mark.parametrize(
    ("size", "count", "needed"),
    [("Standard_NC6s_v3", 8, 60), ("Standard_NC24ads_A100_v4", 9, 216)],
    ids=["with the reserve for upgrades", "A100 without"],
)
def test_a_deployment_over_quota_is_refused(make: Make, size: str, count: int, needed: int) -> None:
    """400 before anything is created, with the arithmetic in it."""
    plane = make()

    answer = deploy(plane, size, count)

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "BadRequest"
    assert f"Not enough quota available for {size}" in error["details"][0]["message"]
    assert f"Additional needed: {needed} " in error["details"][0]["message"]
    assert plane.twin.store.list("deployment") == []


def test_deleting_an_endpoint_takes_its_deployments_along(make: Make) -> None:
    """Accepted although a deployment is there; both are gone afterwards."""
    plane = make("ends:deployment.create:Failed")
    begun = deploy(plane)
    plane.client.get(begun.headers["azure-asyncoperation"])

    gone = plane.client.delete(plane.ws("/onlineEndpoints/ep-1"))
    plane.client.get(gone.headers["azure-asyncoperation"])

    assert gone.status_code == 202
    assert plane.client.get(plane.ws("/onlineEndpoints/ep-1")).status_code == 404
    assert plane.twin.store.list("deployment") == []
