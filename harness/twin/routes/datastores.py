"""Datastores: workspaceblobstore (the default) and workspaceartifactstore, always there.

listSecrets answers a short-lived account SAS to a client that asks for one (`expirableSecret`,
azure-ai-ml since 2025) and the account key to one that does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from harness.twin import shapes
from harness.twin.asked import body_of
from harness.twin.errors import refused
from harness.twin.routing import on
from harness.twin.state import Twin, twin

_CREATED = "2024-04-01T08:58:44.5246982+00:00"


@dataclass(frozen=True)
class Datastore:
    """One blob datastore."""

    twin: Twin
    name: str
    container: str
    default: bool

    def body(self) -> dict[str, Any]:
        """As GET and LIST show it."""
        settings = self.twin.settings
        return {
            "id": f"{settings.workspace_id}/datastores/{self.name}",
            "name": self.name,
            "type": "Microsoft.MachineLearningServices/workspaces/datastores",
            "properties": {
                "description": None,
                "tags": None,
                "properties": None,
                "isDefault": self.default,
                "credentials": {"credentialsType": "AccountKey"},
                "subscriptionId": settings.subscription,
                "resourceGroup": settings.group,
                "datastoreType": "AzureBlob",
                "accountName": self.twin.blobs.account,
                "containerName": self.container,
                "endpoint": "core.windows.net",
                "protocol": "https",
                "serviceDataAccessAuthIdentity": "WorkspaceSystemAssignedIdentity",
            },
            "systemData": {
                "createdAt": _CREATED,
                "createdBy": self.twin.identity.principal,
                "createdByType": "Application",
                "lastModifiedAt": _CREATED,
                "lastModifiedBy": self.twin.identity.principal,
                "lastModifiedByType": "Application",
            },
        }


def list_(request: Request) -> Response:
    """GET all; `isDefault=true` narrows it to one."""
    only_default = request.query_params.get("isDefault", "").lower() == "true"
    found = [store for store in _all(twin(request)) if store.default or not only_default]
    return JSONResponse({"value": [store.body() for store in found]})


def get(request: Request) -> Response:
    """GET one."""
    return JSONResponse(_asked(request).body())


async def secrets(request: Request) -> Response:
    """POST listSecrets: a SAS when asked for one that expires, else the account key."""
    blobs = _asked(request).twin.blobs
    asked = await body_of(request, shapes.SECRETS, optional=True)
    if not asked.get("expirableSecret"):
        return JSONResponse({"secretsType": "AccountKey", "key": blobs.key})
    sas = blobs.account_sas(float(asked.get("expireAfterHours") or 1))
    return JSONResponse({"secretsType": "Sas", "sasToken": f"?{sas}"})


def _all(here: Twin) -> list[Datastore]:
    blobs = here.blobs
    return [
        Datastore(here, "workspaceblobstore", blobs.workspace_container, True),
        Datastore(here, "workspaceartifactstore", blobs.artifact_container, False),
    ]


def _asked(request: Request) -> Datastore:
    here, name = twin(request), request.path_params["name"]
    for store in _all(here):
        if store.name == name.lower():
            return store
    message = f"Could not find datastore: {name}."
    raise refused(404, message, "NotFoundError", region=here.settings.region)


routes = [
    on("datastore.list", list_),
    on("datastore.get", get),
    on("datastore.secrets", secrets),
]
