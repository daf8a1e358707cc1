"""The registry `azureml`: read only; what is in it depends on the twin's era.

"latest" is not known here: clients list `$orderBy=createdtime desc&$top=1`. An unknown name lists
as an empty 200; asked for by version it is 404. A model's `name` is the model's, its type "models";
a component's `name` is its version.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from harness.twin.asked import number
from harness.twin.base_model import FLAVORS, flavors, url
from harness.twin.blob_store import BlobStore
from harness.twin.errors import WireFailure, flat, refused
from harness.twin.routing import on
from harness.twin.settings import Settings
from harness.twin.state import Twin, twin

_NAME = "azureml"
_REGIONS = ("eastus", "westus", "eastus2", "centralus")
_COMPONENTS = {  # era -> versions of chat_completion_pipeline, oldest first
    "may-2024": ("0.0.42", "0.0.51"),
    "feb-2025": ("0.0.42", "0.0.51"),
    "today": ("0.0.42", "0.0.51", "0.0.82"),
}
_METADATA = (  # systemMetadata of a model, null unless known
    "invisibleUntil",
    "publisher",
    "license",
    "summary",
    "displayName",
    "languages",
    "textContextWindow",
    "maxOutputTokens",
    "playgroundRateLimitTier",
    "inputModalities",
    "outputModalities",
    "platformCapabilities",
    "modelCapabilities",
    "supportedComputes",
    "tasks",
    "deprecation",
    "architecture",
    "parameterCount",
    "terms",
    "softwareRequirements",
    "trademarkInformation",
    "contactInformation",
    "reportingMechanisms",
    "trainingInformation",
    "azureOffers",
)


@dataclass(frozen=True)
class Asset:
    """One version of a model or component, with the body it is shown by."""

    name: str
    version: str
    created: str
    properties: dict[str, Any]
    kind: str  # "models" or "components"

    def body(self) -> dict[str, Any]:
        """As GET and LIST show it."""
        model = self.kind == "models"
        by = {"createdBy": "Microsoft", "createdByType": "User"}
        changed = {"lastModifiedBy": "Microsoft", "lastModifiedByType": "User"}
        return {
            "id": f"azureml://registries/{_NAME}/{self.kind}/{self.name}/versions/{self.version}",
            "name": self.name if model else self.version,
            "type": "models"
            if model
            else "Microsoft.MachineLearningServices/registries/components/versions",
            "properties": self.properties,
            "systemData": {
                "createdAt": self.created,
                **by,
                "lastModifiedAt": self.created,
                **changed,
            },
        }


def discover(request: Request) -> Response:
    """Where a registry lives; no token needed. 404 for any but `azureml`."""
    name, region = request.path_params["registry"], twin(request).settings.region
    if name.lower() != _NAME:
        raise _no_registry(name, region)
    regions = list(dict.fromkeys((region, *_REGIONS)))
    return JSONResponse(
        {
            "registryId": _guid("registry"),
            "registryName": _NAME,
            "tenantId": _guid("tenant"),
            "primaryRegion": region,
            "regions": regions,
            "subscriptionId": _guid("subscription"),
            "resourceGroup": "registry-azureml",
            "workspaceName": None,
            "primaryRegionResourceProviderUri": f"https://cert-{region}.experiments.azureml.net/",
            "registryFqdns": {each: {"uri": f"https://{each}.api.azureml.ms"} for each in regions},
            "intellectualPropertyPublisher": None,
            "isTradeRestricted": False,
        }
    )


def model_versions(request: Request) -> Response:
    """GET the versions of a model, newest first."""
    return _list(request, _models(twin(request)))


def model(request: Request) -> Response:
    """GET one version of a model."""
    return _one(request, _models(twin(request)), "models")


def model_container(request: Request) -> Response:
    """GET the model itself, without its versions' content."""
    name = request.path_params["name"]
    found = [asset for asset in _models(twin(request)) if asset.name.lower() == name.lower()]
    if not found:
        raise _no_asset(request, f"models/{name}")
    newest = found[-1].body()
    properties: dict[str, Any] = {
        "description": None,
        "tags": {},
        "properties": {},
        "isArchived": False,
        "latestVersion": None,
        "nextVersion": None,
    }
    address = newest["id"].rpartition("/versions/")[0]
    return JSONResponse(newest | {"id": address, "properties": properties})


def component_versions(request: Request) -> Response:
    """GET the versions of a component, newest first."""
    return _list(request, components(twin(request).settings))


def component(request: Request) -> Response:
    """GET one version of a component."""
    return _one(request, components(twin(request).settings), "components")


def components(settings: Settings) -> list[Asset]:
    """The components of the era, oldest first."""
    return [_component(version) for version in _COMPONENTS[settings.era]]


def models(settings: Settings, blobs: BlobStore) -> list[Asset]:
    """The models of the era, oldest first; their files are among these blobs."""
    seed = _seed("models.json")
    return [
        _model(seed["name"], item, url(blobs))
        for item in seed["versions"]
        if settings.era in item["eras"]
    ]


def _models(here: Twin) -> list[Asset]:
    return models(here.settings, here.blobs)


def check_model(here: Twin, address: str) -> None:
    """Raises WireFailure, 404, unless the registry has the model with that id."""
    if address.lower() not in [asset.body()["id"].lower() for asset in _models(here)]:
        raise _missing(here, address)


def _list(request: Request, assets: list[Asset]) -> Response:
    """`$top` of them; nextLink whenever older ones remain."""
    name, top = request.path_params["name"], number(request, "$top", 100)
    skip = number(request, "$skipToken", 0)
    found = [asset for asset in reversed(assets) if asset.name.lower() == name.lower()]
    page = found[skip : skip + top]
    body: dict[str, Any] = {"value": [asset.body() for asset in page]}
    if len(found) > skip + top:
        body["nextLink"] = _next(request, top, skip + top)
    return JSONResponse(body)


def _next(request: Request, top: int, skip: int) -> str:
    version = quote(request.query_params.get("api-version", ""))
    return (
        f"https://{request.url.hostname}{request.url.path}?api-version={version}"
        f"&$orderBy=createdtime+desc&$top={top}&$skipToken={skip}"
    )


def _one(request: Request, assets: list[Asset], kind: str) -> Response:
    name, version = request.path_params["name"], request.path_params["version"]
    for asset in assets:
        if (asset.name.lower(), asset.version) == (name.lower(), version):
            return JSONResponse(asset.body())
    raise _no_asset(request, f"{kind}/{name}/versions/{version}")


def _model(name: str, item: dict[str, Any], address: str) -> Asset:
    metadata = dict.fromkeys(_METADATA) | {"supportedComputes": item.get("supportedComputes")}
    properties = {
        "description": None,
        "tags": item["tags"],
        "properties": item["properties"],
        "isArchived": item["isArchived"],
        "isAnonymous": False,
        "flavors": flavors(FLAVORS),
        "modelType": "mlflow_model",
        "modelUri": address,
        "originAssetId": None,
        "jobName": None,
        "intellectualProperty": None,
        "systemMetadata": metadata,
    }
    return Asset(name, item["version"], item["created"], properties, "models")


def _component(version: str) -> Asset:
    seed = _seed(f"chat_completion_pipeline_{version}.json")
    properties = {
        "description": None,
        "tags": {},
        "properties": {},
        "isArchived": False,
        "isAnonymous": False,
        "componentSpec": seed["componentSpec"],
    }
    return Asset(seed["componentSpec"]["name"], version, seed["created"], properties, "components")


@cache
def _seed(name: str) -> dict[str, Any]:
    text = files("harness.twin.seed").joinpath(name).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _no_asset(request: Request, rest: str) -> WireFailure:
    return _missing(twin(request), f"azureml://registries/{_NAME}/{rest}")


def _missing(here: Twin, address: str) -> WireFailure:
    message = f"Could not find asset with ID: {address}"
    return refused(404, message, "NotFoundError", region=here.settings.region)


def _no_registry(name: str, region: str) -> WireFailure:
    return flat(
        404,
        "Registry {registryName} not found",
        "NotFound",
        "RegistryNotFound",
        component="feedmanagement",
        parameters={"registryName": name},
        region=region,
    )


def _guid(word: str) -> str:
    """Ids of the registry's owner: not ours, always the same."""
    return str(uuid5(NAMESPACE_URL, f"registry/{_NAME}/{word}"))


routes = [
    on("registry.discover", discover),
    on("registry_model.versions", model_versions),
    on("registry_model.get", model),
    on("registry_model.container", model_container),
    on("registry_component.versions", component_versions),
    on("registry_component.get", component),
]
