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
