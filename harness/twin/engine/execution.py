"""One job on its way: root run, node, five steps, and how they end."""

from __future__ import annotations

import json
import signal
import threading
import traceback
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError
from harness.processes import signal_group_of
from harness.twin.engine.pipeline import Part, node, parts
from harness.twin.engine.places import Places
from harness.twin.engine.processes import lost
from harness.twin.engine.runs import (
    NODE,
    PIPELINE,
    STEP,
    Runs,
    envelope,
    parent_error,
    told,
)
from harness.twin.engine.steps import step as steps
from harness.twin.engine.steps.child import enter
from harness.twin.engine.tracking import Tracking
from harness.twin.settings import Settings
from harness.twin.shortage import CODE, describe, is_shortage, with_code
from harness.twin.warm import Warm

if TYPE_CHECKING:
    from harness.twin.engine.runner import Ends

ROOT_LOG = "logs/azureml/executionlogs.txt"
ROOT_LOGS = (ROOT_LOG, "logs/azureml/stderrlogs.txt", "logs/azureml/stdoutlogs.txt")
STEP_LOG = "user_logs/std_log.txt"
_PATIENCE = 5.0  # seconds a process has between SIGTERM and SIGKILL
# The server is on this machine: when it does not answer, minutes of retries help nobody.
_ENVIRONMENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
_FAULT_STEP = "chat_completion_finetune"  # where a fault strikes when it names no step


class _StepFailedError(HarnessError):
    """A step ended badly; its run says why."""


class _CanceledError(HarnessError):
    """Somebody asked the job to stop."""


class Execution:
    """One job. `run` blocks until it has ended; `cancel` may come from another thread."""

    def __init__(
        self,
        job: Mapping[str, Any],
        settings: Settings,
        runs: Runs,
        places: Places,
        tracking: Tracking,
        warm: Warm,
        ends: Ends | None = None,
    ) -> None:
        self.name = str(job["name"])
        self._properties = job["properties"]
        self._settings = settings
        self._runs = runs
        self._places = places
        self._tracking = tracking
        self._warm = warm
        self._ends = ends
        self._node = node(self._properties)
        self._node_run = str(uuid.uuid4())
        self._parts = [(part, str(uuid.uuid4())) for part in parts(self._node.version)]
        self._notes: list[str] = []
        self._cancel = threading.Event()
        self._ended = threading.Event()
        self._process: BaseProcess | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Make the documents of all runs, so that children can be listed at once."""
        title = self._properties.get("displayName") or self.name
        root_logs = {name: self._places.log_blob(self.name, name) for name in ROOT_LOGS}
        for name in ROOT_LOGS:
            _touch(self._places.log(self.name, name))
        self._create(self.name, None, title, PIPELINE, "Preparing", root_logs)
        self._create(self._node_run, self.name, self._node.name, NODE, "NotStarted", root_logs)
        for part, run in self._parts:
            logs = {STEP_LOG: self._places.log_blob(run, STEP_LOG)}
            compute = self._node.literals.get(part.compute, "serverless")
            self._create(run, self._node_run, part.name, STEP, "NotStarted", logs, compute=compute)

    def run(self) -> None:
        """All steps in turn; every run has a terminal state when this returns, come what may."""
        try:
            self._all_steps()
            self._finish("Completed")
        except _CanceledError:
            self._say("Cancelling pipeline run")
            self._finish("Canceled")
        except _StepFailedError:
            self._finish("Failed", parent_error(self._settings.region))
        except Exception as error:  # ours, not the job's: say so rather than hang the client
            traceback.print_exc()
            code = CODE if is_shortage(error) else "ServiceError"
            message = f"The twin could not run the job: {describe(error)}"
            self._finish("Failed", envelope(code, message, self._settings.region))
        finally:
            self._ended.set()

    def cancel(self) -> None:
        """Ask the job to stop and end the process that runs; returns at once."""
        self._cancel.set()
        self._runs.set_status(self.name, "CancelRequested")
        with self._lock:
            signal_group_of(self._process, signal.SIGTERM)

    def wait(self, seconds: float) -> bool:
        """Whether the job ended within that time."""
        return self._ended.wait(seconds)

    def _create(
        self,
        run: str,
        parent: str | None,
        title: str,
        kind: str,
        status: str,
        logs: dict[str, str],
        **more: Any,
    ) -> None:
        experiment = self._properties.get("experimentName") or "Default"
        self._runs.create(
            run,
            self.name,
            parent,
            title=title,
            kind=kind,
            experiment=experiment,
            status=status,
            logs=logs,
            **more,
        )

    def _all_steps(self) -> None:
        self._open(self.name)
        self._open(self._node_run)
        for part, run in self._parts:
            if self._cancel.is_set():
                raise _CanceledError
            self._say(f"Submitting 1 runs, first five are: {part.name}:{run}")
            self._one_step(part, run)
            self._say(f"Completing processing run id {run}.")
        self._say("Finishing experiment: no runs left and nothing to schedule.")
        self._bind_outputs()

    def _open(self, run: str) -> None:
        self._runs.track(run)
        self._runs.set_status(run, "Running")

    def _one_step(self, part: Part, run: str) -> None:
        self._runs.set_status(run, "Queued")
        step, folder = self._spec(part, run), self._places.work(run)
        steps.write_step(folder, step)
        self._runs.set_status(run, "Preparing")
        self._open(run)
        outcome = self._ended_by_service(part) or self._outcome_of(part, run, folder)
        self._keep(run, part, outcome)
        if outcome.error:
            error = told(outcome.error, self._settings.region)
            self._runs.set_status(run, "Failed", error=error)
            self._say(f"Run {run} ({part.name}) failed: {outcome.error['message']}")
            raise _StepFailedError
        self._runs.set_status(run, "Finalizing")
        self._runs.set_status(run, "Completed")

    def _ended_by_service(self, part: Part) -> steps.Outcome | None:
        """What a fault with a message leaves: no process, only the service's word."""
        ends = self._ends
        if ends is None or not ends.message or ends.state != "Failed" or not self._struck(part):
            return None
        inner = {"inner": ends.code} if ends.code else {}
        return steps.Outcome(error={"code": "UserError", "message": ends.message, **inner})

    def _outcome_of(self, part: Part, run: str, folder: Path) -> steps.Outcome:
        """What the step's process left, or how it was lost."""
        code = self._process_of(part, run, folder)
        if self._cancel.is_set():
            raise _CanceledError
        outcome = steps.read_outcome(folder)
        if outcome is None:
            return lost(part.name, code, self._places.log(run, STEP_LOG))
        return with_code(outcome)

    def _process_of(self, part: Part, run: str, folder: Path) -> int:
        """Run the step's process to its end; its exit code."""
        log = self._places.log(run, STEP_LOG)
        with self._lock:
            if self._cancel.is_set():
                raise _CanceledError
            self._process = self._warm.process(
                enter, str(folder), log=log, env=_ENVIRONMENT, name=part.name
            )
        if self._ends and self._ends.state == "Canceled" and self._struck(part):
            self.cancel()
        self._process.join(_PATIENCE if self._cancel.is_set() else None)
        while self._process.exitcode is None:  # it was asked to end and did not
            signal_group_of(self._process, signal.SIGKILL)
            self._process.join(_PATIENCE)
        return self._process.exitcode

    def _spec(self, part: Part, run: str) -> steps.Step:
        found, missing = self._places.files(part.files, self._node.uris)
        folders = {
            port: str(self._places.output(self._run_of(name), output))
            for port, name, output in part.folders
        }
        fail = self._ends and self._ends.state == "Failed" and self._struck(part)
        url = self._tracking.url()
        return steps.Step(
            name=part.name,
            profile=self._settings.profile,
            literals=self._literals(),
            inputs=found | folders,
            outputs={name: str(self._places.output(run, name)) for name in part.outputs},
            root_log=str(self._places.log(self.name, ROOT_LOG)),
            work=str(self._places.work(run) / "work"),
            tracking=steps.Tracking(url, run, self.name),
            missing=missing,
            fail=f"fault: {part.name} was asked to fail" if fail else None,
            given=self._settings.weights is not None,
        )

    def _literals(self) -> dict[str, str]:
        """Texts as sent; the model's id too, since it ends up in the model's metadata."""
        names = ("mlflow_model_path", "pytorch_model_path")
        ids = {name: uri for name, uri in self._node.uris.items() if name in names}
        return {**self._node.literals, **ids}

    def _struck(self, part: Part) -> bool:
        return part.name == ((self._ends and self._ends.child) or _FAULT_STEP)

    def _run_of(self, name: str) -> str:
        return next(run for part, run in self._parts if part.name == name)

    def _keep(self, run: str, part: Part, outcome: steps.Outcome) -> None:
        """Properties and notes of a step, on its run and on the root."""
        notes = [note for note in outcome.notes if note not in self._notes]
        self._notes += notes
        own, root = dict(outcome.properties), dict(outcome.root_properties)
        if notes:
            own["twin.notes"] = json.dumps(notes)
            root["twin.notes"] = json.dumps(self._notes)
        self._runs.add_properties(run, own)
        self._runs.add_properties(self.name, root)
        if not outcome.error:
            outputs = {name: self._places.prefix(run, name) for name in part.outputs}
            self._runs.set_outputs(run, outputs)

    def _bind_outputs(self) -> None:
        """Outputs of steps that are the node's, and those of the node that are the job's."""
        made = {
            output: self._places.prefix(run, output)
            for part, run in self._parts
            for output in part.outputs
            if output in ("pytorch_model_folder", "mlflow_model_folder")
        }
        resolved = {self._node.bound[name]: made[name] for name in self._node.bound if name in made}
        self._runs.set_outputs(self._node_run, made)
        self._runs.set_outputs(self.name, resolved)

    def _finish(self, status: str, error: dict[str, Any] | None = None) -> None:
        """Steps that never ran stay NotStarted after a failure, and are Canceled by a cancel."""
        with suppress(OSError):
            self._say(f"Pipeline run {self.name} ended: {status}")
        for _, run in self._parts:
            waiting = self._runs.get(run)["status"] == "NotStarted"
            if status == "Canceled" or not waiting:
                self._settle(run, status)
        for run in (self._node_run, self.name):
            self._settle(run, "Finalizing")
            self._settle(run, status, **({"error": error} if error else {}))

    def _settle(self, run: str, status: str, **changes: Any) -> None:
        """A last state is written even when MLflow cannot be told: a client waits for it."""
        try:
            self._runs.set_status(run, status, **changes)
        except Exception:
            traceback.print_exc()

    def _say(self, line: str) -> None:
        with self._places.log(self.name, ROOT_LOG).open("a", encoding="utf-8") as log:
            log.write(f"[{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z] {line}\n")


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
