"""A twin's control plane in this process, and one as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from harness.twin import app
from harness.twin.blob_store import BlobStore
from harness.twin.engine.runner import Runner
from harness.twin.faults import parse
from harness.twin.faults_at_work import Faults
from harness.twin.lifecycle import Operations
from harness.twin.serving.instances import Instances
from harness.twin.settings import Settings
from harness.twin.state import Twin
from harness.twin.store import Store
from harness.twin.warm import Warm

ROOT = Path(__file__).parents[2]
ARM = "https://management.azure.com"
NOTES: list[str] = []  # what the end of the run is to say


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was compared with recorded traffic, and loudly when nothing was."""
    if NOTES:
        terminalreporter.section("parity of the twin with recorded traffic")
        for note in NOTES:
            terminalreporter.write_line(note, yellow=not note.startswith("matched"))


@dataclass
class Clock:
    """A clock that moves when told to. Seconds."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        """The time it is."""
        return self.now


@dataclass
class ControlPlane:
    """A twin without any process behind it, and a client with a token for it."""

    twin: Twin
    clock: Clock
    client: TestClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = TestClient(app.create(self.twin), base_url=ARM)
        token, _ = self.twin.identity.token(ARM)
        self.client.headers["authorization"] = f"Bearer {token}"

    def ws(self, path: str = "", api: str = "2023-08-01-preview") -> str:
        """An address below the workspace."""
        return f"{ARM}{self.twin.settings.workspace_id}{path}?api-version={api}"


@pytest.fixture(scope="session")
def warm() -> Warm:
    """The warm process that all tests of this worker fork from."""
    found = Warm()
    found.start()
    return found


Make = Callable[..., ControlPlane]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes a control plane with a state of its own: `make("refuse:job.get", pace="azure")`."""
    stores: list[Store | BlobStore] = []

    def made(*faults: str, **settings: Any) -> ControlPlane:
        state = settings.pop("state", tmp_path / str(len(stores)))
        chosen = Settings(state=state, faults=faults, **settings)
        store, blobs = Store(state / "twin.sqlite"), BlobStore(state / "blobs", "w")
        stores.extend((store, blobs))
        warm, found, clock = Warm(), Faults(parse(faults), state / "faults"), Clock()
        runner = Runner(chosen, store, blobs, warm, found)
        instances = Instances(chosen, store, blobs, warm)
        operations = Operations(chosen, store, clock, found)
        twin = Twin(chosen, store, blobs, warm, runner, instances, operations, found)
        return ControlPlane(twin, clock)

    yield made
    for store in stores:
        store.close()


@dataclass(frozen=True)
class Started:
    """A twin as a process, and what it said when it was ready."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    seconds: float  # until it was ready
    errors: Path  # its stderr

    def client_env(self) -> dict[str, str]:
        """This environment, led to the twin."""
        dropped = self.ready["unset"]
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        led: dict[str, str] = self.ready["env"]
        return kept | led


Start = Callable[..., Started]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts twins: `start("--pace", "azure")`. They are ended with the module.

    Lazy ones, unless told otherwise: most tests need neither a job nor a deployment.
    """
    processes: list[subprocess.Popen[str]] = []

    def started(*arguments: str, lazy: bool = True) -> Started:
        folder = tmp_path_factory.mktemp("twin")
        ready, errors, begun = folder / "ready.json", folder / "stderr.txt", time.monotonic()
        command = [sys.executable, "-m", "harness.twin", "--ready-file", str(ready)]
        command += ["--state", str(folder / "state"), "--verbose", *arguments]
        command += ["--lazy"] if lazy else []
        with errors.open("w") as sink:
            process = subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=sink, text=True
            )
        processes.append(process)
        while not ready.exists():
            assert process.poll() is None, errors.read_text()
            assert time.monotonic() - begun < 30, errors.read_text()
            time.sleep(0.01)
        taken = time.monotonic() - begun
        return Started(process, json.loads(ready.read_text()), taken, errors)

    yield started
    for process in processes:
        process.terminate()
        process.wait(10)
        assert process.stdout
        process.stdout.close()
