"""How to get the twin's answer to each operation, and which recordings it compares with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import pairs
from .asking import KEY_AUTH, REGISTRY, cluster, deploy, job_output, register
from .conftest import ControlPlane

OLD, NEW, NEWEST = "2022-02-01-preview", "2023-04-01-preview", "2024-04-01"


@dataclass(frozen=True)
class Scene:
    """How to get the twin's answers to one operation with one status."""

    answers: Callable[[ControlPlane], list[Any]]
    faults: tuple[str, ...] = ()
    like: Callable[[pairs.Pair], bool] = lambda pair: True  # which recordings are comparable


def _registry(path: str) -> str:
    place = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices"
    return f"{REGISTRY}{place}/registries/azureml{path}?api-version=2021-10-01-dataplanepreview"


def _get(path: str, api: str = NEW) -> Callable[[ControlPlane], list[Any]]:
    return lambda plane: [plane.client.get(plane.ws(path, api))]


def _clusters(plane: ControlPlane) -> list[Any]:
    plane.client.put(plane.ws("/computes/good"), json=cluster())
    plane.client.put(plane.ws("/computes/bad"), json=cluster("Standard_ND6s"))
    plane.clock.now += 2
    return [plane.client.get(plane.ws(f"/computes/{name}")) for name in ("good", "bad")]


def _compute_polls(plane: ControlPlane) -> list[Any]:
    begun = plane.client.put(plane.ws("/computes/good"), json=cluster())
    return [plane.client.get(begun.headers["azure-asyncoperation"]) for _ in range(2)]


def _removed_cluster(plane: ControlPlane) -> list[Any]:
    plane.client.put(plane.ws("/computes/good"), json=cluster())
    return [plane.client.delete(plane.ws("/computes/good"))]


def _endpoint(plane: ControlPlane) -> Any:
    begun = plane.client.put(plane.ws("/onlineEndpoints/ep-1", OLD), json=KEY_AUTH)
    plane.client.get(begun.headers["azure-asyncoperation"])
    return begun


def _endpoints(plane: ControlPlane) -> list[Any]:
    new = _endpoint(plane)
    changed = plane.client.put(plane.ws("/onlineEndpoints/ep-1", OLD), json=KEY_AUTH)
    newest = plane.client.put(plane.ws("/onlineEndpoints/ep-2", NEWEST), json=KEY_AUTH)
    return [new, changed, newest]


def _on_endpoint(
    method: str, tail: str = "", json: dict[str, Any] | None = None
) -> Callable[[ControlPlane], list[Any]]:
    def answers(plane: ControlPlane) -> list[Any]:
        _endpoint(plane)
        url = plane.ws(f"/onlineEndpoints/ep-1{tail}", OLD)
        return [plane.client.request(method, url, json=json)]

    return answers


def _endpoint_polls(plane: ControlPlane) -> list[Any]:
    begun = plane.client.put(plane.ws("/onlineEndpoints/ep-1", NEW), json=KEY_AUTH)
    url, found = begun.headers["azure-asyncoperation"], []
    plane.twin.store.update("operation", url.partition("?")[0].rpartition("/")[2], polls=-1)
    for _ in range(2):
        found.append(plane.client.get(url))
    return found


def _on_deployment(method: str, tail: str = "", api: str = NEW) -> Callable[[ControlPlane], Any]:
    def answers(plane: ControlPlane) -> list[Any]:
        begun = deploy(plane)
        plane.client.get(begun.headers["azure-asyncoperation"])
        if not tail:  # recorded lists hold deployments that went well
            plane.twin.store.update("deployment", "ep-1/demo", provisioningState="Succeeded")
        url = plane.ws(f"/onlineEndpoints/ep-1/deployments{tail}", api)
        return [plane.client.request(method, url)]

    return answers


def _models(plane: ControlPlane) -> list[Any]:
    return [register(plane, job_output(plane))]


def _on_model(path: str) -> Callable[[ControlPlane], list[Any]]:
    def answers(plane: ControlPlane) -> list[Any]:
        register(plane, job_output(plane))
        return [plane.client.get(plane.ws(f"/models{path}"))]

    return answers


def _registered_again(plane: ControlPlane) -> list[Any]:
    first = register(plane, job_output(plane)).json()["properties"]["modelUri"]
    return [register(plane, first)]


def _url(url: str) -> Callable[[ControlPlane], list[Any]]:
    return lambda plane: [plane.client.get(url)]


def _location(tail: str) -> Callable[[ControlPlane], list[Any]]:
    def answers(plane: ControlPlane) -> list[Any]:
        head = plane.ws().split("/resourceGroups")[0]
        place = "/providers/Microsoft.MachineLearningServices/locations/eastus"
        return [plane.client.get(f"{head}{place}/{tail}")]

    return answers


def _secrets(plane: ControlPlane) -> list[Any]:
    url = plane.ws("/datastores/workspaceblobstore/listSecrets")
    return [plane.client.post(url)]


def _aml_compute(pair: pairs.Pair) -> bool:
    properties = (pair.body or {}).get("properties") or {}
    return not pair.body or properties.get("computeType") == "AmlCompute"


def _stores_blobs(pair: pairs.Pair) -> bool:
    return (pair.body or {}).get("properties", {}).get("datastoreType") == "AzureBlob"


def _account_key(pair: pairs.Pair) -> bool:
    return (pair.body or {}).get("secretsType") == "AccountKey"


FAILS = ("ends:deployment.create:Failed",)
API = "https://eastus.api.azureml.ms"
SCENES: dict[tuple[str, int], Scene] = {
    ("workspace.get", 200): Scene(_get("")),
    ("workspace.get", 404): Scene(
        lambda plane: [plane.client.get(plane.ws().replace("twin-workspace", "x"))]
    ),
    ("discovery.get", 200): Scene(_url(f"{API}/discovery")),
    ("registry.discover", 200): Scene(
        _url(f"{API}/registrymanagement/v1.0/registries/azureml/discovery")
    ),
    ("registry_model.get", 200): Scene(
        _url(_registry("/models/Phi-3-mini-4k-instruct/versions/7"))
    ),
    ("registry_model.get", 404): Scene(_url(_registry("/models/none/versions/7"))),
    ("registry_model.container", 404): Scene(_url(_registry("/models/none"))),
    ("registry_model.versions", 200): Scene(_url(_registry("/models/none/versions"))),
    ("registry_component.get", 200): Scene(
        _url(_registry("/components/chat_completion_pipeline/versions/0.0.51"))
    ),
    ("registry_component.versions", 200): Scene(
        _url(_registry("/components/chat_completion_pipeline/versions"))
    ),
    ("compute.create", 201): Scene(
        lambda plane: [plane.client.put(plane.ws("/computes/c"), json=cluster())], like=_aml_compute
    ),
    ("compute.get", 200): Scene(_clusters, like=_aml_compute),
    ("compute.get", 404): Scene(_get("/computes/none")),
    ("compute.delete", 202): Scene(_removed_cluster),
    ("compute.poll", 200): Scene(_compute_polls),
    ("vm_size.list", 200): Scene(_location("vmSizes")),
    ("usage.list", 200): Scene(_location("usages")),
    ("datastore.get", 200): Scene(_get("/datastores/workspaceblobstore"), like=_stores_blobs),
    ("datastore.get", 404): Scene(_get("/datastores/none")),
    ("datastore.get", 429): Scene(
        _get("/datastores/workspaceblobstore"), ("refuse:datastore.get:429",)
    ),
    ("datastore.list", 200): Scene(_get("/datastores")),
    ("datastore.secrets", 200): Scene(_secrets, like=_account_key),
    ("model.register", 201): Scene(_models),
    ("model.register", 200): Scene(_registered_again),
    ("model.get", 200): Scene(_on_model("/m/versions/1")),
    ("model.get", 404): Scene(_get("/models/none/versions/1")),
    ("model.versions", 200): Scene(_on_model("/m/versions")),
    ("model.versions", 404): Scene(_get("/models/none/versions")),
    ("model.container", 200): Scene(_on_model("/m")),
    ("model.container", 404): Scene(_get("/models/none")),
    ("model.list", 200): Scene(_on_model("")),
    ("endpoint.create", 201): Scene(_endpoints),
    ("endpoint.get", 200): Scene(_on_endpoint("GET")),
    ("endpoint.update", 202): Scene(_on_endpoint("PATCH", json={"tags": {"key": "value"}})),
    ("endpoint.regenerate", 202): Scene(
        _on_endpoint("POST", "/regenerateKeys", json={"keyType": "Primary"})
    ),
    ("endpoint.delete", 202): Scene(_on_endpoint("DELETE")),
    ("endpoint.delete", 204): Scene(
        lambda plane: [plane.client.delete(plane.ws("/onlineEndpoints/none", OLD))]
    ),
    ("endpoint.keys", 200): Scene(_on_endpoint("POST", "/listKeys")),
    ("endpoint.token", 200): Scene(_on_endpoint("POST", "/token")),
    ("deployment.create", 201): Scene(lambda plane: [deploy(plane)], FAILS),
    ("deployment.get", 200): Scene(_on_deployment("GET", "/demo"), FAILS),
    ("deployment.list", 200): Scene(_on_deployment("GET"), FAILS),
    ("deployment.delete", 202): Scene(_on_deployment("DELETE", "/demo", NEWEST), FAILS),
    ("operation.poll", 200): Scene(_endpoint_polls),
    ("operation.result", 404): Scene(_location("mfeOperationResults/oe:a:b")),
}
