"""Models: a version is there the moment it is registered; 201 when new, 200 when changed.

An MLflow model is copied to ServiceReplicated/<guid>/ and its flavors are read from its MLmodel
file. Registering from `azureml://jobs/<job>/outputs/<name>` is in no recording: what it answers
here follows what is recorded for uploads.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from harness.twin import model_files, shapes
from harness.twin.asked import MalformedError, body_of, number, spelled
from harness.twin.errors import WireFailure, refused
from harness.twin.lifecycle import stamp
from harness.twin.routing import on
from harness.twin.settings import Settings
from harness.twin.state import Twin, twin
from harness.twin.store import Document

_KIND = "Microsoft.MachineLearningServices/workspaces/models"
_LATER = ("autoDeleteSetting", "provisioningState", "stage", "intellectualProperty")


@dataclass(frozen=True)
class Version:
    """One version of a model."""

    settings: Settings
    document: Document
    api: str  # the api-version of the request decides which properties there are

    def body(self) -> dict[str, Any]:
        """As PUT, GET and LIST show it."""
        document = self.document
        return {
            "id": _id(self.settings, document["name"], document["version"]),
            "name": document["version"],
            "type": f"{_KIND}/versions",
            "properties": self._properties(),
            "systemData": {
                "createdAt": stamp(document["created"]),
                "createdBy": "twin",
                "createdByType": "User",
                "lastModifiedAt": stamp(document["modified"]),
                "lastModifiedBy": "twin",
                "lastModifiedByType": "User",
            },
        }

    def _properties(self) -> dict[str, Any]:
        document = self.document
        found = {
            "description": document["description"],
            "tags": document["tags"],
            "properties": document["properties"],
            "isArchived": document["isArchived"],
            "isAnonymous": document["isAnonymous"],
            "autoDeleteSetting": None,
            "flavors": document["flavors"],
            "modelType": document["modelType"],
            "modelUri": document["modelUri"],
            "jobName": document["jobName"],
            "provisioningState": "Succeeded",
            "stage": document["stage"],
            "intellectualProperty": None,
        }
        missing = () if self.api >= "2023" else _LATER
        return {key: value for key, value in found.items() if key not in missing}


def list_(request: Request) -> Response:
    """GET all models, without their versions."""
    here = twin(request)
    names = dict.fromkeys(item["name"] for item in here.store.list("model"))
    return JSONResponse({"value": [_container(here, name) for name in names]})


def container(request: Request) -> Response:
    """GET a model, without its versions."""
    here, name = twin(request), request.path_params["name"]
    if not _versions(here, name):
        raise _no_model(here, name)
    return JSONResponse(_container(here, name))


def versions(request: Request) -> Response:
    """GET the versions, newest first; anonymous ones are not listed. 404 for an unknown model."""
    here, name = twin(request), request.path_params["name"]
    found = _versions(here, name)
    if not found:
        raise _no_model(here, name)
    api, top = _version(request), number(request, "$top", 100)
    skip = number(request, "$skipToken", 0)
    named = [item for item in reversed(found) if not item["isAnonymous"]]
    page = [Version(here.settings, item, api).body() for item in named[skip : skip + top]]
    body: dict[str, Any] = {"value": page}
    if len(named) > skip + top:
        body["nextLink"] = (
            f"https://{request.url.hostname}{request.url.path}?api-version={quote(api)}"
            f"&$orderBy=createdtime+desc&$top={top}&$skipToken={skip + top}"
        )
    return JSONResponse(body)


def get(request: Request) -> Response:
    """GET one version."""
    here = twin(request)
    document = here.store.get("model", _key(request))
    if document is None:
        raise _no_version(here, _key(request))
    return JSONResponse(Version(here.settings, document, _version(request)).body())


async def register(request: Request) -> Response:
    """PUT: 201 with Location when new, 200 when it was there."""
    here, key = twin(request), _key(request)
    asked = (await body_of(request, shapes.MODEL))["properties"]
    old = here.store.get("model", key)
    if old is None and not asked.get("modelUri"):
        raise MalformedError("The request is invalid: properties.modelUri is required.")
    document = await run_in_threadpool(_document, here, request.path_params, asked, old)
    here.store.put("model", key, document)
    body = Version(here.settings, document, _version(request)).body()
    if old:
        return JSONResponse(body)
    location = f"https://{request.url.hostname}{request.url.path}?api-version={_version(request)}"
    return JSONResponse(body, 201, {"Location": location})


def delete(request: Request) -> Response:
    """DELETE one version: 200, or 204 when there is none."""
    gone = twin(request).store.delete("model", _key(request))
    return Response(status_code=200 if gone else 204)


def _document(
    here: Twin, names: dict[str, str], asked: dict[str, Any], old: Document | None
) -> Document:
    now, anonymous = time.time(), bool(asked.get("isAnonymous"))
    kind = spelled(shapes.MODEL_TYPES, asked.get("modelType") or "custom_model")
    document = {
        "name": names["name"],
        "version": names["version"],
        "created": old["created"] if old else now,
        "modified": now,
        "description": asked.get("description"),
        "tags": asked.get("tags") or {},
        "properties": asked.get("properties") or {},
        "isArchived": bool(asked.get("isArchived")),
        "isAnonymous": anonymous,
        "modelType": kind,
        "stage": asked.get("stage") or ("Logged" if anonymous else "Development"),
    }
    if old and asked.get("modelUri") in (None, old["modelUri"]):
        kept = ("flavors", "modelUri", "jobName", "path")
        return document | {key: old[key] for key in kept}
    return document | _content(here, asked, kind)


def _content(here: Twin, asked: dict[str, Any], kind: str) -> Document:
    """Where the files are (`path` in workspaceblobstore), and what is in them."""
    uri, flavors = asked.get("modelUri") or "", asked.get("flavors")
    path, job = model_files.source(here, uri)
    if path and kind == "mlflow_model" and not flavors:
        path = model_files.replicate(here, path)
        flavors = model_files.flavors_of(here, path)
    return {
        "modelUri": model_files.long_uri(here, path) if path else uri,
        "jobName": job,
        "flavors": flavors or {},
        "path": path,
    }


def _versions(here: Twin, name: str) -> list[Document]:
    return here.store.list("model", f"{name}/")


def _container(here: Twin, name: str) -> dict[str, Any]:
    found = _versions(here, name)
    latest = found[-1]["version"]
    return {
        "id": _id(here.settings, found[0]["name"]),
        "name": found[0]["name"],
        "type": _KIND,
        "properties": {
            "description": None,
            "tags": {},
            "properties": {},
            "isArchived": False,
            "latestVersion": latest,
            "nextVersion": str(int(latest) + 1) if latest.isdigit() else None,
        },
        "systemData": {
            "createdAt": stamp(found[0]["created"]),
            "createdBy": "twin",
            "createdByType": "User",
            "lastModifiedAt": stamp(found[-1]["modified"]),
            "lastModifiedBy": "twin",
            "lastModifiedByType": "User",
        },
    }


def _id(settings: Settings, name: str, version: str | None = None) -> str:
    tail = f"/versions/{version}" if version else ""
    return f"{settings.workspace_id}/models/{name}{tail}"


def _key(request: Request) -> str:
    return f"{request.path_params['name']}/{request.path_params['version']}"


def _version(request: Request) -> str:
    return request.query_params.get("api-version", "")


def _no_model(here: Twin, name: str) -> WireFailure:
    text = f"Model container with name: {name} not found."
    return _missing(here, "ModelNotFound", text)


def _no_version(here: Twin, key: str) -> WireFailure:
    settings = here.settings
    text = (
        f"There is no registered model in Account Subscription: {settings.subscription}, "
        f"ResourceGroup: {settings.group}, Workspace: {settings.workspace} "
        f"with id {key.replace('/', ':')}"
    )
    return _missing(here, "NoSuchModelRegistered", text)


def _missing(here: Twin, code: str, text: str) -> WireFailure:
    message = "The specified resource was not found."
    return refused(404, message, details=(code, text), region=here.settings.region)


routes = [
    on("model.list", list_),
    on("model.container", container),
    on("model.versions", versions),
    on("model.get", get),
    on("model.register", register),
    on("model.delete", delete),
]
