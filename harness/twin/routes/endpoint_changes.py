"""Changes of an endpoint that are no PUT: PATCH of its tags, and new keys.

Recorded once each (June 2022), and odd: both answer 202 `null` with a Location and no
Azure-AsyncOperation, a PATCH is done after 11 s, and the Location of new keys leads nowhere.
"""

from __future__ import annotations

import secrets
import time
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from harness.twin import shapes
from harness.twin.asked import body_of, spelled
from harness.twin.errors import refused
from harness.twin.routes.endpoints import asked, check, version
from harness.twin.routing import on
from harness.twin.state import twin
from harness.twin.store import Document


async def update(request: Request) -> Response:
    """PATCH: what it names is changed at once, what it leaves out stays.

    The SDK's body has tags and identity; an older one (2022-02-01-preview) has traffic as well. The
    identity of a twin's endpoint is always its own, so that one is accepted and changes nothing.
    """
    here, document = twin(request), asked(request)
    body = await body_of(request, shapes.ENDPOINT_CHANGE)
    check(here, document["name"], body, document)
    here.store.update("endpoint", document["name"], **_changes(body), modified=time.time())
    operation = here.operations.begin("endpoint.change", "endpoint", document["name"])
    headers = here.operations.headers(operation, version(request), result=True)
    del headers["Azure-AsyncOperation"]
    return JSONResponse(None, 202, headers)


async def regenerate(request: Request) -> Response:
    """POST regenerateKeys: the named key is another from now on, and the old one opens nothing.

    The Location leads to no operation, as recorded: a client that follows it gets a 404 though all
    went well. `keyValue` is not followed: the SDK sends the key that is to be replaced.
    """
    here, document = twin(request), asked(request)
    kind = (await body_of(request, shapes.NEW_KEY))["keyType"]
    if document["authMode"] != "Key":
        message = f"Endpoint {document['name']} does not use keys for authentication."
        raise refused(400, message, "BadArgument", region=here.settings.region)
    name = spelled(shapes.KEY_TYPES, kind).lower()
    keys = document["keys"] | {name: secrets.token_urlsafe(24)}
    here.store.update("endpoint", document["name"], keys=keys)
    nowhere = f"oeidp:{here.settings.workspace_guid}:{uuid4()}"
    location = here.operations.result_address(nowhere, version(request))
    return JSONResponse(None, 202, {"Location": location} | here.operations.pace_headers())


def _changes(body: Document) -> dict[str, Any]:
    properties = body.get("properties") or {}
    named = {"tags": body.get("tags")}
    named |= {key: properties.get(key) for key in ("description", "traffic", "mirrorTraffic")}
    return {key: value for key, value in named.items() if value is not None}


routes = [
    on("endpoint.update", update),
    on("endpoint.regenerate", regenerate),
]
