"""Bodies and calls that several tests of the control plane share."""

from __future__ import annotations

from typing import Any

from .conftest import ControlPlane

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
