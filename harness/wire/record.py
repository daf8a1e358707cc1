"""Recording: keep every exchange of a run in memory, bodies and all, until the run went green."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from harness.wire.hook import Send
from harness.wire.message import Message, body_of
from harness.wire.operations import name_of

if TYPE_CHECKING:
    from requests import PreparedRequest, Response
    from requests.adapters import HTTPAdapter

# who asks for a token, and how, is the developer's own affair (a service principal, the az CLI,
# a managed identity) and nothing but secrets: never kept; a replay answers it from nothing
CREDENTIALS = ("identity.token", "login.discover", "login.instances", "login.token")
_OF_THE_CONNECTION = ("content-encoding", "content-length", "transfer-encoding")


class Recorder:
    """Passes requests on and keeps what went over the wire; any thread may send.

    `step` tells the running step, or None between two steps: what is asked then belongs to the
    step before.
    """

    def __init__(self, step: Callable[[], int | None]) -> None:
        self.messages: list[Message] = []
        self._step, self._last = step, 1
        self._lock, self._started = threading.Lock(), time.monotonic()

    def through(
        self,
        send: Send,
        adapter: HTTPAdapter,
        request: PreparedRequest,
        arguments: dict[str, Any],
    ) -> Response:
        """Send, keep the exchange, and hand on a response that can be read as often as needed."""
        from harness.wire.response import response_to  # requests is there once something is asked

        operation = name_of(str(request.method), str(request.url))
        if operation in CREDENTIALS:
            return send(adapter, request, **arguments)
        body, at = body_of(request.body, operation), self._now()
        response = send(adapter, request, **arguments)
        content = response.content
        self._keep(request, operation, body, response, content, at)
        headers = {
            name: value
            for name, value in response.headers.items()
            if name.lower() not in _OF_THE_CONNECTION
        }
        again = response_to(request, response.status_code, response.reason, headers, content)
        again.connection = adapter  # as the adapter itself does
        return again

    def _keep(
        self,
        request: PreparedRequest,
        operation: str | None,
        body: Any,
        response: Response,
        content: bytes,
        at: float,
    ) -> None:
        with self._lock:
            current = self._step()
            self._last = current or self._last
            self.messages.append(
                Message(
                    step=self._last,
                    in_step=current is not None,
                    operation=operation,
                    method=str(request.method),
                    url=str(request.url),
                    headers=dict(request.headers),
                    body=body,
                    status=response.status_code,
                    reason=response.reason or "",
                    answer_headers=dict(response.headers),
                    answer=content,
                    at=at,
                    until=self._now(),
                )
            )

    def _now(self) -> float:
        return time.monotonic() - self._started
