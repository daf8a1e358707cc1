"""Run documents (kind `run`): a job's root run, its node, its steps, and their states.

Also told to MLflow, so that `runs/search` finds them under Azure's ids and names.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from harness.twin.engine.tracking import STATUS, Tracking
from harness.twin.store import Document, Store

TERMINAL = tuple(STATUS)
_BACKWARDS = (("CancelRequested", "Running"), ("CancelRequested", "Finalizing"))
PIPELINE, NODE, STEP = "azureml.PipelineRun", "azureml.PipelineRun", "azureml.StepRun"

# Codes and texts as recorded from a failed pipeline (azure-ai-ml test suite, Feb 2023).
PARENT_MESSAGE = "Pipeline has some failed steps. See child run or execution logs for more details."


def now() -> str:
    """UTC as the service prints it: seven decimals."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0+00:00")


def envelope(code: str, message: str, region: str, **changes: Any) -> Document:
    """An error as run history nests it."""
    error: Document = {
        "code": code,
        "severity": None,
        "message": message,
        "messageFormat": message,
        "messageParameters": {},
        "referenceCode": None,
        "detailsUri": None,
        "target": None,
        "details": [],
        "innerError": None,
        "debugInfo": None,
        "additionalInfo": None,
    }
    return {
        "error": {**error, **changes},
        "correlation": None,
        "environment": region,
        "location": region,
        "time": now(),
        "componentName": "",
    }


def told(error: Mapping[str, str], region: str) -> Document:
    """A step's error: a broad code, and the particular one within where the service has one."""
    inner = {"code": error["inner"], "innerError": None} if "inner" in error else None
    return envelope(error["code"], error["message"], region, innerError=inner)


def parent_error(region: str) -> Document:
    """What a pipeline says when a step failed: nothing about why."""
    return envelope(
        "ServiceError",
        PARENT_MESSAGE,
        region,
        messageFormat="Pipeline has some failed steps. {0}",
        referenceCode="PipelineHasStepJobFailed",
    )


class Runs:
    """Makes and changes run documents of one twin."""

    def __init__(self, store: Store, tracking: Tracking) -> None:
        self._store = store
        self._tracking = tracking
        self._lock = threading.RLock()  # a cancel comes from another thread than the job's

    def create(
        self,
        name: str,
        root: str,
        parent: str | None,
        *,
        title: str,
        kind: str,
        experiment: str,
        status: str,
        logs: Mapping[str, str],
        **more: Any,
    ) -> None:
        """A run document; `logs` maps log names to blob names."""
        document = {
            "name": name,
            "root": root,
            "parent": parent,
            "title": title,
            "kind": kind,
            "experiment": experiment,
            "status": status,
            "created": now(),
            "started": None,
            "ended": None,
            "error": None,
            "properties": {},
            "tags": {},
            "logs": dict(logs),
            "outputs": {},
        }
        self._store.put("run", name, document | more)

    def get(self, name: str) -> Document:
        """The document. Raises KeyError when there is none."""
        document = self._store.get("run", name)
        if document is None:
            raise KeyError(name)
        return document

    def of(self, root: str) -> list[Document]:
        """All runs of a job, the root first, then in the order they were made."""
        return [run for run in self._store.list("run") if run["root"].lower() == root.lower()]

    def track(self, name: str) -> None:
        """Let MLflow know the run, under the same id."""
        run = self.get(name)
        tags = {
            "mlflow.rootRunId": run["root"],
            "mlflow.user": "twin",
            "mlflow.runName": run["title"],
        }
        if run["parent"]:
            tags["mlflow.parentRunId"] = run["parent"]
        self._tracking.create_run(name, run["experiment"], run["title"], tags)
        self._store.update("run", name, tracked=True)

    def set_status(self, name: str, status: str, **changes: Any) -> None:
        """The next state, with its time; a terminal one stays. Keeps the job's document in step."""
        with self._lock:
            run = self.get(name)
            if run["status"] in TERMINAL or (run["status"], status) in _BACKWARDS:
                return
            if status == "Running" and not run["started"]:
                changes["started"] = now()
            if status in TERMINAL:
                changes["ended"] = now()
            self._store.update("run", name, status=status, **changes)
            if name.lower() == run["root"].lower():
                self._store.update("job", name, status=status)
        if status in TERMINAL and run.get("tracked"):
            self._tracking.end_run(name, status)

    def add_properties(self, name: str, properties: Mapping[str, str]) -> None:
        """Merge properties into a run's."""
        with self._lock:
            merged = self.get(name)["properties"] | dict(properties)
            self._store.update("run", name, properties=merged)

    def set_outputs(self, name: str, outputs: Mapping[str, str]) -> None:
        """Where a run's outputs lie: prefixes of blob names in the workspace's container."""
        run = self._store.update("run", name, outputs=dict(outputs))
        if run and name.lower() == run["root"].lower():
            self._store.update("job", name, resolved_outputs=dict(outputs))
