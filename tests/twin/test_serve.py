"""A twin as a process: how it starts, what leads to it, how it ends, what breaks on the way."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from .conftest import ARM, ROOT, Start, Started

LIGHT = ROOT / ".venv" / "bin" / "python"
HEAVY = ("torch", "transformers", "mlflow", "peft", "azure")
REGISTRY_MODEL = "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/7"
KEY_AUTH = {"location": "eastus", "properties": {"authMode": "Key", "properties": {}}}


@pytest.fixture(scope="module")
def running(start: Start) -> Started:
    """One twin without faults."""
    return start()


def session(twin: Started) -> requests.Session:
    """A client of that twin: its proxy, its CA, a token of its identity endpoint."""
    env, found = twin.ready["env"], requests.Session()
    found.trust_env = False
    token = found.get(
        env["IDENTITY_ENDPOINT"],
        params={"resource": ARM, "api-version": "2019-08-01"},
        headers={"X-IDENTITY-HEADER": env["IDENTITY_HEADER"]},
        timeout=10,
    ).json()["access_token"]
    found.proxies, found.verify = {"https": env["HTTPS_PROXY"]}, twin.ready["ca"]
    found.headers["authorization"] = f"Bearer {token}"
    return found


def workspace(twin: Started, path: str = "") -> str:
    """An address below the twin's workspace."""
    env = twin.ready["env"]
    return (
        f"{ARM}/subscriptions/{env['AZURE_SUBSCRIPTION_ID']}/resourceGroups/"
        f"{env['AZURE_RESOURCE_GROUP']}/providers/Microsoft.MachineLearningServices/workspaces/"
        f"{env['AZURE_WORKSPACE_NAME']}{path}?api-version=2022-02-01-preview"
    )


def test_it_is_ready_soon_and_light(start: Start) -> None:
    """Two seconds of CPU at most (other load does not move those); no torch, mlflow or SDK."""
    code = "import sys, harness.twin.serve; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    modules = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    taken = _cpu_seconds(start().process.pid)

    assert not set(HEAVY) & set(modules.stdout.split())
    assert taken <= 2.0


def test_the_ready_file_leads_a_client(running: Started) -> None:
    """Everything is on 127.0.0.1, tokens come from the twin only, the CA file exists."""
    ready = running.ready

    assert ready["pid"] == running.process.pid
    assert {"AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"} <= set(ready["unset"])
    assert ready["env"]["HTTPS_PROXY"].startswith("http://127.0.0.1:")
    assert ready["env"]["AZURE_TOKEN_CREDENTIALS"] == "ManagedIdentityCredential"
    assert ready["env"]["NO_PROXY"] == "127.0.0.1,localhost"
    assert Path(ready["ca"]).is_file()
    assert session(running).get(workspace(running), timeout=10).status_code == 200


def test_only_the_owner_can_read_how_to_get_tokens(running: Started) -> None:
    """The ready file holds the identity header."""
    file = Path(running.ready["state"]).parent / "ready.json"

    assert file.stat().st_mode & 0o077 == 0


def test_nothing_reaches_the_internet(running: Started) -> None:
    """A host nobody serves is answered by the twin: the certificate does not even fit."""
    client = session(running)

    with pytest.raises(requests.exceptions.SSLError):
        client.get("https://outside.example.invalid/", timeout=10)
    plain = requests.get(
        "http://example.invalid/", proxies={"http": running.ready["proxy"]}, timeout=10
    )
    assert plain.status_code == 501


def test_the_unmodified_sdk_goes_through(running: Started) -> None:
    """Credential, registry, cluster, endpoint, keys, and what is refused; no 30 s sleep.

    A renewed key opens the endpoint (404, it has no deployment) and the old one does not (401).
    That the SDK's poll of new keys ends in a 404 is recorded, and the keys are new all the same.
    """
    command = [str(LIGHT), str(Path(__file__).with_name("sdk_smoke.py"))]
    env = running.client_env() | {"PYTHONWARNINGS": "ignore"}

    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stderr[-3000:] + running.errors.read_text()[-2000:]
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert seen.pop("seconds") < 20, "one default poll interval is 30 s"
    assert seen.pop("quota").startswith("HttpResponseError 200 (ClusterMinNodesExceedCoreQuota)")
    assert seen.pop("gone").startswith("ResourceNotFoundError 404 (NotFound)")
    assert seen.pop("missing").startswith("ResourceNotFoundError 404")
    assert seen.pop("renewed").startswith("HttpResponseError 404 (NotFound)")
    assert seen.pop("forged").startswith(
        "ClientAuthenticationError 401 (InvalidAuthenticationToken)"
    )
    assert seen.pop("elsewhere").startswith("ResourceNotFoundError 404 (ResourceNotFound)")
    assert seen == {
        "workspace": "eastus",
        "model": "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/7",
        "component": ["0.0.51", 67],
        "cluster": "Succeeded",
        "gpus": 8,
        "low": ["Succeeded", "low_priority"],
        "left": ["big", "low"],
        "score": "https://ep-1.eastus.inference.ml.azure.com/score",
        "keys": True,
        "endpoints": ["ep-1"],
        "tags": {"team": "b"},
        "opened": [401, 404, 404],
        "second key": True,
    }


def test_a_lost_answer_is_done_all_the_same(start: Start) -> None:
    """The client sees a broken connection; the endpoint is there."""
    twin = start("--fault", "lost:endpoint.create:times=1")
    client, url = session(twin), workspace(twin, "/onlineEndpoints/ep-1")

    with pytest.raises(requests.exceptions.ConnectionError):
        client.put(url, json=KEY_AUTH, timeout=10)

    assert client.get(url, timeout=10).status_code == 200


def test_a_dropped_answer_breaks_in_the_middle(start: Start) -> None:
    """Status and headers arrive, half of the body does; the log stays free of tracebacks."""
    twin = start("--fault", "drop:workspace.get:times=1")
    client = session(twin)

    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        client.get(workspace(twin), timeout=10)

    assert client.get(workspace(twin), timeout=10).status_code == 200
    assert "Traceback" not in twin.errors.read_text()


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


def test_a_lazy_twin_has_no_warm_process(running: Started) -> None:
    """Requests that need neither torch nor MLflow start nothing beside the twin."""
    client = session(running)

    for path in ("", "/computes", "/onlineEndpoints", "/datastores", "/jobs"):
        assert client.get(workspace(running, path), timeout=10).status_code == 200

    assert _children(running.process.pid) == []


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


def test_what_is_kept_holds_no_secret(start: Start) -> None:
    """With --quiet the output can be put into a report; files with keys are the owner's alone."""
    twin = start("--quiet")
    client, state = session(twin), Path(twin.ready["state"])
    client.put(workspace(twin, "/onlineEndpoints/ep-1"), json=KEY_AUTH, timeout=10)
    keys = client.post(workspace(twin, "/onlineEndpoints/ep-1/listKeys"), timeout=10).json()
    stores = workspace(twin, "/datastores/workspaceblobstore/listSecrets")
    sas = client.post(stores, json={"expirableSecret": True}, timeout=10).json()["sasToken"]
    key = client.post(stores, timeout=10).json()["key"]
    secret = [*keys.values(), sas, key, str(client.headers["authorization"]).split()[1]]

    twin.process.terminate()
    printed = twin.process.communicate(timeout=10)[0] + twin.errors.read_text()

    assert "ep-1/listKeys" in printed, "requests are logged, so this is the whole log"
    for each in [*secret, twin.ready["env"]["IDENTITY_HEADER"]]:
        assert each not in printed
        found = [file for file in state.rglob("*") if _holds(file, each) and _readable(file, state)]
        assert not found


def test_a_misspelt_fault_does_not_start() -> None:
    """Exit 2, naming the nearest operation."""
    command = [sys.executable, "-m", "harness.twin", "--fault", "refuse:compute.creat"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.returncode == 2
    assert "compute.create" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_it_prints_can_be_pasted(running: Started) -> None:
    """The lines on stdout lead a shell to the twin, and drop what would lead past it."""
    assert running.process.stdout
    lines = [running.process.stdout.readline() for _ in range(3)]
    lines += [running.process.stdout.readline() for _ in running.ready["env"]]
    script = "".join(lines) + 'echo "$HTTPS_PROXY" "${AZURE_CLIENT_ID:-none}"'

    shell = subprocess.run(
        ["/bin/sh", "-ec", script],
        env={**os.environ, "AZURE_CLIENT_ID": "real"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert shlex.split(shell.stdout) == [running.ready["proxy"], "none"]


def test_state_outlives_the_twin(start: Start) -> None:
    """A second twin over the same folder has what the first one had."""
    first = start()
    url = workspace(first, "/onlineEndpoints/ep-1")
    session(first).put(url, json=KEY_AUTH, timeout=10)
    first.process.terminate()
    first.process.wait(10)

    second = start("--state", first.ready["state"])

    assert session(second).get(url, timeout=10).status_code == 200


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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


def _holds(file: Path, secret: str) -> bool:
    return file.is_file() and secret.encode() in file.read_bytes()


def _readable(file: Path, top: Path) -> bool:
    """Whether another user could read it, were the state folder itself open."""
    folders = [each for each in file.parents if top in each.parents]
    return bool(file.stat().st_mode & 0o077) and all(f.stat().st_mode & 0o011 for f in folders)


def _first_children(twin: Started) -> list[int]:
    """The processes of a twin, once it has any."""
    deadline = time.monotonic() + 30
    while not (found := _descendants(twin.process.pid)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def _descendants(pid: int) -> list[int]:
    found = _children(pid)
    return found + [each for child in found for each in _descendants(child)]


def _all_end(pids: list[int]) -> None:
    deadline = time.monotonic() + 60  # one that is importing torch notices afterwards
    while any(_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in pids if _alive(pid)]


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    found = [int(word) for word in text.split()]
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(word) for word in (task / "children").read_text().split()]
    return sorted(set(found))


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
