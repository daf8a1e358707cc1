"""Jobs: PUT starts one (Preparing), GET follows it, cancel asks it to stop.

Runs of its steps are in the history service (`history.py`); ARM knows little of them.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from harness.twin import shapes
from harness.twin.asked import body_of, number
from harness.twin.engine.job_body import child_body, job_body
from harness.twin.engine.pipeline import node, version_of
from harness.twin.engine.runs import TERMINAL, now
from harness.twin.errors import WireFailure, refused
from harness.twin.routes.registry import components
from harness.twin.routing import on
from harness.twin.state import Twin, twin
from harness.twin.store import Document

_PAGE = 100


def list_(request: Request) -> Response:
    """GET jobs, newest first; children of pipelines are not among them."""
    here = twin(request)
    asked = (request.query_params.get("jobType") or "Pipeline").lower()
    found = here.store.list("job")[::-1] if asked == "pipeline" else []
    skip = number(request, "$skipToken", 0)
    body: dict[str, Any] = {
        "value": [_body(here, document) for document in found[skip : skip + _PAGE]]
    }
    if len(found) > skip + _PAGE:
        body["nextLink"] = f"{_here(request)}&$skipToken={skip + _PAGE}"
    return JSONResponse(body)


def get(request: Request) -> Response:
    """GET a job; a step's run has an id here and nothing else. 404 JobNotFound."""
    here, name = twin(request), request.path_params["name"]
    document = here.store.get("job", name)
    if document is not None:
        return JSONResponse(_body(here, document))
    run = here.store.get("run", name)
    if run is None:
        raise _unknown(here, name)
    return JSONResponse(child_body(here.settings, run))


async def submit(request: Request) -> Response:
    """PUT: 201 and the job begins; 200 for one that exists, whose tags and name may change."""
    here, name = twin(request), request.path_params["name"]
    asked = (await body_of(request, shapes.JOB))["properties"]
    old = here.store.get("job", name)
    if old is not None:
        changes = ("tags", "displayName", "description", "isArchived")
        sent = old["properties"] | {key: asked[key] for key in changes if key in asked}
        here.store.update("job", name, properties=sent)
        return JSONResponse(_body(here, here.store.get("job", name) or old))
    _check(here, request, asked)
    here.store.put("job", name, _document(name, asked))
    await run_in_threadpool(here.runner.submit, name)
    accepted = here.store.get("job", name) or {}
    body = _body(here, accepted | {"status": "Preparing"})
    return JSONResponse(body, 201, {"Location": _here(request)})


def cancel(request: Request) -> Response:
    """POST: 202 `null` with a Location to poll; 200 when nothing is left to cancel; 400 after."""
    here, name = twin(request), request.path_params["name"]
    document = here.store.get("job", name)
    if document is None:
        raise _unknown(here, name)
    if document["status"] in TERMINAL:
        raise refused(
            400,
            f"The pipeline run {name} is in terminal status, it can't be canceled.",
            "BadArgument",
            "ArgumentInvalid",
            "CancelPipelineRunInTerminalStatus",
            region=here.settings.region,
        )
    if not here.runner.cancel(name):
        return Response(status_code=200)
    headers = {"Location": _result(request, here, name), "x-ms-async-operation-timeout": "PT1H"}
    return JSONResponse(None, 202, headers | here.operations.pace_headers())


def _document(name: str, asked: dict[str, Any]) -> Document:
    return {"name": name, "properties": asked, "status": "Preparing", "created": now()}


def _check(here: Twin, request: Request, asked: dict[str, Any]) -> None:
    """What the service refuses at once: no user token, an unknown component, unknown inputs."""
    region = here.settings.region
    if "x-azureml-token" not in request.headers:
        raise refused(
            400,
            "The request has no x-azureml-token header.",
            "BadArgument",
            "ArgumentInvalid",
            region=region,
        )
    try:
        found = node(asked)
    except ValueError as error:
        raise refused(
            400,
            f"Invalid pipeline job: {error}.",
            "BadArgument",
            "ArgumentInvalid",
            "InvalidPipelineJob",
            region=region,
        ) from None
    spec = _component(here, str(asked["jobs"][found.name].get("componentId")))
    for name in asked["jobs"][found.name].get("inputs") or {}:
        if name not in spec["inputs"]:
            raise _bad_input(region, name, found.name)


def _component(here: Twin, address: str) -> dict[str, Any]:
    """The spec of the component that a node names. Raises WireFailure, 404, as recorded."""
    for asset in components(here.settings):
        if asset.body()["id"].lower() == address.lower():
            spec: dict[str, Any] = asset.properties["componentSpec"]
            return spec
    name = address.partition("/components/")[2].partition("/")[0] or address
    raise refused(
        404,
        f"key: {address}, Message: Not found component {name} (version: {version_of(address)}).",
        code="NotFound",
        region=here.settings.region,
    )


def _bad_input(region: str, name: str, job: str) -> WireFailure:
    return refused(
        400,
        f"Invalid component job since input {name} for component job {job} does not exist.",
        "BadArgument",
        "ArgumentInvalid",
        "InvalidPipelineJob",
        "InvalidComponentJobInput",
        region=region,
    )


def _unknown(here: Twin, name: str) -> WireFailure:
    failure = refused(
        404, f"Job {name} not found.", "NotFound", "JobNotFound", region=here.settings.region
    )
    if isinstance(failure.body, dict):  # it is, for this envelope
        failure.body["error"]["additionalInfo"] += [
            {"type": "MessageFormat", "info": {"value": "Job {jobId} not found."}},
            {"type": "MessageParameters", "info": {"value": {"jobId": name}}},
        ]
    return failure


def _body(here: Twin, document: Document) -> Document:
    return job_body(here.settings, document, here.store.get("run", document["name"]))


def _here(request: Request) -> str:
    version = quote(request.query_params.get("api-version", ""))
    return f"https://{request.url.hostname}{request.url.path}?api-version={version}"


def _result(request: Request, here: Twin, name: str) -> str:
    settings = here.settings
    version = quote(request.query_params.get("api-version", ""))
    return (
        f"https://{request.url.hostname}/subscriptions/{settings.subscription}/providers/"
        f"Microsoft.MachineLearningServices/locations/{settings.region}/mfeOperationResults/"
        f"jc:{settings.workspace_guid}:{name}?api-version={version}"
    )


routes = [
    on("job.list", list_),
    on("job.get", get),
    on("job.submit", submit),
    on("job.cancel", cancel),
]
