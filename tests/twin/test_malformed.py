"""Requests that make no sense are 400 in Azure's envelopes; never 501, and never accepted."""

from __future__ import annotations

from typing import Any

import pytest

from .asking import KEY_AUTH, REGISTRY, cluster
from .conftest import ControlPlane, Make

PUTS = {
    "computes/c": "computes",
    "jobs/j": "jobs",
    "models/m/versions/1": "models",
    "onlineEndpoints/ep-1": "endpoints",
    "onlineEndpoints/ep-1/deployments/d": "deployments",
}
HISTORY = "https://eastus.api.azureml.ms/history/v1.0"
LONG = "a" * 80


def send(plane: ControlPlane, path: str, body: Any, method: str = "PUT") -> Any:
    """Send a body, as it is when it is bytes."""
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    headers = {"x-azureml-token": "t", "content-type": "application/json"}
    return plane.client.request(method, plane.ws(f"/{path}"), headers=headers, **content)


@pytest.mark.parametrize("path", PUTS)
@pytest.mark.parametrize("body", [b"{", b"", b"\xff\xfe\xfd", b"[" * 100_000])
def test_what_is_not_json_is_400(make: Make, path: str, body: bytes) -> None:
    """Resource Manager's own refusal: code and message, nothing else."""
    answer = send(make(), path, body)

    error = answer.json()["error"]
    assert answer.status_code == 400
    assert sorted(error) == ["code", "message"]
    assert error["code"] == "InvalidRequestContent"
    assert answer.headers["x-ms-failure-cause"] == "gateway"


@pytest.mark.parametrize("path", PUTS)
@pytest.mark.parametrize(
    "body", [b"null", [], "text", 1, {}, {"properties": None}, {"properties": 1}]
)
def test_what_is_no_object_is_400(make: Make, path: str, body: Any) -> None:
    """The service's refusal, saying where and what is wanted."""
    answer = send(make(), path, body)

    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["code"] == "UserError"
    assert error["message"].startswith("The request is invalid: ")
    assert error["additionalInfo"][0]["info"] == {"value": "managementfrontend"}


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("computes/c", {"properties": {"properties": None}}, "properties.properties is required"),
        ("computes/c", cluster(vmSize=None), "properties.properties.vmSize is required"),
        ("computes/c", cluster(scaleSettings=None), "scaleSettings must be an object, not null"),
        ("computes/c", cluster(scaleSettings={"minNodeCount": "2"}), "a whole number, not"),
        ("computes/c", cluster(scaleSettings={"minNodeCount": True}), "a whole number, not true"),
        ("computes/c", cluster(vmPriority="Spot"), "one of Dedicated, LowPriority, not"),
        (f"computes/{LONG}", cluster(), "the cluster's name must be"),
        ("computes/-c", cluster(), "the cluster's name must be"),
        ("models/m/versions/1", {"properties": {}}, "properties.modelUri is required"),
        ("models/m/versions/1", {"properties": {"modelUri": "u", "modelType": "x"}}, "one of"),
        ("models/m/versions/1", {"properties": {"modelUri": 5}}, "modelUri must be text"),
        ("onlineEndpoints/ep-1", {"properties": {"authMode": "Nope"}}, "one of Key, AMLToken"),
        ("onlineEndpoints/ep-1", {"properties": {"traffic": {"a": "1"}}}, "traffic.a must be"),
        ("onlineEndpoints/ep-1", {"properties": {"traffic": [1]}}, "traffic must be an object"),
        ("jobs/j", {"properties": {"jobs": {"n": None}}}, "properties.jobs.n must be an object"),
        ("jobs/j", {"properties": {"jobs": {"n": {}}}}, "properties.jobs.n.componentId is req"),
        ("jobs/j", {"properties": {"inputs": {"n": 1}}}, "properties.inputs.n must be an object"),
        (
            "onlineEndpoints/e/deployments/d",
            {"properties": {"requestSettings": {"requestTimeout": "PT"}}},
            "properties.requestSettings.requestTimeout must be text like P",
        ),
        (
            "onlineEndpoints/e/deployments/d",
            {"properties": {}, "sku": {"capacity": "2"}},
            "sku.capacity must be a whole number",
        ),
    ],
)
def test_a_wrong_field_is_named(make: Make, path: str, body: Any, says: str) -> None:
    """400 with the path of the first field that is wrong; nothing is made."""
    plane = make()

    answer = send(plane, path, body)

    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]
    assert plane.client.get(plane.ws(f"/{path}")).status_code == 404


@pytest.mark.parametrize("body", [b"{", b"[1]", b'{"expireAfterHours": "1"}'])
def test_secrets_want_an_object(make: Make, body: bytes) -> None:
    """No body and null are fine, as recorded; anything else is not."""
    plane, path = make(), "datastores/workspaceblobstore/listSecrets"

    assert send(plane, path, body, "POST").status_code == 400
    assert [send(plane, path, each, "POST").status_code for each in (b"", b"null")] == [200, 200]


def test_logs_want_an_object(make: Make) -> None:
    """Before the deployment is even looked for."""
    plane = make()
    send(plane, "onlineEndpoints/ep-1", KEY_AUTH)
    path = "onlineEndpoints/ep-1/deployments/d/getLogs"

    assert send(plane, path, b"{", "POST").status_code == 400
    assert send(plane, path, {"tail": "x"}, "POST").status_code == 400
    assert send(plane, path, {"tail": 5}, "POST").status_code == 404


@pytest.mark.parametrize("token", ["abc", "-1", "1.5", "9" * 30])
def test_a_page_is_a_number(make: Make, token: str) -> None:
    """$skipToken and $top of jobs and of the registry."""
    plane = make()
    place = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices"
    models = f"{REGISTRY}{place}/registries/azureml/models/Phi-3-mini-4k-instruct/versions"

    jobs = plane.client.get(f"{plane.ws('/jobs')}&$skipToken={token}")
    skipped = plane.client.get(f"{models}?$skipToken={token}")
    topped = plane.client.get(f"{models}?$top={token}")

    assert [each.status_code for each in (jobs, skipped, topped)] == [400, 400, 400]
    assert "$skipToken must be a whole number" in jobs.json()["error"]["message"]


def test_history_answers_in_its_own_envelope(make: Make) -> None:
    """The services of the region are flat, with a status code in the body."""
    plane = make()
    token, _ = plane.twin.identity.token("https://ml.azure.com")
    url = f"{HISTORY}{plane.twin.settings.workspace_id}/rundata"

    answer = plane.client.post(url, content=b"{", headers={"authorization": f"Bearer {token}"})

    assert answer.status_code == 400
    assert answer.json()["statusCode"] == 400
    assert answer.json()["error"]["code"] == "UserError"


def test_words_are_read_without_case(make: Make) -> None:
    """And shown as the service spells them."""
    plane = make()

    answer = send(plane, "onlineEndpoints/ep-1", {"properties": {"authMode": "amltoken"}})

    assert answer.json()["properties"]["authMode"] == "AMLToken"
