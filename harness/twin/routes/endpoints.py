"""Online endpoints: PUT says Creating, 49 s later GET says Succeeded and where to score.

Changing the traffic is a whole PUT again, 201 again, and its body a bad picture of the resource:
clients wait and GET. DELETE takes the deployments along; of a missing one it is 204.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from harness.twin import shapes
from harness.twin.asked import body_of, spelled
from harness.twin.errors import WireFailure, refused
from harness.twin.lifecycle import stamp
from harness.twin.routing import on
from harness.twin.state import Twin, twin
from harness.twin.store import Document

_KIND = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
_NAME = re.compile(r"[a-zA-Z](?:-?[a-zA-Z0-9]){2,31}")
_TOKEN_LIFE = 12 * 3600  # seconds


@dataclass(frozen=True)
class Endpoint:
    """One online endpoint."""

    twin: Twin
    document: Document
    api: str

    def body(self) -> dict[str, Any]:
        """As GET and LIST show it."""
        return self._resource(self._created() | self._changed()) | {
            "location": self.document["location"],
            "kind": "Managed",
            "identity": self._identity(),
        }

    def accepted(self, *, new: bool) -> dict[str, Any]:
        """As the 201 of a PUT shows it: poorer still when it is a change."""
        full = new and self.api < "2024"
        shown = self._resource(self._created() | self._changed() if full else {})
        if not full:
            shown["systemData"] = {} if new else self._changed()
            shown["properties"]["properties"].pop("azureml.onlineendpointid")
            return shown | {"kind": "Managed"}
        return shown | {
            "location": self.document["location"],
            "kind": "Managed",
            "identity": self._identity(),
        }

    def _resource(self, system: dict[str, Any]) -> dict[str, Any]:
        document, address = self.document, self._address()
        ready = document["provisioningState"] == "Succeeded"
        region = self.twin.settings.region
        host = f"https://{document['name']}.{region}.inference.ml.azure.com"
        return {
            "id": address,
            "name": document["name"],
            "type": _KIND,
            "properties": {
                "description": document["description"],
                "properties": {
                    **document["properties"],
                    "azureml.onlineendpointid": address.lower(),
                    "AzureAsyncOperationUri": self.twin.operations.unsigned(
                        str(document.get("operation")), self.api
                    ),
                },
                "scoringUri": f"{host}/score" if ready else None,
                "swaggerUri": f"{host}/swagger.json" if ready else None,
                "authMode": document["authMode"],
                "provisioningState": document["provisioningState"],
                "compute": None,
                "traffic": document["traffic"],
                "mirrorTraffic": document["mirrorTraffic"],
                "publicNetworkAccess": "Enabled",
            },
            "systemData": system,
            "tags": document["tags"],
        }

    def _created(self) -> dict[str, str]:
        return {"createdAt": stamp(self.document["created"]), "createdBy": "twin"}

    def _changed(self) -> dict[str, str]:
        return {"lastModifiedAt": stamp(self.document["modified"])}

    def _identity(self) -> dict[str, str]:
        who = self.twin.identity
        return {
            "type": "SystemAssigned",
            "principalId": who.principal,
            "tenantId": who.tenant,
        }

    def _address(self) -> str:
        return f"{self.twin.settings.workspace_id}/onlineEndpoints/{self.document['name']}"


def list_(request: Request) -> Response:
    """GET all endpoints."""
    here = twin(request)
    found = here.operations.listed("endpoint")
    return JSONResponse(
        {"value": [Endpoint(here, each, version(request)).body() for each in found]}
    )


def get(request: Request) -> Response:
    """GET one."""
    return JSONResponse(Endpoint(twin(request), asked(request), version(request)).body())


async def create(request: Request) -> Response:
    """PUT: 201 whether it is new or changed."""
    here, name = twin(request), request.path_params["endpoint"]
    body = await body_of(request, shapes.ENDPOINT)
    old = here.operations.settle("endpoint", name)
    check(here, name, body, old)
    document = _document(name, body, old)
    here.store.put("endpoint", name, document)
    ends = here.faults.ends("endpoint.create")
    operation = here.operations.begin(
        "endpoint.update" if old else "endpoint.create",
        "endpoint",
        name,
        forced=ends.state if ends else None,
    )
    shown = Endpoint(here, document | {"operation": operation}, version(request))
    headers = here.operations.headers(operation, version(request)) | {"Location": _here(request)}
    return JSONResponse(shown.accepted(new=old is None), 201, headers)


def delete(request: Request) -> Response:
    """DELETE: 202 `null`, deployments or not; 204 when there is none."""
    here, name = twin(request), request.path_params["endpoint"]
    if here.operations.settle("endpoint", name) is None:
        return Response(status_code=204)
    ends = here.faults.ends("endpoint.delete")
    if ends is None:
        for deployment in here.store.list("deployment", f"{name}/"):
            here.instances.stop(name, deployment["name"])
    operation = here.operations.begin(
        "endpoint.delete", "endpoint", name, forced=ends.state if ends else None
    )
    here.store.update("endpoint", name, provisioningState="Deleting")
    return JSONResponse(
        None, 202, here.operations.headers(operation, version(request), result=True)
    )


def keys(request: Request) -> Response:
    """POST listKeys: two keys, or two nulls when the endpoint does not use keys."""
    document = asked(request)
    known = document["keys"] if document["authMode"] == "Key" else {}
    return JSONResponse(
        {"primaryKey": known.get("primary"), "secondaryKey": known.get("secondary")}
    )


def token(request: Request) -> Response:
    """POST token: a JWT that opens the endpoint for twelve hours."""
    asked(request)
    text, expires = twin(request).identity.token("azureml", _TOKEN_LIFE)
    return JSONResponse(
        {
            "accessToken": text,
            "tokenType": "Bearer",
            "expiryTimeUtc": expires,
            "refreshAfterTimeUtc": expires - _TOKEN_LIFE,
        }
    )


def asked(request: Request) -> Document:
    """The endpoint in the path, as it stands now. Raises WireFailure, 404."""
    here, name = twin(request), request.path_params["endpoint"]
    document = here.operations.settle("endpoint", name)
    if document is None:
        raise missing(here)
    return document


def missing(here: Twin) -> WireFailure:
    """404 for an endpoint or deployment that is not there (reported by users, not recorded)."""
    return refused(
        404,
        "The specified resource was not found.",
        code="NotFound",
        details=("InferencingClientCallFailed", '{"title":"Not Found","status":404}'),
        region=here.settings.region,
    )


def _document(name: str, body: dict[str, Any], old: Document | None) -> Document:
    now, properties = time.time(), body["properties"]
    fresh = {"primary": secrets.token_urlsafe(24), "secondary": secrets.token_urlsafe(24)}
    return {
        "name": old["name"] if old else name,
        "location": body.get("location"),
        "tags": body.get("tags") or {},
        "created": old["created"] if old else now,
        "modified": now,
        "description": properties.get("description"),
        "authMode": spelled(shapes.AUTH_MODES, properties.get("authMode") or "Key"),
        "properties": properties.get("properties") or {},
        "traffic": properties.get("traffic") or {},
        "mirrorTraffic": properties.get("mirrorTraffic") or {},
        "provisioningState": "Creating",
        "keys": old["keys"] if old else fresh,
    }


def check(here: Twin, name: str, body: dict[str, Any], old: Document | None) -> None:
    """What the service refuses at once; none of these texts is recorded. Raises WireFailure."""
    region = here.settings.region
    if not _NAME.fullmatch(name) or len(name) > 32:
        message = (
            f"The endpoint name {name} is invalid: 3 to 32 letters, digits and single dashes, "
            "beginning with a letter."
        )
        raise refused(400, message, "BadArgument", "ArgumentInvalid", region=region)
    if old and here.operations.under_way(old):
        raise refused(409, "Already running method", "Conflict", region=region)
    known = {each["name"].lower() for each in here.store.list("deployment", f"{name}/")}
    traffic = (body.get("properties") or {}).get("traffic") or {}
    for deployment in traffic:
        if deployment.lower() not in known:
            message = f"Traffic names deployment {deployment}, which endpoint {name} does not have."
            raise refused(400, message, "BadArgument", "ArgumentInvalid", region=region)
    if sum(traffic.values()) not in (0, 100):
        message = f"The traffic of endpoint {name} must add up to 0 or 100."
        raise refused(400, message, "BadArgument", "ArgumentInvalid", region=region)


def _here(request: Request) -> str:
    address = f"https://{request.url.hostname}{request.url.path}"
    return f"{address}?api-version={version(request)}"


def version(request: Request) -> str:
    """The api-version a client speaks."""
    return request.query_params.get("api-version", "")


routes = [
    on("endpoint.list", list_),
    on("endpoint.get", get),
    on("endpoint.create", create),
    on("endpoint.delete", delete),
    on("endpoint.keys", keys),
    on("endpoint.token", token),
]
