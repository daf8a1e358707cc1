"""Time is data: what a poll says, when things are done, and that nothing makes a client wait."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from .conftest import ControlPlane, Make

CLUSTER = {
    "location": "eastus",
    "properties": {
        "computeType": "AmlCompute",
        "properties": {
            "vmSize": "Standard_DS2_v2",
            "scaleSettings": {"maxNodeCount": 2, "minNodeCount": 0},
        },
    },
}
ENDPOINT = {
    "location": "eastus",
    "identity": {"type": "SystemAssigned"},
    "properties": {"authMode": "Key", "properties": {}, "traffic": {}},
}


def begin(plane: ControlPlane, path: str, body: dict[str, Any], api: str) -> str:
    """PUT and return the address to poll."""
    answer = plane.client.put(plane.ws(path, api), json=body)
    assert answer.status_code == 201
    return str(answer.headers["azure-asyncoperation"])


def test_fast_compute_is_done_at_the_second_poll(make: Make) -> None:
    """InProgress, then Succeeded with percentComplete 100.0, and no other key."""
    plane = make()
    url = begin(plane, "/computes/c", CLUSTER, "2023-08-01-preview")

    first, second = plane.client.get(url), plane.client.get(url)

    assert first.json() == {"status": "InProgress"}
    assert second.json() == {"status": "Succeeded", "percentComplete": 100.0}


@pytest.mark.parametrize("path", ["/computes/c", "/onlineEndpoints/ep-1"])
def test_fast_never_makes_a_client_wait_its_default(make: Make, path: str) -> None:
    """The PUT and every poll that is not the last carry x-ms-retry-after-ms, never Retry-After."""
    plane = make()
    body = CLUSTER if "computes" in path else ENDPOINT

    begun = plane.client.put(plane.ws(path), json=body)
    polls = [plane.client.get(begun.headers["azure-asyncoperation"]) for _ in range(3)]

    waiting = [answer for answer in polls if answer.json()["status"] in ("InProgress", "Updating")]
    assert all(answer.headers["x-ms-retry-after-ms"] == "50" for answer in (begun, *waiting))
    assert not any("retry-after" in answer.headers for answer in (begun, *polls))


def test_azure_pace_sends_no_retry_header_and_takes_its_time(make: Make) -> None:
    """At pace azure a cluster is InProgress for 30 s, and no header says when to come back."""
    plane = make(pace="azure")
    url = begin(plane, "/computes/c", CLUSTER, "2023-08-01-preview")

    early = plane.client.get(url)
    plane.clock.now += 29.9
    later = plane.client.get(url)
    plane.clock.now += 0.2
    done = plane.client.get(url)

    assert [answer.json()["status"] for answer in (early, later, done)] == [
        "InProgress",
        "InProgress",
        "Succeeded",
    ]
    assert not [name for name in early.headers if "retry" in name]


def test_an_endpoint_says_updating_and_never_in_progress(make: Make) -> None:
    """percentComplete stays 0.0, a running operation ends in year 1."""
    plane = make(pace="azure")
    url = begin(plane, "/onlineEndpoints/ep-1", ENDPOINT, "2022-02-01-preview")

    running = plane.client.get(url).json()
    plane.clock.now += 49
    done = plane.client.get(url).json()

    assert list(running) == ["id", "name", "startTime", "endTime", "percentComplete", "status"]
    assert (running["status"], running["endTime"]) == ("Updating", "0001-01-01T00:00:00+00:00")
    assert (done["status"], done["percentComplete"]) == ("Succeeded", 0.0)
    assert running["name"].startswith("oeidp:")
    assert running["id"].endswith(f"/mfeOperationsStatus/{running['name']}")


def test_keys_follow_the_api_version(make: Make) -> None:
    """From 2023 on, status comes before the times."""
    plane = make()
    url = begin(plane, "/onlineEndpoints/ep-1", ENDPOINT, "2023-04-01-preview")

    body = plane.client.get(url).json()

    assert list(body) == ["id", "name", "status", "startTime", "endTime", "percentComplete"]


def test_both_addresses_of_a_delete_are_signed_and_differ(make: Make) -> None:
    """t, c, s and h are on Location and on Azure-AsyncOperation, with other values."""
    plane = make()
    begin(plane, "/onlineEndpoints/ep-1", ENDPOINT, "2022-02-01-preview")
    plane.clock.now += 60

    gone = plane.client.delete(plane.ws("/onlineEndpoints/ep-1", "2022-02-01-preview"))

    status, result = (urlsplit(gone.headers[name]) for name in ("azure-asyncoperation", "location"))
    signed = [parse_qs(address.query) for address in (status, result)]
    assert all({"t", "c", "s", "h"} <= set(query) for query in signed)
    assert signed[0]["s"] != signed[1]["s"]
    assert "mfeOperationsStatus" in status.path
    assert "mfeOperationResults" in result.path
    assert (gone.status_code, gone.text) == (202, "null")
    assert gone.headers["x-ms-async-operation-timeout"] == "PT30M"


def test_a_failed_operation_is_http_200(make: Make) -> None:
    """status Failed with an error whose details and additionalInfo are empty lists."""
    plane = make("ends:endpoint.create:Failed")
    url = begin(plane, "/onlineEndpoints/ep-1", ENDPOINT, "2022-02-01-preview")

    poll = plane.client.get(url)

    assert poll.status_code == 200
    assert list(poll.json()) == ["error", "id", "name", "status"]
    assert poll.json()["status"] == "Failed"
    assert list(poll.json()["error"]) == ["code", "message", "details", "additionalInfo"]
    state = plane.client.get(plane.ws("/onlineEndpoints/ep-1")).json()["properties"]
    assert state["provisioningState"] == "Failed"


def test_nobody_has_to_poll_a_delete(make: Make) -> None:
    """A client that deletes and walks away finds the thing gone."""
    plane = make()
    begin(plane, "/computes/c", CLUSTER, "2023-08-01-preview")
    plane.clock.now += 2
    plane.client.delete(plane.ws("/computes/c"))

    at_once = plane.client.get(plane.ws("/computes/c"))
    plane.clock.now += 2
    later = plane.client.get(plane.ws("/computes/c"))

    assert at_once.json()["properties"]["provisioningState"] == "Deleting"
    assert (later.status_code, later.content) == (404, b"")


def test_an_unknown_operation_is_404(make: Make) -> None:
    """OperationNotFound sits in details, under the code NotFound."""
    plane = make()
    place = f"/subscriptions/{plane.twin.settings.subscription}/providers"
    url = f"{place}/Microsoft.MachineLearningServices/locations/eastus/mfeOperationResults/oe:a:b"

    answer = plane.client.get(url)

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "NotFound"
    detail = answer.json()["error"]["details"][0]
    assert detail["code"] == "OperationNotFound"
    assert detail["message"] == "There is no operation with id b"


def test_operations_outlive_the_process(make: Make) -> None:
    """A second twin over the same state answers the poll that the first one handed out."""
    first = make()
    url = begin(first, "/computes/c", CLUSTER, "2023-08-01-preview")

    second = make(state=first.twin.settings.state)

    assert second.client.get(url).json() == {"status": "InProgress"}
