"""Online deployments: a real process each, which decides when Creating becomes Succeeded or Failed.

A failed one is HTTP 200 with provisioningState "Failed" and no word about why: that is in the
operation's error and in the logs. Quota is checked before anything is created.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from harness.twin import quota, shapes
from harness.twin.asked import body_of
from harness.twin.errors import refused
from harness.twin.lifecycle import stamp
from harness.twin.routes.endpoints import asked as endpoint_asked
from harness.twin.routes.endpoints import missing
from harness.twin.routes.registry import check_model
from harness.twin.routing import on
from harness.twin.serving.plan import in_registry, model_key
from harness.twin.state import Twin, twin
from harness.twin.store import Document

_KIND = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments"
_PROBE = {
    "failureThreshold": 30,
    "successThreshold": 1,
    "timeout": "PT2S",
    "period": "PT10S",
    "initialDelay": "PT10S",
}
_REQUESTS = {
    "maxQueueWait": "PT0S",
    "requestTimeout": "PT5S",
    "maxConcurrentRequestsPerInstance": 1,
}
_NOT_READY = {
    "code": "ResourceNotReady",
    "message": "User container has crashed or terminated. Please see troubleshooting guide, "
    "available here: https://aka.ms/oe-tsg#error-resourcenotready",
}
_SHAPE = ("model", "instanceType", "instanceCount", "requestSettings", "environmentVariables")


@dataclass(frozen=True)
class Deployment:
    """One online deployment."""

    twin: Twin
    document: Document
    api: str

    def body(self) -> dict[str, Any]:
        """As GET and LIST show it."""
        state = self.document["provisioningState"]
        if self.twin.operations.under_way(self.document) in (
            "deployment.create",
            "deployment.update",
        ):
            state = "Updating"  # the process may be up before Azure would say so
        return self._resource(state, self._variables(state), self.document["instanceType"])

    def accepted(self, *, new: bool) -> dict[str, Any]:
        """As the 201 of a PUT shows it: Creating, a change without its instanceType."""
        size = self.document["instanceType"] if new else None
        return self._resource("Creating", self.document["environmentVariables"], size)

    def _resource(self, state: str, variables: dict[str, str], size: str | None) -> dict[str, Any]:
        document = self.document
        return {
            "id": f"{self.twin.settings.workspace_id}/onlineEndpoints/{document['endpoint']}"
            f"/deployments/{document['name']}",
            "name": document["name"],
            "type": _KIND,
            "properties": {
                "description": document["description"],
                "properties": self._operation(state),
                "codeConfiguration": document["codeConfiguration"],
                "environmentId": document["environmentId"],
                "environmentVariables": variables,
                "scaleSettings": {"scaleType": "Default"},
                "requestSettings": document["requestSettings"],
                "modelMountPath": None,
                "appInsightsEnabled": document["appInsightsEnabled"],
                "livenessProbe": document["livenessProbe"],
                "readinessProbe": document["readinessProbe"],
                "provisioningState": state,
                "instanceType": size,
                "model": document["model"],
                "egressPublicNetworkAccess": "Enabled",
                **self._newer(),
                "endpointComputeType": "Managed",
            },
            "systemData": {
                "createdAt": stamp(document["created"]),
                "createdBy": "twin",
                "lastModifiedAt": stamp(document["created"]),  # a change leaves it as it was
            },
            "tags": document["tags"],
            "location": document["location"],
            "kind": "Managed",
            "sku": {"name": "Default", "tier": "Standard", "capacity": document["instanceCount"]},
        }

    def _operation(self, state: str) -> dict[str, str]:
        if state == "Failed":
            return {}
        address = self.twin.operations.unsigned(str(self.document.get("first")), self.api)
        return {"AzureAsyncOperationUri": address}

    def _newer(self) -> dict[str, Any]:
        if self.api >= "2023":
            return {"dataCollector": None}
        return {"privateNetworkConnection": False}

    def _variables(self, state: str) -> dict[str, str]:
        variables = dict(self.document["environmentVariables"])
        if state != "Succeeded":
            return variables
        name, version = model_key(self.document["model"]).split("/")
        variables["AZUREML_MODEL_DIR"] = f"/var/azureml-app/azureml-models/{name}/{version}"
        if code := self.document["codeConfiguration"]:
            variables["AZUREML_ENTRY_SCRIPT"] = code["scoringScript"]
            variables["AML_APP_ROOT"] = "/var/azureml-app/onlinescoring"
        return variables


def list_(request: Request) -> Response:
    """GET the endpoint's deployments."""
    here, endpoint = twin(request), endpoint_asked(request)["name"]
    names = [each["name"] for each in here.store.list("deployment", f"{endpoint}/")]
    found = [here.operations.settle("deployment", f"{endpoint}/{name}") for name in names]
    shown = [Deployment(here, each, _api(request)).body() for each in found if each]
    return JSONResponse({"value": shown})


def get(request: Request) -> Response:
    """GET one."""
    return JSONResponse(Deployment(twin(request), _asked(request), _api(request)).body())


async def create(request: Request) -> Response:
    """PUT: 201 whether it is new or changed; 400 when the quota does not reach."""
    body = await body_of(request, shapes.DEPLOYMENT)
    return await run_in_threadpool(_create, request, body)


def delete(request: Request) -> Response:
    """DELETE: 202; 204 when there is none."""
    here, key = twin(request), _key(request)
    document = here.operations.settle("deployment", key)
    if document is None:
        return Response(status_code=204)
    ends = here.faults.ends("deployment.delete")
    if ends is None:
        here.instances.stop(document["endpoint"], document["name"])
    forced = ends.state if ends else None
    operation = here.operations.begin("deployment.delete", "deployment", key, forced=forced)
    here.store.update("deployment", key, provisioningState="Deleting")
    headers = here.operations.headers(operation, _api(request), result=True)
    if _api(request) >= "2024":
        return Response(status_code=202, headers=headers)
    return JSONResponse(None, 202, headers)


async def logs(request: Request) -> Response:
    """POST getLogs: the last lines of what the container said."""
    tail = (await body_of(request, shapes.LOGS, optional=True)).get("tail") or 500
    document = await run_in_threadpool(_asked, request)
    instances = twin(request).instances
    text = await run_in_threadpool(instances.logs, document["endpoint"], document["name"], tail)
    return JSONResponse({"content": text})


def _create(request: Request, body: dict[str, Any]) -> Response:
    here, key = twin(request), _key(request)
    endpoint = endpoint_asked(request)
    old = here.operations.settle("deployment", key)
    if old and here.operations.under_way(old):
        message = "Already running method"  # reported by users, not recorded
        raise refused(409, message, "Conflict", region=here.settings.region)
    document = _document(endpoint["name"], request.path_params["name"], body, old)
    _check_model(here, document)
    quota.check_deployment(here, document, old)
    here.store.put("deployment", key, document)
    operation = _begin(here, key, document, old)
    first = document["first"] or operation
    here.store.update("deployment", key, first=first)
    shown = Deployment(here, document | {"first": first}, _api(request))
    location = f"https://{request.url.hostname}{request.url.path}?api-version={_api(request)}"
    headers = here.operations.headers(operation, _api(request)) | {"Location": location}
    return JSONResponse(shown.accepted(new=old is None), 201, headers)


def _begin(here: Twin, key: str, document: Document, old: Document | None) -> str:
    """Start the process, unless nothing about it changed or a fault keeps it from getting well."""
    ends = here.faults.ends("deployment.create")
    life = "deployment.update" if old else "deployment.create"
    forced = ends.state if ends else None
    operation = here.operations.begin(life, "deployment", key, forced=forced)
    if ends:
        said = {"code": ends.code or _NOT_READY["code"], "message": ends.message}
        here.store.update("deployment", key, failure=said if ends.message else _NOT_READY)
    elif old and old["provisioningState"] == "Succeeded" and _same(old, document):
        here.store.update("deployment", key, provisioningState="Succeeded")
    else:
        here.instances.start(document["endpoint"], document["name"])
    return operation


def _document(endpoint: str, name: str, body: dict[str, Any], old: Document | None) -> Document:
    now, properties = time.time(), body["properties"]
    sku = body.get("sku") or {}
    return {
        "endpoint": endpoint,
        "name": name,
        "location": body.get("location"),
        "tags": body.get("tags") or {},
        "created": old["created"] if old else now,
        "modified": now,
        "first": old["first"] if old else None,  # the operation that created it
        "description": properties.get("description"),
        "model": properties.get("model") or "",
        "instanceType": properties.get("instanceType"),
        "instanceCount": sku.get("capacity") or 1,
        "requestSettings": _REQUESTS | _given(properties.get("requestSettings")),
        "livenessProbe": _PROBE | _given(properties.get("livenessProbe")),
        "readinessProbe": _PROBE | _given(properties.get("readinessProbe")),
        "environmentVariables": properties.get("environmentVariables") or {},
        "environmentId": properties.get("environmentId"),
        "codeConfiguration": properties.get("codeConfiguration"),
        "appInsightsEnabled": bool(properties.get("appInsightsEnabled")),
        "provisioningState": "Creating",
        "failure": None,
    }


def _check_model(here: Twin, document: Document) -> None:
    """Of the workspace or, as it is, of the registry: Azure deploys both."""
    model = document["model"]
    if in_registry(model):
        check_model(here, model)
    elif here.store.get("model", model_key(model)) is None:
        name = model_key(model).replace("/", ":")
        message = "The specified resource was not found."
        text = f"There is no registered model with id {name}"
        details = ("NoSuchModelRegistered", text)
        raise refused(404, message, details=details, region=here.settings.region)


def _same(old: Document, new: Document) -> bool:
    return all(old[key] == new[key] for key in _SHAPE)


def _given(settings: dict[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (settings or {}).items() if value is not None}


def _asked(request: Request) -> Document:
    here = twin(request)
    document = here.operations.settle("deployment", _key(request))
    if document is None:
        raise missing(here)
    return document


def _key(request: Request) -> str:
    return f"{request.path_params['endpoint']}/{request.path_params['name']}"


def _api(request: Request) -> str:
    return request.query_params.get("api-version", "")


routes = [
    on("deployment.list", list_),
    on("deployment.get", get),
    on("deployment.create", create),
    on("deployment.delete", delete),
    on("deployment.logs", logs),
]
