"""The registry: what is in it by era, and how it says that something is not."""

from __future__ import annotations

import ast

import pytest

from .asking import job_output, latest, register, registry
from .conftest import Make


@pytest.mark.parametrize(
    ("era", "version", "keys"), [("may-2024", "7", 15), ("feb-2025", "15", 17), ("today", "15", 17)]
)
def test_the_newest_model_depends_on_the_era(make: Make, era: str, version: str, keys: int) -> None:
    """Version and number of model_specific_defaults, as published."""
    newest = latest(make(era=era), "models/Phi-3-mini-4k-instruct")["value"][0]

    assert newest["name"] == "Phi-3-mini-4k-instruct"
    assert newest["type"] == "models"
    assert newest["id"].endswith(f"/versions/{version}")
    defaults = ast.literal_eval(newest["properties"]["tags"]["model_specific_defaults"])
    assert len(defaults) == keys
    assert isinstance(newest["properties"]["flavors"], dict)
    assert newest["properties"]["modelUri"].startswith("https://")


def test_today_the_lists_are_no_tags_any_more(make: Make) -> None:
    """The allow list moved to systemMetadata, and the model is archived."""
    newest = latest(make(era="today"), "models/Phi-3-mini-4k-instruct")["value"][0]["properties"]

    assert newest["isArchived"] is True
    assert "finetune_compute_allow_list" not in newest["tags"]
    assert len(newest["systemMetadata"]["supportedComputes"]["finetuneComputes"]) == 5


@pytest.mark.parametrize(
    ("era", "version", "inputs"),
    [("may-2024", "0.0.51", 67), ("feb-2025", "0.0.51", 67), ("today", "0.0.82", 69)],
)
def test_the_newest_component_depends_on_the_era(
    make: Make, era: str, version: str, inputs: int
) -> None:
    """Its name is its version; numbers and booleans are text."""
    newest = latest(make(era=era), "components/chat_completion_pipeline")["value"][0]

    spec = newest["properties"]["componentSpec"]
    assert newest["name"] == spec["version"] == version
    assert len(spec["inputs"]) == inputs
    assert spec["inputs"]["num_train_epochs"] == {
        "type": "integer",
        "optional": "True",
        "default": "1",
        "min": "1",
    }
    assert len(spec["jobs"]) == 5
    assert not [port for port in spec["inputs"].values() if "description" in port]


def test_older_versions_are_a_page_away(make: Make) -> None:
    """nextLink is there whenever older versions exist, and leads to them."""
    plane = make()

    first = latest(plane, "models/Phi-3-mini-4k-instruct")
    second = plane.client.get(first["nextLink"]).json()

    assert "$orderBy=createdtime+desc" in first["nextLink"]
    assert second["value"][0]["id"].endswith("/versions/6")


def test_a_registry_lists_an_unknown_name_as_empty(make: Make) -> None:
    """200 with nothing in it; by version, 404 with the asset's id."""
    plane = make()

    listed, asked = latest(plane, "models/none"), registry(plane, "/models/none/versions/1")

    assert listed == {"value": [], "status": 200}
    assert asked["status"] == 404
    assert asked["error"]["message"] == (
        "Could not find asset with ID: azureml://registries/azureml/models/none/versions/1"
    )


def test_an_unknown_registry_is_404(make: Make) -> None:
    """RegistryNotFound, in envelope (c)."""
    url = "https://eastus.api.azureml.ms/registrymanagement/v1.0/registries/none/discovery"
    answer = make().client.get(url)

    assert answer.status_code == 404
    assert answer.json()["error"]["innerError"]["innerError"]["code"] == "RegistryNotFound"


def test_models_list_their_newest_version(make: Make) -> None:
    """Container: latestVersion and nextVersion; an anonymous version is not listed."""
    plane = make()
    register(plane, job_output(plane), isAnonymous=True)

    listed = plane.client.get(plane.ws("/models/m/versions")).json()
    container = plane.client.get(plane.ws("/models/m")).json()["properties"]

    assert listed == {"value": []}
    assert (container["latestVersion"], container["nextVersion"]) == ("1", "2")
