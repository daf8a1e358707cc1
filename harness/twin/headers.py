"""The headers every answer of a part of Azure carries, in one place.

Sets and values as counted in recorded traffic of the azure-ai-ml test suite (2022 to 2025).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.twin.settings import Settings

_CONTEXT = "appId=cid-v1:2d2e8e63-272e-4b3c-8598-4ee570a0e70d"
_QUOTA = {  # what is left of ARM's allowance: ours never shrinks
    "GET": ("reads", 1099, 16_499),
    "HEAD": ("reads", 1099, 16_499),
    "DELETE": ("deletes", 799, 11_999),
}
_WRITES = ("writes", 799, 11_999)  # listKeys and listSecrets are charged to these too


class CommonHeaders:
    """Adds what a handler did not set itself, by host."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the answer through, dressed."""
        host, started = _host(scope), time.perf_counter()

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_ours(host):
                headers = MutableHeaders(scope=message)
                for name, value in self._common(scope, host, message["status"], headers).items():
                    if name not in headers:
                        headers[name] = value
                headers["x-request-time"] = f"{time.perf_counter() - started:.3f}"
                if headers.get("content-type") == "application/json":
                    headers["content-type"] = "application/json; charset=utf-8"
            await send(message)

        await self._app(scope, receive, dressed)

    def _common(
        self, scope: Scope, host: str, status: int, headers: MutableHeaders
    ) -> dict[str, str]:
        common = {"X-Content-Type-Options": "nosniff"}
        if headers.get("x-ms-failure-cause") != "gateway":  # ARM by itself says less
            common["Request-Context"] = _CONTEXT
            common["x-ms-response-type"] = "standard" if status < 400 else "error"
            common |= self._cluster()
        if status not in (201, 202):
            common["Vary"] = "Accept-Encoding"
        if host == "management.azure.com":
            return common | self._arm(scope)
        return common | {
            "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
            "mise-correlation-id": str(uuid4()),
        }

    def _arm(self, scope: Scope) -> dict[str, str]:
        guid, region = str(uuid4()), self._settings.region.upper()
        return {
            "Cache-Control": "no-cache",
            "Pragma": "no-cache",
            "Expires": "-1",
            "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
            "X-Cache": "CONFIG_NOCACHE",
            "x-ms-correlation-request-id": guid,
            "x-ms-request-id": guid,
            "x-ms-routing-request-id": f"{region}:{datetime.now(UTC):%Y%m%dT%H%M%SZ}:{guid}",
            **_allowance(scope["method"], scope["path"]),
        }

    def _cluster(self) -> dict[str, str]:
        today = self._settings.era == "today"  # the name changed in 2025
        name = "azureml-served-by-cluster" if today else "x-aml-cluster"
        return {name: f"vienna-{self._settings.region}-01"}


def _allowance(method: str, path: str) -> dict[str, str]:
    if method == "PUT" and "/deployments/" in path.lower():
        return {"x-ms-ratelimit-remaining-subscription-resource-requests": "24"}
    word, own, all_of_us = _QUOTA.get(method, _WRITES)
    return {
        f"x-ms-ratelimit-remaining-subscription-{word}": str(own),
        f"x-ms-ratelimit-remaining-subscription-global-{word}": str(all_of_us),
    }


def _is_ours(host: str) -> bool:
    """ARM and the region's services; blobs, scoring and login dress themselves."""
    return host == "management.azure.com" or host.endswith((".azureml.ms", ".azureml.net"))


def _host(scope: Scope) -> str:
    found = next((value for name, value in scope.get("headers", ()) if name == b"host"), b"")
    return str(found.decode("latin-1").partition(":")[0].lower())
