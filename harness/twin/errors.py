"""How Azure says no: three envelopes, each from another part of it.

(a) `gateway`  Azure Resource Manager itself: code and message, nothing else
(b) `refused`  the management front end (assets, jobs, endpoints): the real code in InnerError
(c) `flat`     the services behind `*.api.azureml.ms`: flat, with nulls and a correlation block

Shapes from recorded traffic of the azure-ai-ml test suite.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from harness.errors import HarnessError
from harness.twin.shortage import CODE, describe, is_shortage

Body = dict[str, Any]


class WireFailure(HarnessError):  # noqa: N818  # an answer, not a mistake of ours
    """An answer that is an error: status, body (None is an empty one) and headers."""

    def __init__(
        self, status: int, body: Body | str | None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.body = body
        self.headers = dict(headers or {})
        super().__init__(f"{status} {body}")

    def response(self) -> Response:
        """The answer, ready to send."""
        if isinstance(self.body, dict):
            kind = "application/json; charset=utf-8"
            return Response(json.dumps(self.body), self.status, self.headers, kind)
        return Response(self.body, self.status, self.headers, "text/plain" if self.body else None)


def gateway(status: int, code: str, message: str, cause: str = "gateway") -> WireFailure:
    """Envelope (a). `cause` is `service` when a backend failed: 500, 502, 504."""
    headers = {"x-ms-failure-cause": cause}
    if status >= 500 or status == 429:
        headers["connection"] = "close"
    return WireFailure(status, {"error": {"code": code, "message": message}}, headers)


def refused(
    status: int,
    message: str,
    *inner: str,
    code: str = "UserError",
    details: tuple[str, str] | None = None,
    region: str = "eastus",
) -> WireFailure:
    """Envelope (b). `inner` are the nested codes, outermost first; `details` is (code, message)."""
    detail = [_detail(*details)] if details else []
    info: dict[str, Any] = {
        "ComponentName": "managementfrontend",
        "Correlation": _correlation(),
        "Environment": region,
        "Location": region,
        "Time": _now(),
    }
    if inner:
        info["InnerError"] = _nested(inner)
    extra = [{"type": name, "info": {"value": value}} for name, value in info.items()]
    error = {"code": code, "message": message, "details": detail, "additionalInfo": extra}
    headers = {"x-ms-response-type": "error"}
    if status >= 500 or status == 429:
        headers["connection"] = "close"
    return WireFailure(status, {"error": error}, headers)


def flat(
    status: int,
    message: str,
    *inner: str,
    component: str,
    parameters: Mapping[str, str] | None = None,
    region: str = "eastus",
) -> WireFailure:
    """Envelope (c). `message` may hold `{name}`s, filled from `parameters`."""
    values = dict(parameters or {})
    error: Body = {
        "code": "UserError" if status < 500 else "ServiceError",
        "severity": None,
        "message": message.format_map(values) if values else message,
        "messageFormat": message,
        "messageParameters": values,
        "referenceCode": None,
        "detailsUri": None,
        "target": None,
        "details": [],
        "innerError": _nested(inner) if inner else None,
        "debugInfo": None,
        "additionalInfo": None,
    }
    body = {
        "error": error,
        "correlation": _correlation(),
        "environment": region,
        "location": region,
        "time": _now(),
        "componentName": component,
        "statusCode": status,
    }
    return WireFailure(status, body, {"x-ms-response-type": "error"})


def not_found_by_arm(kind: str, name: str, group: str) -> WireFailure:
    """404 of ARM for a resource it has never heard of; `kind` is like `workspaces`."""
    return gateway(
        404,
        "ResourceNotFound",
        f"The Resource 'Microsoft.MachineLearningServices/{kind}/{name}' under resource group "
        f"'{group}' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix",
    )


def empty_not_found() -> WireFailure:
    """404 of an unknown compute: no body at all, and `standard` as if nothing were wrong."""
    return WireFailure(404, None, {"x-ms-response-type": "standard"})


def failure_response(request: Request, error: Exception) -> Response:
    """The exception handler for WireFailure."""
    return cast("WireFailure", error).response()


def unserved_response(request: Request, error: Exception) -> Response:
    """The exception handler for a request that no route answers: 501 at once, never a hang."""
    if isinstance(error, HTTPException) and error.status_code not in (404, 405):
        return Response(error.detail, error.status_code, error.headers)
    asked = f"{request.method} https://{request.url.hostname}{request.url.path}"
    message = (
        f"The twin does not serve {asked}. Declare the operation in harness/wire/operations.py "
        f"and add its handler to harness/twin/routes/{_module(request.url.path)}.py."
    )
    return WireFailure(501, {"error": {"code": "NotServedByTwin", "message": message}}).response()


def bug_response(request: Request, error: Exception) -> Response:
    """The exception handler for our own mistakes: 501, because clients retry a 500 for minutes."""
    code = CODE if is_shortage(error) else "TwinFailed"
    what = describe(error) if is_shortage(error) else repr(error)
    message = f"The twin failed on this request: {what}. Its stderr has the traceback."
    return WireFailure(501, {"error": {"code": code, "message": message}}).response()


_MODULES = {  # the first that the path contains; children before their parents
    "deployments": "deployments",
    "onlineEndpoints": "endpoints",
    "computes": "computes",
    "vmSizes": "computes",
    "datastores": "datastores",
    "registries": "registry",
    "models": "models",
    "jobs": "jobs",
    "history": "history",
    "mlflow": "mlflow",
    "OperationsStatus": "operations",
    "OperationResults": "operations",
    "workspaces": "workspace",
    "score": "scoring",
}


def _module(path: str) -> str:
    hits = (module for word, module in _MODULES.items() if re.search(word, path, re.I))
    return next(hits, "<resource>")


def _detail(code: str, message: str) -> Body:
    return {"code": code, "message": message, "details": [], "additionalInfo": []}


def _nested(codes: tuple[str, ...]) -> Body | None:
    """Codes as a chain of innerError, ending in null."""
    if not codes:
        return None
    return {"code": codes[0], "innerError": _nested(codes[1:])}


def _correlation() -> dict[str, str]:
    return {"operation": secrets.token_hex(16), "request": secrets.token_hex(8)}


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "0+00:00")  # seven decimals, as .NET
