"""Long-running operations as a client polls them: Updating or InProgress, then how it ended."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from harness.twin.errors import WireFailure, gateway, refused
from harness.twin.lifecycle import Running
from harness.twin.routing import on
from harness.twin.state import Twin, twin

_ENDED = ("Completed", "Failed", "Canceled")


def compute(request: Request) -> Response:
    """Poll of a cluster's operation: {"status": ...} and nothing else."""
    running = twin(request).operations.poll(request.path_params["id"])
    if running is None:
        raise gateway(404, "NotFound", "The operation was not found.")
    return _answer(request, running, "computeOperationsStatus")


def status(request: Request) -> Response:
    """Poll of an endpoint's or deployment's operation. A failed one is HTTP 200 too."""
    running = twin(request).operations.poll(request.path_params["id"])
    if running is None:
        raise _unknown(request)
    return _answer(request, running, "mfeOperationsStatus")


def result(request: Request) -> Response:
    """The other address of an operation: 202 while it runs, then 200 (a job's cancel: no body)."""
    name = request.path_params["id"]
    if name.startswith("jc:"):
        return _cancel(request, name.rpartition(":")[2])
    running = twin(request).operations.poll(name)
    if running is None:
        raise _unknown(request)
    answer = _answer(request, running, "mfeOperationResults")
    answer.status_code = 200 if running.outcome else 202
    return answer


def _answer(request: Request, running: Running, segment: str) -> Response:
    operations = twin(request).operations
    version = request.query_params.get("api-version", "")
    headers = {} if running.outcome else operations.pace_headers()
    return JSONResponse(operations.body(running, segment, version), headers=headers)


def _cancel(request: Request, job: str) -> Response:
    """202 `{}` with the same Location until the job has come to an end, then 200 without a body."""
    here: Twin = twin(request)
    body = here.store.get("job", job)
    if body is None:
        raise _unknown(request)
    if body.get("status") in _ENDED:
        return Response(status_code=200)
    headers = {"Location": str(request.url)} | here.operations.pace_headers()
    return JSONResponse({}, 202, headers)


def _unknown(request: Request) -> WireFailure:
    return refused(
        404,
        "The specified resource was not found.",
        code="NotFound",
        details=(
            "OperationNotFound",
            f"There is no operation with id {request.path_params['id'].rpartition(':')[2]}",
        ),
        region=twin(request).settings.region,
    )


routes = [
    on("compute.poll", compute),
    on("operation.poll", status),
    on("operation.result", result),
]
