"""Models: registered from a job, copied, listed; who is missing."""

from __future__ import annotations

import pytest

from .asking import job_output, register
from .conftest import Make


def test_a_model_comes_from_a_jobs_output(make: Make) -> None:
    """201 with Location; its files are copied and its flavors read from the MLmodel file."""
    plane = make()

    answer = register(plane, job_output(plane))

    properties = answer.json()["properties"]
    assert answer.status_code == 201
    assert answer.headers["location"].endswith(
        "/models/m/versions/1?api-version=2023-08-01-preview"
    )
    assert properties["flavors"] == {"hftransformersv2": {"data": {"task_type": "chat", "n": "3"}}}
    assert "/paths/ServiceReplicated/" in properties["modelUri"]
    assert properties["modelUri"].endswith("/azureml/child/mlflow_model_folder")
    assert (properties["stage"], properties["provisioningState"]) == ("Development", "Succeeded")
    document = plane.twin.store.get("model", "m/1")
    assert document
    copy = plane.twin.blobs.folder(plane.twin.blobs.workspace_container) / document["path"]
    assert (copy / "MLmodel").is_file()


def test_registering_again_is_200(make: Make) -> None:
    """Without Location; tags change, files stay."""
    plane = make()
    first = register(plane, job_output(plane)).json()["properties"]

    again = register(plane, first["modelUri"], tags={"colour": "blue"})

    assert again.status_code == 200
    assert "location" not in again.headers
    assert again.json()["properties"]["modelUri"] == first["modelUri"]
    assert again.json()["properties"]["tags"] == {"colour": "blue"}


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("azureml://jobs/none/outputs/trained_model", "JobNotFound"),
        ("azureml://jobs/good_job/outputs/other", "OutputNotFound"),
    ],
)
def test_a_model_of_nothing_is_404(make: Make, uri: str, code: str) -> None:
    """A job or an output that is not there."""
    plane = make()
    job_output(plane)

    answer = register(plane, uri)

    assert answer.status_code == 404
    assert code in answer.text
    assert plane.twin.store.get("model", "m/1") is None


def test_an_unknown_model_is_404_in_a_workspace(make: Make) -> None:
    """Unlike in a registry; the code is in details."""
    plane = make()

    listed = plane.client.get(plane.ws("/models/none/versions"))
    asked = plane.client.get(plane.ws("/models/none/versions/1"))

    assert listed.json()["error"]["details"][0]["code"] == "ModelNotFound"
    assert asked.json()["error"]["details"][0]["code"] == "NoSuchModelRegistered"
