"""The `runDefinition` in a run's details: PascalCase keys and numbers for enums, as recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.twin.store import Document

# The numbers that recordings show; of the other types none was ever seen, so their text is sent.
_INPUT_NUMBERS = {"literal": 2, "uri_folder": 4}
_OUTPUT_NUMBERS = {"uri_folder": 3}
_MODE_NUMBERS = {"ReadOnlyMount": 0, "ReadWriteMount": 0, "Upload": 1}


def definition(run: Document, job: Document) -> Document:
    """Of a pipeline, from what was submitted."""
    sent = job["properties"]
    return {
        "JobType": "Pipeline",
        "PipelineJobType": "AzureML",
        "Pipeline": None,
        "ComputeId": None,
        "RunId": None,
        "Settings": sent.get("settings") or {},
        "ComponentJobs": None,
        "Inputs": {key: _input(item) for key, item in (sent.get("inputs") or {}).items()},
        "Outputs": {key: _output(item) for key, item in (sent.get("outputs") or {}).items()},
        "Bindings": None,
        "Jobs": sent.get("jobs") or {},
        "SourceJobId": None,
        "ProvisioningState": "Succeeded",
        "ParentJobName": None,
        "DisplayName": run["title"],
        "ExperimentName": run["experiment"],
        "Status": "NotStarted",
        "InteractionEndpoints": None,
        "Identity": None,
        "Compute": None,
        "Priority": None,
        "Output": None,
        "IsArchived": False,
        "Schedule": None,
        "ComponentId": None,
        "NotificationSetting": None,
        "Description": sent.get("description"),
        "Tags": sent.get("tags") or {},
        "Properties": {},
    }


def _input(item: Mapping[str, Any]) -> Document:
    kind = item.get("jobInputType")
    number = _INPUT_NUMBERS.get(str(kind), kind)
    if kind == "literal":
        return {"JobInputType": number, "Value": item.get("value"), "Description": None}
    mode = _MODE_NUMBERS.get(item.get("mode") or "ReadOnlyMount", 0)
    return {"JobInputType": number, "Uri": item.get("uri"), "Mode": mode, "Description": None}


def _output(item: Mapping[str, Any]) -> Document:
    kind = item.get("jobOutputType")
    return {
        "JobOutputType": _OUTPUT_NUMBERS.get(str(kind), kind),
        "Uri": None,
        "Mode": _MODE_NUMBERS.get(item.get("mode") or "ReadWriteMount", 0),
        "AssetName": item.get("assetName"),
        "AssetVersion": item.get("assetVersion"),
        "Description": None,
        "AutoDeleteSetting": None,
    }
