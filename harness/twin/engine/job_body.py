"""A job as ARM shows it. Shapes from recorded traffic of the azure-ai-ml test suite."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.twin.settings import Settings
from harness.twin.store import Document

KIND = "Microsoft.MachineLearningServices/workspaces/jobs"
USER = {"createdBy": "twin", "createdByType": "User"}


def job_body(settings: Settings, document: Document, run: Document | None) -> Document:
    """The resource: what was sent, filled up, with the status and properties of its root run.

    Outputs keep `uri: null`, also when Completed; literal values are text.
    """
    return {
        "id": f"{settings.workspace_id}/jobs/{document['name']}",
        "name": document["name"],
        "type": KIND,
        "properties": _properties(settings, document, run),
        "systemData": {"createdAt": document["created"], **USER},
    }


def child_body(settings: Settings, run: Document) -> Document:
    """A child of a pipeline read through ARM: four keys and no properties."""
    return {
        "id": f"{settings.workspace_id}/jobs/{run['name']}",
        "name": run["name"],
        "type": KIND,
        "systemData": {"createdAt": run["created"], **USER},
    }


def pipeline_properties(sent: Mapping[str, Any], run: Document | None) -> dict[str, str]:
    """The run properties of a pipeline: the service's own, the user's, the steps'."""
    settings = sent.get("settings") or {}
    found = {
        "azureml.DevPlatv2": "true",
        "azureml.DatasetAccessMode": "Asset",
        "azureml.runsource": "azureml.PipelineRun",
        "runSource": "MFE",
        "runType": "HTTP",
        "azureml.parameters": json.dumps(parameters(sent), separators=(",", ":")),
        "azureml.continue_on_step_failure": str(bool(settings.get("continue_on_step_failure"))),
        "azureml.continue_on_failed_optional_input": "True",
        "azureml.pipelineComponent": "pipelinerun",
    }
    if settings.get("force_rerun"):
        found["azureml.enforceRerun"] = "True"
    for key, name in (
        ("default_compute", "azureml.defaultComputeName"),
        ("default_datastore", "azureml.defaultDataStoreName"),
    ):
        if settings.get(key):
            found[name] = str(settings[key]).rpartition("/")[2]
    found |= {key: str(value) for key, value in (sent.get("properties") or {}).items()}
    return found | (_ran(run) if run else {})


def parameters(sent: Mapping[str, Any]) -> dict[str, str]:
    """The literal inputs of the pipeline itself."""
    inputs = sent.get("inputs") or {}
    return {name: item["value"] for name, item in inputs.items() if item.get("value") is not None}


def _properties(settings: Settings, document: Document, run: Document | None) -> Document:
    sent = document["properties"]
    return {
        "description": sent.get("description"),
        "tags": sent.get("tags") or {},
        "properties": pipeline_properties(sent, run),
        "displayName": sent.get("displayName") or document["name"],
        "status": document["status"],
        "experimentName": sent.get("experimentName") or "Default",
        "services": _services(settings, document["name"]),
        "computeId": sent.get("computeId"),
        "isArchived": bool(sent.get("isArchived")),
        "identity": sent.get("identity"),
        "componentId": sent.get("componentId"),
        "notificationSetting": sent.get("notificationSetting"),
        "secretsConfiguration": None,
        "jobType": sent.get("jobType") or "Pipeline",
        "settings": sent.get("settings") or {},
        "jobs": sent.get("jobs") or {},
        "inputs": {name: _input(item) for name, item in (sent.get("inputs") or {}).items()},
        "outputs": {name: _output(item) for name, item in (sent.get("outputs") or {}).items()},
        "sourceJobId": None,
    }


def _ran(run: Document) -> dict[str, str]:
    found = dict(run["properties"])
    if run["started"]:
        state = {"Completed": "Finished", "Failed": "Failed", "Canceled": "Canceled"}
        execution = {
            "StartTime": run["started"],
            "EndTime": run["ended"],
            "Status": state.get(run["status"], "Running"),
        }
        stages = {"Initialization": None, "Execution": execution}
        found["azureml.pipelines.stages"] = json.dumps(stages, separators=(",", ":"))
    return found


def _services(settings: Settings, name: str) -> Document:
    plain = settings.workspace_id.replace("resourceGroups", "resourcegroups").replace(
        "/providers/Microsoft.MachineLearningServices", ""
    )
    endpoints = {
        "Tracking": f"azureml://{settings.region}.api.azureml.ms/mlflow/v1.0"
        f"{settings.workspace_id}?",
        "Studio": f"https://ml.azure.com/runs/{name}?wsid={plain}",
    }
    return {
        kind: {
            "jobServiceType": kind,
            "port": None,
            "endpoint": endpoint,
            "status": None,
            "errorMessage": None,
            "properties": None,
            "nodes": None,
        }
        for kind, endpoint in endpoints.items()
    }


def _input(item: Mapping[str, Any]) -> Document:
    if item.get("jobInputType") == "literal":
        return {"description": None, "jobInputType": "literal", "value": str(item.get("value"))}
    return {
        "description": item.get("description"),
        "uri": item.get("uri"),
        "mode": item.get("mode") or "ReadOnlyMount",
        "jobInputType": item.get("jobInputType"),
    }


def _output(item: Mapping[str, Any]) -> Document:
    return {
        "description": item.get("description"),
        "uri": None,
        "assetName": item.get("assetName"),
        "assetVersion": item.get("assetVersion"),
        "mode": item.get("mode") or "ReadWriteMount",
        "autoDeleteSetting": None,
        "jobOutputType": item.get("jobOutputType"),
    }
