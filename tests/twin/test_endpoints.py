"""Online endpoints: creating, changing, keys, names, traffic."""

from __future__ import annotations

import json

import pytest

from .asking import KEY_AUTH
from .conftest import Make


def test_an_endpoint_knows_where_to_score_only_later(make: Make) -> None:
    """Creating with scoringUri null, then Succeeded with the address."""
    plane = make()

    put = plane.client.put(plane.ws("/onlineEndpoints/ep-1", "2022-02-01-preview"), json=KEY_AUTH)
    plane.client.get(put.headers["azure-asyncoperation"])
    got = plane.client.get(plane.ws("/onlineEndpoints/ep-1", "2022-02-01-preview")).json()

    created = put.json()
    assert put.status_code == 201
    assert put.headers["location"].endswith("/onlineEndpoints/ep-1?api-version=2022-02-01-preview")
    assert created["properties"]["provisioningState"] == "Creating"
    assert created["properties"]["scoringUri"] is None
    assert {"location", "identity", "kind"} <= set(created)
    assert got["properties"]["scoringUri"] == ("https://ep-1.eastus.inference.ml.azure.com/score")
    known = got["properties"]["properties"]
    assert known["azureml.onlineendpointid"] == got["id"].lower()
    assert known["AzureAsyncOperationUri"].endswith("?api-version=2022-02-01-preview")


def test_the_answer_to_a_change_is_a_bad_picture(make: Make) -> None:
    """201, Creating, scoringUri null, no location, no identity, no createdAt."""
    plane = make()
    plane.client.put(plane.ws("/onlineEndpoints/ep-1"), json=KEY_AUTH)
    plane.clock.now += 2

    changed = plane.client.put(plane.ws("/onlineEndpoints/ep-1"), json=KEY_AUTH)

    body = changed.json()
    assert changed.status_code == 201
    assert body["properties"]["provisioningState"] == "Creating"
    assert body["properties"]["scoringUri"] is None
    assert "azureml.onlineendpointid" not in body["properties"]["properties"]
    assert not {"location", "identity"} & set(body)
    assert list(body["systemData"]) == ["lastModifiedAt"]


def test_keys_and_tokens(make: Make) -> None:
    """Two keys that stay the same; two nulls without key auth; a token lives twelve hours."""
    plane = make()
    plane.client.put(plane.ws("/onlineEndpoints/ep-1"), json=KEY_AUTH)
    without = {"location": "eastus", "properties": {"authMode": "AADToken"}}
    plane.client.put(plane.ws("/onlineEndpoints/ep-2"), json=without)

    keys = [
        plane.client.post(plane.ws(f"/onlineEndpoints/{name}/listKeys")).json()
        for name in ("ep-1", "ep-1", "ep-2")
    ]
    token = plane.client.post(plane.ws("/onlineEndpoints/ep-2/token")).json()

    assert keys[0] == keys[1]
    assert keys[0]["primaryKey"] != keys[0]["secondaryKey"]
    assert keys[2] == {"primaryKey": None, "secondaryKey": None}
    assert token["expiryTimeUtc"] - token["refreshAfterTimeUtc"] == 12 * 3600


def test_a_change_in_place(make: Make) -> None:
    """PATCH: 202 `null` with a Location only; what it does not name stays, and it takes 11 s."""
    plane = make(pace="azure")
    plane.client.put(plane.ws("/onlineEndpoints/ep-1"), json=KEY_AUTH | {"tags": {"a": "1"}})
    plane.clock.now += 60
    before = plane.client.get(plane.ws("/onlineEndpoints/ep-1")).json()

    change = {"tags": {"b": "2"}, "properties": {"description": "mine"}}
    answer = plane.client.patch(plane.ws("/onlineEndpoints/ep-1"), json=change)
    during = plane.client.get(answer.headers["location"])
    plane.clock.now += 12
    after = plane.client.get(answer.headers["location"])

    assert (answer.status_code, answer.text) == (202, "null")
    assert "azure-asyncoperation" not in answer.headers
    assert (during.status_code, during.json()["status"]) == (202, "Updating")
    assert (after.status_code, after.json()["status"]) == (200, "Succeeded")
    changed = plane.client.get(plane.ws("/onlineEndpoints/ep-1")).json()
    assert (changed["tags"], changed["properties"]["description"]) == ({"b": "2"}, "mine")
    for kept in ("scoringUri", "authMode", "provisioningState"):
        assert changed["properties"][kept] == before["properties"][kept]


@pytest.mark.parametrize(("kind", "renewed"), [("Primary", 0), ("secondary", 1)])
def test_one_key_is_renewed(make: Make, kind: str, renewed: int) -> None:
    """The named one, whatever value is asked for; the other stays. Its Location leads nowhere."""
    plane = make()
    plane.client.put(plane.ws("/onlineEndpoints/ep-1"), json=KEY_AUTH)
    keys = plane.ws("/onlineEndpoints/ep-1/listKeys")
    old = list(plane.client.post(keys).json().values())

    asked = {"keyType": kind, "keyValue": old[renewed]}
    answer = plane.client.post(plane.ws("/onlineEndpoints/ep-1/regenerateKeys"), json=asked)

    new = list(plane.client.post(keys).json().values())
    assert [before != after for before, after in zip(old, new, strict=True)] == [
        renewed == 0,
        renewed == 1,
    ]
    assert (answer.status_code, answer.text) == (202, "null")
    gone = plane.client.get(answer.headers["location"])
    assert (gone.status_code, gone.json()["error"]["details"][0]["code"]) == (
        404,
        "OperationNotFound",
    )


def test_what_cannot_be_changed_is_refused(make: Make) -> None:
    """Keys of an endpoint that has none, traffic for nobody, an endpoint that is not there."""
    plane = make()
    plane.client.put(plane.ws("/onlineEndpoints/ep-1"), json=KEY_AUTH)
    without = {"location": "eastus", "properties": {"authMode": "AADToken"}}
    plane.client.put(plane.ws("/onlineEndpoints/ep-2"), json=without)
    plane.clock.now += 2
    post, patch = plane.client.post, plane.client.patch
    traffic = {"properties": {"traffic": {"demo": 100}}}
    key = {"keyType": "Primary"}

    statuses = [
        post(plane.ws("/onlineEndpoints/ep-2/regenerateKeys"), json=key).status_code,
        post(plane.ws("/onlineEndpoints/ep-1/regenerateKeys"), json={}).status_code,
        post(plane.ws("/onlineEndpoints/none/regenerateKeys"), json=key).status_code,
        patch(plane.ws("/onlineEndpoints/ep-1"), json=traffic).status_code,
        patch(plane.ws("/onlineEndpoints/none"), json={"tags": {}}).status_code,
    ]

    assert statuses == [400, 400, 404, 400, 404]


def test_a_missing_endpoint(make: Make) -> None:
    """GET 404 with code NotFound, DELETE 204."""
    plane = make()

    got = plane.client.get(plane.ws("/onlineEndpoints/none"))
    gone = plane.client.delete(plane.ws("/onlineEndpoints/none"))

    assert (got.status_code, got.json()["error"]["code"]) == (404, "NotFound")
    assert gone.status_code == 204


@pytest.mark.parametrize("name", ["x", "1abc", "a" * 33, "a--b"])
def test_an_endpoint_has_a_proper_name(make: Make, name: str) -> None:
    """3 to 32 letters, digits and single dashes; the recipe's name is 31 long."""
    plane = make()

    assert plane.client.put(plane.ws(f"/onlineEndpoints/{name}"), json=KEY_AUTH).status_code == 400


def test_traffic_goes_to_what_is_there(make: Make) -> None:
    """A deployment that does not exist gets none."""
    plane = make()
    body = json.loads(json.dumps(KEY_AUTH))
    body["properties"]["traffic"] = {"demo": 100}

    answer = plane.client.put(plane.ws("/onlineEndpoints/ep-1"), json=body)

    assert answer.status_code == 400
    assert "demo" in answer.json()["error"]["message"]
