"""Runs submitted jobs: a thread a job, a real process a step, one step after another."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

from harness.twin.engine.execution import Execution
from harness.twin.engine.places import Places
from harness.twin.engine.runs import TERMINAL, Runs, envelope
from harness.twin.engine.tracking import Tracking
from harness.twin.settings import Settings
from harness.twin.store import Store
from harness.twin.warm import Warm

if TYPE_CHECKING:
    from harness.twin.blob_store import BlobStore


class Ends(Protocol):
    """How a job is to end, when a fault asks for it."""

    @property
    def state(self) -> str: ...  # noqa: D102  # "Failed" or "Canceled"

    @property
    def child(self) -> str | None: ...  # noqa: D102  # the step where

    @property
    def code(self) -> str | None: ...  # noqa: D102  # the service's, where it is who ends it

    @property
    def message(self) -> str | None: ...  # noqa: D102  # likewise


class Endings(Protocol):
    """What the runner asks of the twin's faults."""

    def ends(self, name: str) -> Ends | None: ...  # noqa: D102  # its class says it


class Runner:
    """The jobs of one twin. Lives in the twin's server process and imports no torch."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        blobs: BlobStore,
        warm: Warm,
        faults: Endings | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._warm = warm
        self._faults = faults
        self._places = Places(settings, store, blobs)
        artifacts = (
            f"azureml://{settings.region}.api.azureml.ms/history/v1.0{settings.workspace_id}"
        )
        self._tracking = Tracking(settings.state / "tracking", warm, artifacts)
        self._runs = Runs(store, self._tracking)
        self._executions: dict[str, Execution] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin starting the tracking server, which else waits for the first job; returns at once.

        The warm process has to be under way.
        """
        self._tracking.start()

    def recover(self) -> None:
        """Fail lost jobs: one that ran when the twin last died has no process any more."""
        error = envelope(
            "ServiceError", "The twin was stopped while this ran.", self._settings.region
        )
        for run in self._store.list("run"):
            if run["status"] not in TERMINAL:
                self._store.update("run", run["name"], tracked=False)
                self._runs.set_status(run["name"], "Failed", error=error)

    def submit(self, job: str) -> None:
        """Start the job whose document is in the store; returns at once.

        The root run exists when this returns. Raises KeyError when there is no such document.
        """
        document = self._store.get("job", job)
        if document is None:
            raise KeyError(job)
        ends = self._faults.ends("job.submit") if self._faults else None
        execution = Execution(
            document, self._settings, self._runs, self._places, self._tracking, self._warm, ends
        )
        execution.prepare()
        with self._lock:
            self._executions[job.lower()] = execution
        threading.Thread(target=self._run, args=(execution,), name=f"job {job}").start()

    def cancel(self, job: str) -> bool:
        """Ask the job to stop; False when there is nothing to stop (unknown or already ended)."""
        with self._lock:
            execution = self._executions.get(job.lower())
        if execution is None or self._runs.get(job)["status"] in TERMINAL:
            return False
        execution.cancel()
        return True

    def close(self) -> None:
        """Stop every job (they end Canceled) and the tracking server."""
        with self._lock:
            running = list(self._executions.values())
        for execution in running:
            execution.cancel()
        for execution in running:
            execution.wait(10)
        self._tracking.close()

    def tracking_url(self) -> str:
        """Where the MLflow server answers; waits until it does. Raises TrackingError."""
        return self._tracking.url()

    def tracking_pid(self) -> int | None:
        """The process of the MLflow server, None before it was started."""
        return self._tracking.pid

    def runs_of(self, root: str) -> list[dict[str, Any]]:
        """All run documents of a job, the root first."""
        return self._runs.of(root)

    def _run(self, execution: Execution) -> None:
        try:
            execution.run()
        finally:
            with self._lock:
                self._executions.pop(execution.name.lower(), None)
