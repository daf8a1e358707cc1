"""The front door of an endpoint: who may ask, which deployment answers, what is made of it.

424 and 429 with their `ms-azureml-model-error-*` headers as in the Envoy configuration of Azure
ML's inference router; 401 texts as users report them; 200 as in recorded traffic. The texts of
404 and 408 are not known.
"""

from __future__ import annotations

import hmac
import random
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import anyio
from starlette.requests import Request
from starlette.responses import Response

from harness.twin.errors import WireFailure
from harness.twin.routing import on
from harness.twin.serving.instances import Instances, key_of
from harness.twin.serving.plan import seconds
from harness.twin.serving.reply import Headers, Reply, ask
from harness.twin.state import Twin, twin
from harness.twin.store import Document

_draw = random.Random()
_NOT_PASSED = (  # of a request's headers; what belongs to the connection or to the front door
    "authorization",
    "azureml-model-deployment",
    "connection",
    "content-length",
    "expect",
    "host",
    "transfer-encoding",
    "x-request-id",
)
_KEPT = ("content-type", "x-request-id", "traceid")  # of a container's headers, beside x-ms-*


@dataclass  # not frozen: Python writes the traceback into an exception
class FrontDoorError(Exception):
    """An answer the front door gives by itself."""

    status: int
    text: str = ""
    reason: str | None = None  # ms-azureml-model-error-reason


async def score(request: Request) -> Response:
    """POST /score, GET / and GET /swagger.json: ask a container of the right deployment."""
    here, name = twin(request), request.path_params["endpoint"]
    request_id = request.headers.get("x-request-id") or str(uuid.uuid4())
    chosen = None
    try:
        endpoint = _endpoint(here, name)
        _authorize(here, endpoint, request.headers)
        chosen = _deployment(here, endpoint, request.headers.get("azureml-model-deployment"))
        reply = await _forward(here.instances, chosen, request, request_id)
    except FrontDoorError as refused:
        return _refusal(refused, request_id)
    return _answer(reply, chosen["name"], request_id)


def pick(traffic: Mapping[str, int], draw: random.Random) -> str | None:
    """A deployment, drawn by its share of the traffic; None when none has any."""
    names = [name for name, weight in traffic.items() if weight > 0]
    return draw.choices(names, [traffic[name] for name in names])[0] if names else None


def _endpoint(here: Twin, name: str) -> Document:
    found = here.store.get("endpoint", name)
    if found is None:
        raise FrontDoorError(404)  # on Azure the name would not resolve
    return found


def _authorize(here: Twin, endpoint: Document, headers: Mapping[str, str]) -> None:
    """Raises FrontDoorError, 401, unless the request carries a key (or token) of the endpoint."""
    scheme, _, sent = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not sent:
        raise FrontDoorError(401, "key_auth_bad_header_forbidden")
    if endpoint.get("authMode", "Key") == "Key":
        keys = [str(key).encode() for key in endpoint["keys"].values()]
        if not any(hmac.compare_digest(sent.encode(), key) for key in keys):
            raise FrontDoorError(401, "key_auth_access_denied")
        return
    try:
        here.identity.check(headers, ("azureml", "https://ml.azure.com"))
    except WireFailure:
        raise FrontDoorError(401, "token_auth_access_denied") from None


def _deployment(here: Twin, endpoint: Document, asked: str | None) -> Document:
    """The one asked for, or one drawn by traffic. Raises FrontDoorError, 404."""
    name = asked or pick(endpoint.get("traffic") or {}, _draw)
    found = here.store.get("deployment", f"{endpoint['name']}/{name}") if name else None
    if found is None:
        raise FrontDoorError(404)
    return found


async def _forward(
    instances: Instances, deployment: Document, request: Request, request_id: str
) -> Reply:
    """Raises FrontDoorError when there is no room, no container or no time."""
    settings = deployment["requestSettings"]
    body = await request.body()
    headers = [(k, v) for k, v in request.headers.items() if k not in _NOT_PASSED]
    headers.append(("x-request-id", request_id))
    place = deployment["endpoint"], deployment["name"]
    room = _room(instances, deployment, settings["maxConcurrentRequestsPerInstance"])
    with room, instances.lend(*place) as port:
        if port is None:
            raise FrontDoorError(424, reason="model_not_ready")
        try:
            with anyio.fail_after(seconds(settings["requestTimeout"])):
                return await ask(port, request.method, request.url.path, headers, body)
        except TimeoutError:
            raise FrontDoorError(408, "upstream request timeout") from None
        except OSError:
            raise FrontDoorError(424, reason="model_not_ready") from None


@contextmanager
def _room(instances: Instances, deployment: Document, concurrent: int) -> Iterator[None]:
    """A place among the requests under way: twice what the containers can take."""
    endpoint, name = deployment["endpoint"], deployment["name"]
    key, count = key_of(endpoint, name), instances.count(endpoint, name)
    if count and instances.in_flight[key] >= 2 * concurrent * count:
        raise FrontDoorError(429, reason="too_many_pending_request")
    instances.in_flight[key] += 1
    try:
        yield
    finally:
        instances.in_flight[key] -= 1


def _answer(reply: Reply, deployment: str, request_id: str) -> Response:
    known: dict[str, str] = {"server": "azureml-frontdoor"}
    known |= {"azureml-model-deployment": deployment, "azureml-model-session": deployment}
    known |= {"x-request-id": request_id} | _passed(reply.headers)
    status = reply.status
    if status != 200:
        known["ms-azureml-model-error-reason"] = "model_error"
        known["ms-azureml-model-error-statuscode"] = str(status)
        status = 424
    return Response(reply.body, status, known)


def _passed(headers: Headers) -> dict[str, str]:
    return {name: value for name, value in headers if name in _KEPT or name.startswith("x-ms-")}


def _refusal(refused: FrontDoorError, request_id: str) -> Response:
    known = {"server": "azureml-frontdoor", "x-request-id": request_id}
    if refused.reason:
        known["ms-azureml-model-error-reason"] = refused.reason
    return Response(refused.text, refused.status, known, "text/plain")


routes = [
    on("scoring.invoke", score),
    on("scoring.health", score),
    on("scoring.swagger", score),
]
