"""MLflow tracking: the real server over sqlite in a process of its own, and calls to it.

Figures (2 cores, mlflow 3.17.2): the server's import is 0.8 CPU s on top of the warm process
(2.4 s without it). A new sqlite store migrates through 60 revisions in 1.5-1.9 s, and
SQLAlchemy 2.1 cannot `create_all` MLflow's models (one index comes out empty), so the migrated,
empty file is kept beside the environment and copied: 0.04 s. MLflow refuses the file store by
default and may drop it, so it was not considered.
Azure's run id is the job's name while MLflow draws one; see `tracking_server.RunNames`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import requests

from harness.errors import HarnessError
from harness.twin.engine.tracking_server import RUN_ID_TAG, serve
from harness.twin.warm import Warm

PATIENCE = 60.0  # seconds for the server to come up, on a busy machine
_SESSION = requests.Session()
_SESSION.trust_env = False  # never through the twin's own proxy

STATUS = {"Completed": "FINISHED", "Failed": "FAILED", "Canceled": "KILLED"}


class TrackingError(HarnessError):
    """The tracking server did not start, or refused a call of ours."""


class Tracking:
    """The tracking server of one twin: started once, ended with the twin."""

    def __init__(self, folder: Path, warm: Warm, artifacts: str) -> None:
        self._folder = folder
        self._warm = warm
        self._artifacts = artifacts  # the URI under which clients look for a run's artifacts
        self._lock = threading.Lock()
        self._process: BaseProcess | None = None
        self._closed = False
        self._url: str | None = None

    def start(self) -> None:
        """Begin starting the server in the background; returns at once."""
        threading.Thread(target=self._begin, name="tracking", daemon=True).start()

    def url(self) -> str:
        """The server's address; waits until it answers.

        Raises TrackingError when it does not come up; its log says why.
        """
        with self._lock:
            if self._url is None:
                self._url = self._started()
            return self._url

    def close(self) -> None:
        """End the server; what was tracked stays in its sqlite file."""
        self._closed = True  # a start that is under way ends its process itself
        if self._process is not None:
            self._process.terminate()
            self._process.join(5)

    @property
    def pid(self) -> int | None:
        """The server's process, None before it was started."""
        return self._process.pid if self._process else None

    def create_run(self, name: str, experiment: str, title: str, tags: Mapping[str, str]) -> None:
        """A run whose id is `name`, in the experiment of that name (made when missing)."""
        body = {
            "experiment_id": self._experiment(experiment),
            "start_time": _now(),
            "run_name": title,
            "tags": [{"key": k, "value": v} for k, v in {**tags, RUN_ID_TAG: name}.items()],
        }
        self._post("runs/create", body)

    def end_run(self, name: str, status: str) -> None:
        """Close the run with the MLflow word for an Azure status."""
        self._post("runs/update", {"run_id": name, "status": STATUS[status], "end_time": _now()})

    def set_tag(self, name: str, key: str, value: str) -> None:
        """A tag on a run; MLflow takes 8,000 characters."""
        self._post("runs/set-tag", {"run_id": name, "key": key, "value": value[:8000]})

    def _begin(self) -> None:
        with suppress(TrackingError):  # whoever needs the server next gets the error
            self.url()

    def _experiment(self, name: str) -> str:
        answer = _SESSION.get(
            f"{self.url()}/api/2.0/mlflow/experiments/get-by-name",
            params={"experiment_name": name},
            timeout=60,
        )
        if answer.status_code == 404:
            return str(self._post("experiments/create", {"name": name})["experiment_id"])
        return str(_content(answer)["experiment"]["experiment_id"])

    def _post(self, call: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return _content(_SESSION.post(f"{self.url()}/api/2.0/mlflow/{call}", json=body, timeout=60))

    def _started(self) -> str:
        if self._closed:
            raise TrackingError("the twin is being closed")
        port_file = self._folder / "port"
        port_file.unlink(missing_ok=True)
        log = self._folder / "server.log"
        self._process = self._warm.process(
            serve, str(self._folder), self._artifacts, log=log, name="tracking"
        )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._process.exitcode is None:
            if self._closed:
                self._process.terminate()
                raise TrackingError("the twin is being closed")
            if port_file.is_file():
                return f"http://127.0.0.1:{port_file.read_text()}"
            time.sleep(0.02)
        raise TrackingError(f"the MLflow tracking server did not start; read {log}")


def forward(
    url: str, method: str, call: str, query: str, body: bytes, headers: Mapping[str, str]
) -> tuple[int, bytes, str]:
    """One REST call of a client, passed on as it is: status, body, content type."""
    target = f"{url}/api/2.0/mlflow/{call}" + (f"?{query}" if query else "")
    answer = _SESSION.request(method, target, data=body, headers=dict(headers), timeout=60)
    return answer.status_code, answer.content, answer.headers.get("Content-Type", "")


def _content(answer: requests.Response) -> dict[str, Any]:
    if not answer.ok:
        raise TrackingError(f"MLflow refused {answer.url}: {answer.status_code} {answer.text}")
    found: dict[str, Any] = answer.json()
    return found


def _now() -> int:
    return int(time.time() * 1000)
