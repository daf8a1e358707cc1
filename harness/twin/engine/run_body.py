"""A run as the history service shows it. Shapes from recorded traffic of the azure-ai-ml tests.

Two shapes: `details` (what jobs.stream polls) and `run` (children, rundata, run itself).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from harness.twin.engine.job_body import parameters, pipeline_properties
from harness.twin.engine.run_definition import definition
from harness.twin.engine.runs import STEP
from harness.twin.settings import Settings
from harness.twin.store import Document

_DETAILS = (
    "runId",
    "runUuid",
    "parentRunUuid",
    "rootRunUuid",
    "target",
    "status",
    "parentRunId",
    "dataContainerId",
    "createdTimeUtc",
    "startTimeUtc",
    "endTimeUtc",
    "error",
    "warnings",
    "tags",
    "properties",
    "parameters",
    "services",
    "inputDatasets",
    "outputDatasets",
    "runDefinition",
    "logFiles",
    "jobCost",
    "revision",
    "runTypeV2",
    "settings",
    "computeRequest",
    "compute",
    "createdBy",
    "computeDuration",
    "effectiveStartTimeUtc",
    "runNumber",
    "rootRunId",
    "userId",
    "statusRevision",
    "currentComputeTime",
    "lastStartTimeUtc",
    "lastModifiedBy",
    "lastModifiedUtc",
    "duration",
    "inputs",
    "outputs",
    "currentAttemptId",
)


def details(
    settings: Settings, run: Document, job: Document, log_files: Mapping[str, str]
) -> Document:
    """What GET .../runs/NAME/details answers; `log_files` are name -> signed URL."""
    body = _shared(settings, run, job)
    pipeline = run["kind"] != STEP
    extra = {
        "createdTimeUtc": run["created"],
        "runDefinition": definition(run, job) if pipeline else None,
        "logFiles": dict(log_files),
        "jobCost": dict.fromkeys(
            (
                "chargedCpuCoreSeconds",
                "chargedCpuMemoryMegabyteSeconds",
                "chargedGpuSeconds",
                "chargedNodeUtilizationSeconds",
            )
        ),
    }
    body |= extra
    return {name: body.get(name) for name in _DETAILS}


def run_body(settings: Settings, run: Document, job: Document) -> Document:
    """A run's metadata: GET .../runs/NAME, .../children, and runMetadata of rundata."""
    body = _shared(settings, run, job)
    stop = (
        f"https://{settings.region}.api.azureml.ms/studioservice/apiv2"
        f"{settings.workspace_id}/runs/{run['name']}/Cancel"
    )
    return {
        **body,
        "createdUtc": run["created"],
        "token": None,
        "tokenExpiryTimeUtc": None,
        "cancelationReason": None,
        "experimentId": _guid(settings, "experiment/" + run["experiment"]),
        "scheduleId": None,
        "displayName": run["title"],
        "name": run["title"],
        "description": None,
        "hidden": False,
        "runType": run["kind"],
        "actionUris": {"Cancel": stop},
        "scriptName": None,
        "uniqueChildRunComputeTargets": [],
        "runDefinition": None,
        "jobSpecification": None,
        "primaryMetricName": None,
        "createdFrom": None,
        "cancelUri": stop,
        "completeUri": None,
        "diagnosticsUri": None,
        "retainForLifetimeOfWorkspace": None,
        "queueingInfo": None,
    }


def asset_id(settings: Settings, run: str, output: str) -> str:
    """The data asset that stands for an output."""
    return (
        f"azureml://locations/{settings.region}/workspaces/{settings.workspace_guid}"
        f"/data/azureml_{run}_output_data_{output}/versions/1"
    )


def _shared(settings: Settings, run: Document, job: Document) -> Document:
    """What both shapes have: names, times, people, and what the run does."""
    step = run["kind"] == STEP
    target = run.get("compute")
    return {
        **_names(settings, run),
        **_times(run),
        **_people(settings),
        "target": target,
        "status": run["status"],
        "error": run["error"],
        "warnings": None,
        "tags": run["tags"],
        "properties": _properties(run, job),
        "parameters": {} if step else parameters(job["properties"]),
        "services": {},
        "inputDatasets": [],
        "outputDatasets": [],
        "revision": 8,
        "statusRevision": 100 if run["ended"] else 1,
        "runTypeV2": _type(run, step),
        "settings": {},
        "computeRequest": {"nodeCount": 1, "gpuCount": 0} if step else None,
        "compute": {"target": target, "targetType": "amlcompute"} if step else None,
        "currentAttemptId": 1 if step else None,
        "inputs": {},
        "outputs": _outputs(settings, run),
    }


def _names(settings: Settings, run: Document) -> Document:
    return {
        "runId": run["name"],
        "runUuid": _guid(settings, run["name"]),
        "parentRunUuid": _guid(settings, run["parent"]) if run["parent"] else None,
        "rootRunUuid": _guid(settings, run["root"]),
        "rootRunId": run["root"],
        "parentRunId": run["parent"],
        "dataContainerId": f"dcid.{run['name']}",
        "runNumber": int(datetime.fromisoformat(run["created"][:19]).timestamp()),
    }


def _times(run: Document) -> Document:
    lasted = _duration(run)
    return {
        "startTimeUtc": run["started"],
        "endTimeUtc": run["ended"],
        "lastModifiedUtc": run["ended"] or run["started"] or run["created"],
        "computeDuration": lasted,
        "duration": lasted,
        "effectiveStartTimeUtc": None,
        "currentComputeTime": None,
        "lastStartTimeUtc": None,
    }


def _people(settings: Settings) -> Document:
    who = _user(settings)
    return {"createdBy": who, "lastModifiedBy": who, "userId": _guid(settings, "user")}


def _properties(run: Document, job: Document) -> dict[str, str]:
    if run["parent"] is None:
        return pipeline_properties(job["properties"], run)
    found = {
        "azureml.DevPlatv2": "true",
        "azureml.DatasetAccessMode": "Asset",
        "azureml.runsource": run["kind"],
        "azureml.moduleName": run["title"],
        "azureml.pipelinerunid": run["root"],
        "azureml.pipeline": run["root"],
        "azureml.nodeid": run["name"].replace("-", "")[:8],
        "azureml.isreused": "false",
    }
    return found | dict(run["properties"])


def _type(run: Document, step: bool) -> Document:
    traits = ["azureml.StepRun"] if step else ["azureml.PipelineRun", "MFE", "HTTP", "DevPlatv2"]
    return {
        "orchestrator": "Execution" if step else "Pipeline",
        "traits": traits,
        "attribution": "Aether" if step else None,
        "computeType": "AmlcTrain" if step else None,
    }


def _outputs(settings: Settings, run: Document) -> Document | None:
    """Every output is a folder here: the service's lookup of model outputs was never recorded."""
    names = run["outputs"]
    found = {
        name: {"assetId": asset_id(settings, run["name"], name), "type": "UriFolder"}
        for name in names
    }
    return found or None


def _user(settings: Settings) -> Document:
    tenant = _guid(settings, "tenant")
    return {
        "userObjectId": _guid(settings, "user"),
        "userPuId": None,
        "userIdp": None,
        "userAltSecId": None,
        "userIss": f"https://sts.windows.net/{tenant}/",
        "userTenantId": tenant,
        "userName": "twin",
        "upn": None,
    }


def _duration(run: Document) -> str | None:
    """As a .NET TimeSpan; null while the run goes on."""
    if not run["started"] or not run["ended"]:
        return None
    start, end = (datetime.fromisoformat(run[key][:26]) for key in ("started", "ended"))
    seconds = (end - start).total_seconds()
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    return f"{int(hours):02}:{int(minutes):02}:{rest:010.7f}"


def _guid(settings: Settings, name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"{settings.workspace_id}/{name}".lower()))
