"""What a request has to pass before a handler sees it: a token of ours, a workspace of ours."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from harness.twin.errors import WireFailure, gateway, not_found_by_arm
from harness.twin.identity import ARM_AUDIENCES, REGION_AUDIENCES
from harness.twin.state import Twin
from harness.wire.operations import name_of

_OPEN = ("cloud.list", "discovery.get", "registry.discover")  # answered without a token
_ARM = "management.azure.com"
_REGION = (".api.azureml.ms", ".experiments.azureml.net")
_VERBS = {"GET": "read", "HEAD": "read", "DELETE": "delete"}
_PARTS = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)"
    r"(?:/resourceGroups/(?P<group>[^/]+)"
    r"(?:/providers/Microsoft\.MachineLearningServices"
    r"/workspaces/(?P<workspace>[^/]+)(?P<rest>/.*)?)?)?",
    re.IGNORECASE,
)


class Door:
    """Names the operation (`scope["operation"]`), checks the token, then the workspace."""

    def __init__(self, app: ASGIApp, twin: Twin) -> None:
        self._app = app
        self._twin = twin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through or answer why not."""
        request, answer = Request(scope), self._app
        scope["operation"] = name_of(request.method, _url(request))
        try:
            self._check(request, scope["operation"])
        except WireFailure as failure:
            answer = failure.response()
        await answer(scope, receive, send)

    def _check(self, request: Request, operation: str | None) -> None:
        host = request.url.hostname or ""
        if operation in _OPEN:
            return
        if host == _ARM:
            self._twin.identity.check(request.headers, ARM_AUDIENCES)
            self._check_place(request)
        elif host.endswith(_REGION):
            self._twin.identity.check(request.headers, REGION_AUDIENCES)

    def _check_place(self, request: Request) -> None:
        """ARM knows one subscription with one group with one workspace."""
        found = _PARTS.match(request.url.path)
        if found is None:
            return
        settings, place = self._twin.settings, found.groupdict()
        if _unlike(place["subscription"], settings.subscription):
            message = f"The subscription '{place['subscription']}' could not be found."
            raise gateway(404, "SubscriptionNotFound", message)
        if _unlike(place["group"], settings.group):
            message = f"Resource group '{place['group']}' could not be found."
            raise gateway(404, "ResourceGroupNotFound", message)
        if _unlike(place["workspace"], settings.workspace):
            raise _no_workspace(request.method, place)


def _no_workspace(method: str, place: dict[str, str]) -> WireFailure:
    """A missing workspace; asked for something inside it, ARM says it is the parent."""
    kinds = (place["rest"] or "").strip("/").split("/")[0::2]
    if not kinds[0]:
        return not_found_by_arm("workspaces", place["workspace"], place["group"])
    parent = (
        f"/subscriptions/{place['subscription']}/resourceGroups/{place['group']}"
        f"/providers/Microsoft.MachineLearningServices/workspaces/{place['workspace']}"
    )
    message = (
        f"Failed to perform '{_VERBS.get(method, 'write')}' on resource(s) of type "
        f"'workspaces/{kinds[0]}', because the parent resource '{parent}' could not be found."
    )
    return gateway(404, "ParentResourceNotFound", message)


def _unlike(asked: str | None, ours: str) -> bool:
    return asked is not None and asked.lower() != ours.lower()


def _url(request: Request) -> str:
    """The address as sent, without the port."""
    query = f"?{request.url.query}" if request.url.query else ""
    path = request.scope.get("raw_path", b"/").decode("latin-1").partition("?")[0]
    return f"https://{request.url.hostname}{path}{query}"
