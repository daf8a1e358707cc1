"""Run history: what jobs.stream polls, a job's children, and where outputs and logs lie."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from harness.twin import shapes
from harness.twin.asked import body_of
from harness.twin.engine.run_body import details as details_body
from harness.twin.engine.run_body import run_body
from harness.twin.errors import WireFailure, flat
from harness.twin.routing import on
from harness.twin.state import Twin, twin
from harness.twin.store import Document

_ASSET = re.compile(r".*/data/azureml_(.+)_output_data_(.+)/versions/[^/]+$")


def details(request: Request) -> Response:
    """GET a run with its error, and signed URLs of its logs."""
    here = twin(request)
    run = _run(here, request.path_params["name"])
    container = here.blobs.artifact_container
    logs = {name: here.blobs.signed_url(container, blob) for name, blob in run["logs"].items()}
    return JSONResponse(details_body(here.settings, run, _job(here, run), logs))


def get(request: Request) -> Response:
    """GET a run."""
    here = twin(request)
    return JSONResponse(_body(here, _run(here, request.path_params["name"])))


def children(request: Request) -> Response:
    """GET the runs right below one, in the order they were made."""
    here = twin(request)
    parent = _run(here, request.path_params["name"])["name"]
    found = [run for run in here.store.list("run") if run["parent"] == parent]
    return JSONResponse({"value": [_body(here, run) for run in found]})


async def data(request: Request) -> Response:
    """POST {"runId"}: its metadata, with the asset ids of its outputs."""
    here, asked = twin(request), await body_of(request, shapes.RUN_DATA)
    run = _run(here, str(asked.get("runId")))
    answer = {
        "runMetadata": _body(here, run),
        "runDefinition": None,
        "jobSpecification": None,
        "systemSettings": None,
    }
    return JSONResponse(answer)


def artifacts(request: Request) -> Response:
    """GET the files of a run, its logs."""
    here = twin(request)
    run = _run(here, request.path_params["name"])
    prefix = request.query_params.get("path") or ""
    files = [
        {
            "artifactId": f"ExperimentRun/dcid.{run['name']}/{name}",
            "origin": "ExperimentRun",
            "container": f"dcid.{run['name']}",
            "path": name,
            "etag": None,
            "createdTime": run["created"],
            "dataPath": None,
            "tags": {},
        }
        for name in run["logs"]
        if name.startswith(prefix)
    ]
    return JSONResponse({"value": files, "continuationToken": None, "nextLink": None})


async def resolve(request: Request) -> Response:
    """POST {"values": [asset id]}: where each lies; unknown ones are left out."""
    here, asked = twin(request), await body_of(request, shapes.RESOLVE)
    found: dict[str, Any] = {}
    for asset in asked.get("values") or []:
        uri = _uri(here, str(asset))
        if uri:
            found[asset] = {"uri": uri, "type": "UriFolder", "legacyDatasetType": None}
    return JSONResponse({"values": found})


def _uri(here: Twin, asset: str) -> str | None:
    named = _ASSET.match(asset)
    run = here.store.get("run", named.group(1)) if named else None
    prefix = run["outputs"].get(named.group(2)) if run and named else None
    if prefix is None:
        return None
    settings = here.settings
    return (
        f"azureml://subscriptions/{settings.subscription}/resourcegroups/{settings.group}"
        f"/workspaces/{settings.workspace}/datastores/workspaceblobstore/paths/{prefix}/"
    )


def _body(here: Twin, run: Document) -> Document:
    return run_body(here.settings, run, _job(here, run))


def _job(here: Twin, run: Document) -> Document:
    return here.store.get("job", run["root"]) or {"properties": {}}


def _run(here: Twin, name: str) -> Document:
    run = here.store.get("run", name)
    if run is None:
        raise _unknown(name, here.settings.region)
    return run


def _unknown(name: str, region: str) -> WireFailure:
    return flat(
        404,
        "Run {runId} was not found",
        "NotFoundError",
        component="run-history",
        parameters={"runId": f"runId={name}"},  # twice, as the service says it
        region=region,
    )


routes = [
    on("run.details", details),
    on("run.children", children),
    on("run.get", get),
    on("run.data", data),
    on("run.artifacts", artifacts),
    on("data.resolve", resolve),
]
