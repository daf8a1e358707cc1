"""MLflow: what the client of azureml-mlflow asks goes to the real MLflow server, and back."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from harness.twin.engine.tracking import forward
from harness.twin.routing import on
from harness.twin.state import twin

_PASSED = ("content-type", "accept")  # credentials stay here: the server behind asks for none


async def call(request: Request) -> Response:
    """Any REST call, with status and body unchanged."""
    runner, body = twin(request).runner, await request.body()
    headers = {name: request.headers[name] for name in _PASSED if name in request.headers}
    url = await run_in_threadpool(runner.tracking_url)
    status, answer, kind = await run_in_threadpool(
        forward,
        url,
        request.method,
        request.path_params["call"],
        request.url.query,
        body,
        headers,
    )
    return Response(answer, status, media_type=kind or None)


routes = [on("mlflow.call", call)]
