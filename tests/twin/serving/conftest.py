"""A front door in a real server over real containers, with the tiny model behind them."""

from __future__ import annotations

import http.client
import json
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Host, Router

from harness.twin.blob_store import BlobStore
from harness.twin.identity import Identity
from harness.twin.routes import scoring
from harness.twin.serving.instances import Instances
from harness.twin.settings import Settings
from harness.twin.store import Store
from harness.twin.warm import Warm

REPO = Path(__file__).parents[3]
KEYS = {"primary": secrets.token_urlsafe(24), "secondary": secrets.token_urlsafe(24)}
SCORE = {
    "input_data": {
        "input_string": [[{"role": "user", "content": "What is the capital of Norway?"}]],
        "parameters": {"temperature": 0.0, "max_new_tokens": 8},
    },
    "params": {},
}


@dataclass(frozen=True)
class Answer:
    """What came back from the front door."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Door:
    """A twin's serving parts behind a front door on a port of this machine."""

    keys: ClassVar[dict[str, str]] = KEYS
    settings: Settings
    store: Store
    blobs: BlobStore
    instances: Instances
    identity: Identity = field(default_factory=Identity)
    port: int = 0

    def endpoint(self, name: str, traffic: dict[str, int] | None = None) -> None:
        """Write an endpoint's document, as its route does."""
        document = {"name": name, "authMode": "Key", "keys": KEYS, "traffic": traffic or {}}
        self.store.put("endpoint", name, document)

    def deploy(
        self, endpoint: str, name: str = "demo", model: str = "tiny:1", **changes: Any
    ) -> dict[str, Any]:
        """Write a deployment's document, start it and wait for how it ends."""
        document = {
            "endpoint": endpoint,
            "name": name,
            "model": model if "/" in model else f"azureml:{model}",
            "instanceCount": 1,
            "requestSettings": {
                "requestTimeout": "PT90S",
                "maxConcurrentRequestsPerInstance": 1,
            },
            "environmentVariables": {},
            "provisioningState": "Creating",
        }
        self.store.put("deployment", f"{endpoint}/{name}", document | changes)
        self.instances.start(endpoint, name)
        return self.settled(endpoint, name)

    def settled(self, endpoint: str, name: str = "demo", seconds: float = 40) -> dict[str, Any]:
        """The deployment's document once it is Succeeded or Failed."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.store.get("deployment", f"{endpoint}/{name}")
            assert found is not None
            if found["provisioningState"] in ("Succeeded", "Failed"):
                return found
            time.sleep(0.01)
        raise AssertionError(f"{name} is neither Succeeded nor Failed after {seconds} s")

    def register(self, name: str, folder: Path) -> None:
        """Make a folder a registered model, as its route does."""
        target = (
            self.blobs.folder(self.blobs.workspace_container) / "models" / name / "model_folder"
        )
        shutil.copytree(folder, target)
        self.store.put("model", f"{name}/1", {"name": name, "path": f"models/{name}/model_folder"})

    def ask(
        self, endpoint: str, body: Any = None, method: str = "POST", path: str = "/score", **h: str
    ) -> Answer:
        """One request with the primary key unless `authorization` says otherwise."""
        headers = {"authorization": f"Bearer {KEYS['primary']}", "content-type": "application/json"}
        headers |= {name.replace("_", "-"): value for name, value in h.items()}
        headers["host"] = f"{endpoint}.eastus.inference.ml.azure.com"
        sent = json.dumps(SCORE if body is None else body) if method == "POST" else None
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, sent, headers)
            found = connection.getresponse()
            known = {name.lower(): value for name, value in found.getheaders()}
            return Answer(found.status, known, found.read())
        finally:
            connection.close()


@pytest.fixture(scope="session")
def open_door(
    warm: Warm, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Door]]:
    """Make doors: open_door(state=folder, image=...)."""
    opened: list[tuple[Door, uvicorn.Server, threading.Thread]] = []

    def make(state: Path | None = None, **settings: Any) -> Door:
        found = Settings(state or tmp_path_factory.mktemp("twin"), **settings)
        store = Store(found.state / "twin.sqlite")
        blobs = BlobStore(found.state / "blobs", found.workspace_id)
        door = Door(found, store, blobs, Instances(found, store, blobs, warm))
        opened.append((door, *_serve(door)))
        return door

    yield make
    for door, server, thread in opened:
        server.should_exit = True
        thread.join()
        door.instances.close()
        door.store.close()
        door.blobs.close()


@pytest.fixture(scope="session")
def door(open_door: Callable[..., Door]) -> Door:
    """One door with the tiny model registered and deployment `demo` of endpoint `ep` serving."""
    found = open_door()
    found.register("tiny", REPO / "data" / "tiny_phi3")
    found.endpoint("ep", {"demo": 100})
    assert found.deploy("ep")["provisioningState"] == "Succeeded"
    return found


def _serve(door: Door) -> tuple[uvicorn.Server, threading.Thread]:
    host = "{endpoint}.{region}.inference.ml.azure.com"
    router = Router([route for _, route in scoring.routes])
    app = Starlette(routes=[Host(host, router)])
    app.state.twin = SimpleNamespace(**vars(door))
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # requests wait in the queue until the server is up
    door.port = listener.getsockname()[1]
    config = uvicorn.Config(app, log_level="warning", server_header=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    return server, thread
