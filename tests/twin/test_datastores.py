"""Datastores: the default one, and the two kinds of secrets."""

from __future__ import annotations

from .conftest import Make


def test_secrets_depend_on_how_one_asks(make: Make) -> None:
    """The account key without a body, a SAS for expirableSecret; 404 for an unknown store."""
    plane = make()
    url = plane.ws("/datastores/workspaceblobstore/listSecrets")

    key = plane.client.post(url).json()
    sas = plane.client.post(url, json={"expirableSecret": True, "expireAfterHours": 1}).json()
    unknown = plane.client.post(plane.ws("/datastores/x/listSecrets"))

    assert key == {"secretsType": "AccountKey", "key": plane.twin.blobs.key}
    assert sas["secretsType"] == "Sas"
    assert sas["sasToken"].startswith("?sv=")
    assert unknown.json()["error"]["message"] == "Could not find datastore: x."


def test_the_default_datastore_is_one(make: Make) -> None:
    """isDefault=true lists just workspaceblobstore."""
    plane = make()

    listed = plane.client.get(plane.ws("/datastores") + "&count=30&isDefault=true").json()

    assert [store["name"] for store in listed["value"]] == ["workspaceblobstore"]
    assert listed["value"][0]["properties"]["containerName"].startswith("azureml-blobstore-")
