"""How a twin ends: told, forgotten or killed, and that nothing outlives it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
import requests

from .asking import KEY_AUTH
from .conftest import ARM, Start, Started
from .led import children, session, workspace

REGISTRY_MODEL = "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/7"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told(start: Start, number: signal.Signals) -> None:
    """Exit 0 within three seconds, the ready file gone, a pooled connection open or not."""
    twin = start()
    client = session(twin)
    client.get(workspace(twin), timeout=10)
    file = Path(twin.ready["state"]).parent / "ready.json"
    begun = time.monotonic()

    twin.process.send_signal(number)

    assert twin.process.wait(10) == 0
    assert time.monotonic() - begun < 4
    assert not file.exists()


def test_a_killed_twin_leaves_no_process_behind(start: Start) -> None:
    """Neither the warm process nor a container that serves outlives it."""
    twin = start()
    client, place = session(twin), "/onlineEndpoints/ep-1"
    client.put(workspace(twin, place), json=KEY_AUTH, timeout=30)
    deployment = workspace(twin, f"{place}/deployments/demo")
    body = {"properties": {"model": REGISTRY_MODEL, "instanceType": "Standard_DS3_v2"}}
    client.put(deployment, json=body, timeout=30)
    _serves(client, deployment)
    children = _descendants(twin.process.pid)
    containers = [pid for pid in children if os.getpgid(pid) != os.getpgid(twin.process.pid)]

    twin.process.send_signal(signal.SIGKILL)
    twin.process.wait(10)

    assert containers
    _all_end(children)


def test_a_twin_killed_while_it_warms_up_leaves_nothing(start: Start) -> None:
    """The process that imports torch looks for its parent between two imports."""
    twin = start(lazy=False)
    children = _first_children(twin)

    twin.process.send_signal(signal.SIGKILL)
    twin.process.wait(10)

    _all_end(children)


def test_it_ends_when_nobody_asks(start: Start) -> None:
    """--idle-exit, for twins that are started and forgotten."""
    twin = start("--idle-exit", "1")

    assert twin.process.wait(15) == 0


def test_it_ends_with_a_deployment_under_way(start: Start) -> None:
    """A run that was killed leaves its deployment: --idle-exit ends that as well."""
    twin = start("--idle-exit", "3")
    client, place = session(twin), "/onlineEndpoints/ep-1"
    _model_files(Path(twin.ready["state"]))
    model = {"modelUri": "azureml://datastores/workspaceblobstore/paths/m"}
    model_url = workspace(twin, "/models/m/versions/1")
    client.put(model_url, json={"properties": model}, timeout=30)
    client.put(workspace(twin, place), json=KEY_AUTH, timeout=30)
    wanted = {"model": model_url.partition(ARM)[2].partition("?")[0]}
    wanted |= {"instanceType": "Standard_DS3_v2"}
    url = workspace(twin, f"{place}/deployments/demo")
    put = client.put(url, json={"properties": wanted}, timeout=30)
    children = _first_children(twin)

    assert put.status_code == 201, put.text
    assert twin.process.wait(60) == 0
    _all_end(children)


def _serves(client: requests.Session, deployment: str) -> None:
    """Wait until a deployment is up."""
    deadline, state = time.monotonic() + 60, "Creating"
    while state != "Succeeded":
        assert time.monotonic() < deadline
        assert state != "Failed"
        time.sleep(0.05)
        state = client.get(deployment, timeout=30).json()["properties"]["provisioningState"]


def _model_files(state: Path) -> None:
    """What a client would have uploaded."""
    container = next((state / "blobs").glob("azureml-blobstore-*"))
    (container / "m").mkdir()
    (container / "m" / "weights").write_text("none")


def _first_children(twin: Started) -> list[int]:
    """The processes of a twin, once it has any."""
    deadline = time.monotonic() + 30
    while not (found := _descendants(twin.process.pid)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def _descendants(pid: int) -> list[int]:
    found = children(pid)
    return found + [each for child in found for each in _descendants(child)]


def _all_end(pids: list[int]) -> None:
    deadline = time.monotonic() + 60  # one that is importing torch notices afterwards
    while any(_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in pids if _alive(pid)]


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
