"""A twin as a process: how it starts, what leads to it, how it ends, what breaks on the way."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from harness.errors import TargetError
from harness.targets.twin import running_twin
from harness.twin.__main__ import _parser
from harness.twin.folder import held

from .asking import KEY_AUTH
from .conftest import ROOT, Start, Started
from .led import children, session, workspace

LIGHT = ROOT / ".venv" / "bin" / "python"
HEAVY = ("torch", "transformers", "mlflow", "peft", "azure")


@pytest.fixture(scope="module")
def running(start: Start) -> Started:
    """One twin without faults."""
    return start()


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


@pytest.mark.parametrize("option", ["", "--show"])
def test_no_temporary_folder_is_named(option: str) -> None:
    """As the machine's lack, with the variable that leads to another."""
    code = (
        "import sys, tempfile; from harness.twin.__main__ import main\n"
        "tempfile._candidate_tempdir_list = lambda: ['/dev/null/nowhere']\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "--idle-exit", "1", *option.split()]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: this machine cannot run the twin: no temporary folder")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("shell", "code"), [("ulimit -n 48", 2), ("set -- --show", 0), ("set -- --weights absent", 2)]
)
def test_a_twin_that_does_not_start_leaves_no_folder(tmp_path: Path, shell: str, code: int) -> None:
    """Nor one that is only shown, when no folder is named."""
    line = f'{shell}; exec {shlex.quote(sys.executable)} -m harness.twin --idle-exit 1 "$@"'
    variables = {**os.environ, "TMPDIR": str(tmp_path)}

    command = ["bash", "-c", line]
    done = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == code, done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("told", "lazy"), [("1", True), ("0", False), ("", False)])
def test_only_a_one_makes_it_lazy(monkeypatch: pytest.MonkeyPatch, told: str, lazy: bool) -> None:
    """HARNESS_TWIN_LAZY=0 is a no."""
    monkeypatch.setenv("HARNESS_TWIN_LAZY", told)

    assert _parser().parse_args([]).lazy is lazy


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


def test_the_unmodified_sdk_goes_through(running: Started, tmp_path: Path) -> None:
    """Credential, registry, cluster, endpoint, keys, and what is refused; no 30 s sleep.

    A renewed key opens the endpoint (404, it has no deployment) and the old one does not (401).
    That the SDK's poll of new keys ends in a 404 is recorded, and the keys are new all the same.
    """
    report = tmp_path / "answers.json"
    command = [str(LIGHT), str(Path(__file__).with_name("sdk_smoke.py")), str(report)]
    env = running.client_env() | {"PYTHONWARNINGS": "ignore"}

    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stderr[-3000:] + running.errors.read_text()[-2000:]
    seen: dict[str, Any] = json.loads(report.read_text())
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


def test_a_lazy_twin_has_no_warm_process(running: Started) -> None:
    """Requests that need neither torch nor MLflow start nothing beside the twin."""
    client = session(running)

    for path in ("", "/computes", "/onlineEndpoints", "/datastores", "/jobs"):
        assert client.get(workspace(running, path), timeout=10).status_code == 200

    assert children(running.process.pid) == []


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


def test_two_twins_do_not_share_a_folder(start: Start) -> None:
    """The second one does not start and says why; the first one is not disturbed."""
    first = start("--fault", "refuse:workspace.get:404,times=1")
    session(first).get(workspace(first), timeout=10)
    state = Path(first.ready["state"])
    before = {file: file.read_bytes() for file in state.glob("*") if file.is_file()}
    command = [sys.executable, "-m", "harness.twin", "--lazy", "--quiet", "--state", str(state)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.returncode == 2
    assert f"another twin runs in {state}: process {first.process.pid}. Next: kill " in done.stderr
    assert "--state" in done.stderr
    assert {file: file.read_bytes() for file in state.glob("*") if file.is_file()} == before
    assert "faults.struck" in {file.name for file in before}
    assert session(first).get(workspace(first), timeout=10).status_code == 200


def test_a_run_does_not_take_the_folder_of_a_twin_that_runs(start: Start, tmp_path: Path) -> None:
    """Not even its ready file and the number by which a watchdog stops it."""
    state = tmp_path / "twin"
    start("--state", str(state))
    for name in ("ready.json", "pid"):
        (state / name).write_text("of the first")

    with pytest.raises(TargetError, match="another twin runs in"), running_twin(tmp_path):
        pass

    assert {(state / name).read_text() for name in ("ready.json", "pid")} == {"of the first"}
    assert not (tmp_path / "twin.log").exists()


@pytest.mark.parametrize("spoiled", ["the folder", "its lock"])
def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path, spoiled: str) -> None:
    """With what to type instead, and without a traceback."""
    state = tmp_path / "twin"
    if spoiled == "the folder":
        state.write_text("a file")
    else:
        (state / "lock").mkdir(parents=True)
    command = [sys.executable, "-m", "harness.twin", "--lazy", "--quiet", "--state", str(state)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert f"{state} " in done.stderr
    assert "Traceback" not in done.stderr
    assert re.search(r"\. Next: name another (one|folder) with --state", done.stderr)


def test_a_child_that_outlives_a_killed_twin_does_not_keep_its_folder(tmp_path: Path) -> None:
    """The lock goes with the process that took it, whoever inherited its files."""
    script = (
        "import os, sys, time; from pathlib import Path; from harness.twin.folder import held\n"
        "folder = Path(sys.argv[1])\n"
        "with held(folder):\n"
        "    if not (child := os.fork()): time.sleep(60); os._exit(0)\n"
        "    (folder / 'child').write_text(str(child)); os._exit(9)"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=False)
    child = int((tmp_path / "child").read_text())

    try:
        os.kill(child, 0)  # it lives
        with held(tmp_path):
            assert killed.returncode == 9
    finally:
        os.kill(child, signal.SIGKILL)


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _holds(file: Path, secret: str) -> bool:
    return file.is_file() and secret.encode() in file.read_bytes()


def _readable(file: Path, top: Path) -> bool:
    """Whether another user could read it, were the state folder itself open."""
    folders = [each for each in file.parents if top in each.parents]
    return bool(file.stat().st_mode & 0o077) and all(f.stat().st_mode & 0o011 for f in folders)
