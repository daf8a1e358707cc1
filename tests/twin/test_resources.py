"""Workspace, registry, clusters, datastores, models, endpoints, deployments over HTTP.

Statuses and shapes as in recorded traffic of the azure-ai-ml test suite.
"""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from .conftest import ControlPlane, Make

REGISTRY = "https://cert-eastus.experiments.azureml.net/mferp/managementfrontend"
KEY_AUTH = {"location": "eastus", "properties": {"authMode": "Key", "properties": {}}}


def cluster(size: str = "Standard_DS3_v2", **inner: Any) -> dict[str, Any]:
    """The body of a PUT of a cluster."""
    scale = {"maxNodeCount": 2, "minNodeCount": 0, "nodeIdleTimeBeforeScaleDown": "PT2M"}
    nodes = {"vmSize": size, "vmPriority": "Dedicated", "scaleSettings": scale} | inner
    properties = {"computeType": "AmlCompute", "properties": nodes}
    return {"location": "eastus", "properties": properties}


def registry(plane: ControlPlane, path: str) -> dict[str, Any]:
    """GET below the registry."""
    place = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices"
    url = f"{REGISTRY}{place}/registries/azureml{path}"
    version = "api-version=2021-10-01-dataplanepreview"
    answer = plane.client.get(f"{url}{'&' if '?' in path else '?'}{version}")
    return answer.json() | {"status": answer.status_code}


def latest(plane: ControlPlane, name: str) -> dict[str, Any]:
    """GET what the SDK asks for when it wants label=latest."""
    return registry(plane, f"/{name}/versions?$orderBy=createdtime desc&$top=1")


def job_output(plane: ControlPlane, flavor: str = "hftransformersv2") -> str:
    """A completed job with a trained model among its files; the model's URI."""
    blobs, prefix = plane.twin.blobs, "azureml/child/mlflow_model_folder"
    folder = blobs.folder(blobs.workspace_container) / prefix
    folder.mkdir(parents=True)
    (folder / "MLmodel").write_text(f"flavors:\n  {flavor}:\n    task_type: chat\n    n: 3\n")
    document = {"status": "Completed", "resolved_outputs": {"trained_model": prefix}}
    plane.twin.store.put("job", "good_job", document)
    return "azureml://jobs/good_job/outputs/trained_model"


def register(plane: ControlPlane, uri: str, **more: Any) -> Any:
    """PUT a model version."""
    properties = {"modelUri": uri, "modelType": "mlflow_model"} | more
    return plane.client.put(plane.ws("/models/m/versions/1"), json={"properties": properties})


def test_the_workspace_leads_to_everything(make: Make) -> None:
    """discoveryUrl, mlFlowTrackingUri, workspaceId, and the one PascalCase key."""
    plane = make()

    properties = plane.client.get(plane.ws()).json()["properties"]

    assert properties["discoveryUrl"] == "https://eastus.api.azureml.ms/discovery"
    assert properties["mlFlowTrackingUri"].startswith("azureml://eastus.api.azureml.ms/mlflow/")
    assert properties["EnableSoftwareBillOfMaterials"] is False
    assert properties["workspaceId"] == plane.twin.settings.workspace_guid


def test_names_compare_without_case(make: Make) -> None:
    """Clients send resourceGroups and resourcegroups."""
    plane = make()

    assert plane.client.get(plane.ws().replace("resourceGroups", "resourcegroups")).is_success
    assert plane.client.get(plane.ws().replace("twin-group", "TWIN-GROUP")).is_success


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


def test_low_priority_needs_no_quota(make: Make) -> None:
    """Which is why the recipe falls back to it."""
    plane = make()
    body = cluster("Standard_ND6s", vmPriority="LowPriority")
    plane.client.put(plane.ws("/computes/c"), json=body)
    plane.clock.now += 2

    properties = plane.client.get(plane.ws("/computes/c")).json()["properties"]

    assert properties["provisioningState"] == "Succeeded"


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


def test_models_list_their_newest_version(make: Make) -> None:
    """Container: latestVersion and nextVersion; an anonymous version is not listed."""
    plane = make()
    register(plane, job_output(plane), isAnonymous=True)

    listed = plane.client.get(plane.ws("/models/m/versions")).json()
    container = plane.client.get(plane.ws("/models/m")).json()["properties"]

    assert listed == {"value": []}
    assert (container["latestVersion"], container["nextVersion"]) == ("1", "2")


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


def deploy(plane: ControlPlane, size: str = "Standard_DS3_v2", count: int = 1) -> Any:
    """An endpoint and a model, and a PUT of a deployment."""
    plane.client.put(plane.ws("/onlineEndpoints/ep-1"), json=KEY_AUTH)
    register(plane, job_output(plane))
    body = {
        "location": "eastus",
        "properties": {
            "endpointComputeType": "Managed",
            "instanceType": size,
            "model": f"{plane.twin.settings.workspace_id}/models/m/versions/1",
            "requestSettings": {"requestTimeout": "PT1M30S"},
            "livenessProbe": {"initialDelay": "PT10M"},
        },
        "sku": {"name": "Default", "capacity": count},
    }
    url = plane.ws("/onlineEndpoints/ep-1/deployments/demo", "2023-04-01-preview")
    return plane.client.put(url, json=body)


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
