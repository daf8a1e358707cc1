"""Where faults strike: one layer around all handlers, answering in Azure's own error bodies."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any
from xml.sax.saxutils import escape

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.twin.errors import WireFailure, flat, gateway, refused
from harness.twin.faults import Answers, Delay, Dies, Drop, Lost, Refuse
from harness.twin.faults_at_work import Faults
from harness.twin.identity import Identity
from harness.wire.operations import ARM, BLOB, REGION, REGISTRY, SCORING, operation

_AGAIN = (408, 429, 500, 502, 503, 504)  # clients try these again
_TOO_MANY = "Received too many requests in a short amount of time. Retry again after 20 seconds."
_FALLBACKS: dict[int, tuple[str, str]] = {  # status -> code and message, where no fault says
    400: ("BadRequest", "The request is invalid."),
    401: ("InvalidAuthenticationToken", "The access token is invalid."),
    403: (
        "AuthorizationFailed",
        "The client does not have authorization to perform the action or the scope is invalid.",
    ),
    404: ("ResourceNotFound", "The specified resource was not found."),
    409: ("Conflict", "Already running method"),
    429: ("TooManyRequests", _TOO_MANY),
    500: ("InternalServerError", "InternalServerError"),
    502: (
        "BadGatewayConnection",
        "The network connectivity issue encountered for 'Microsoft.MachineLearningServices'; "
        "cannot fulfill the request.",
    ),
    503: ("ServiceUnavailable", "The service is unavailable."),
    504: ("TransientError", "Service invocation timed out."),
}
_BY_ARM_ITSELF = (401, 403, 502, 503)


class Trouble:
    """Applies the faults of `scope["operation"]`; a token that meets 401 has ended for good."""

    def __init__(
        self, app: ASGIApp, faults: Faults, identity: Identity, retry_headers: dict[str, str]
    ) -> None:
        self._app = app
        self._faults, self._identity = faults, identity
        self._retry_headers = retry_headers  # pace fast: clients come back soon

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Die, delay, refuse, answer, lose or drop; otherwise just let it through."""
        name, take = scope.get("operation"), self._faults.take
        if take(Dies, name):
            os.kill(os.getpid(), signal.SIGKILL)
        if delay := take(Delay, name):
            await asyncio.sleep(delay.seconds)
        if refuse := take(Refuse, name):
            if refuse.status == 401:
                self._identity.end(Headers(scope=scope))
            await self._refusal(refuse)(scope, receive, send)
        elif answers := take(Answers, name, _target(scope)):
            response = Response(answers.body, answers.status, media_type="application/json")
            await response(scope, receive, send)
        elif take(Lost, name):
            await self._lose(scope, receive, send)
        elif take(Drop, name):
            await self._app(scope, receive, _Half(send))
        else:
            await self._app(scope, receive, send)

    def _refusal(self, fault: Refuse) -> Response:
        response = refusal(fault).response()
        if fault.status in _AGAIN and fault.paced:
            response.headers.update(self._retry_headers)
        return response

    async def _lose(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def nobody(message: Message) -> None:
            pass

        await self._app(scope, receive, nobody)
        if self._faults.cut is None or not scope.get("client"):
            raise ConnectionAbortedError(f"fault: the answer of {scope['operation']} is lost")
        self._faults.cut(scope["client"][1])
        while (await receive())["type"] != "http.disconnect":
            pass


def _target(scope: Scope) -> str:
    """Path and query."""
    return f"{scope['path']}?{scope.get('query_string', b'').decode('latin-1')}"


class _Half:
    """Sends the first half of a body, then breaks off."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def __call__(self, message: Message) -> None:
        body: bytes = message.get("body", b"")
        if message["type"] == "http.response.start":
            await self._send(message)
            return
        await self._send({**message, "body": body[: len(body) // 2], "more_body": True})
        raise ConnectionAbortedError("fault: the connection is dropped in the middle of the body")


def refusal(fault: Refuse) -> WireFailure:
    """The error answer that the part of Azure behind this operation would give."""
    code, message = _FALLBACKS.get(fault.status, (f"Status{fault.status}", "Refused by a fault."))
    code, message = fault.code or code, fault.message or message
    host = operation(fault.operation).host
    if host == BLOB:
        return _storage(fault.status, code, fault.message or "The request is refused.")
    if host == SCORING:
        return WireFailure(fault.status, message)
    if host == REGION:
        return flat(fault.status, message, code, component="service")
    if host == REGISTRY or (host == ARM and fault.status not in _BY_ARM_ITSELF):
        inner = ("QuotaExceeded", code) if fault.status == 429 else (code,)
        top = "UserError" if fault.status < 500 else "ServiceError"
        return refused(fault.status, message, *inner, code=top)
    cause = "gateway" if fault.status < 500 else "service"
    return gateway(fault.status, code, message, cause)


def _storage(status: int, code: str, message: str) -> WireFailure:
    body = (
        f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{escape(code)}</Code>'
        f"<Message>{escape(message)}</Message></Error>"
    )
    headers: dict[str, Any] = {"x-ms-error-code": code, "content-type": "application/xml"}
    return WireFailure(status, body, headers)
