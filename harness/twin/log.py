"""One line a request on stderr, for whoever started the twin with --verbose."""

from __future__ import annotations

import sys
import time

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Log:
    """Prints status, milliseconds, operation and address."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through and say how it went."""
        started, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            took = (time.perf_counter() - started) * 1000
            asked = Request(scope)
            name = scope.get("operation") or "-"
            where = f"{asked.method} {asked.url.hostname}{asked.url.path}"
            sys.stderr.write(f"{status or 'cut'} {took:6.1f} ms {name} {where}\n")
