"""The life of a deployment's containers: start, fail, crash, replace, stop, come back."""

from __future__ import annotations

import os
import re
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.twin.serving.plan import seconds

Door = Any
REPO = Path(__file__).parents[3]
SAMPLED = {
    "input_data": {
        "input_string": [[{"role": "user", "content": "Hello"}]],
        "parameters": {"do_sample": True, "temperature": 2.0, "max_new_tokens": 30},
    }
}


@pytest.fixture
def spare(door: Door) -> Iterator[str]:
    """An endpoint of this test's own, stopped afterwards."""
    door.endpoint("spare", {"demo": 100})
    yield "spare"
    door.instances.stop("spare", "demo")
    door.store.delete("deployment", "spare/demo")


def until(true: Callable[[], Any], seconds: float = 20) -> Any:
    """Wait for something to become true; its value."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)
    return found


def alive(pid: int) -> bool:
    """Whether a process of that group still runs."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_logs(door: Door, spare: str) -> None:
    """getLogs has the recorded form, and `tail` counts the container's lines."""
    door.deploy(spare)

    text = door.instances.logs(spare, "demo", 3)

    head, _, said = text.partition("\nContainer logs:\n")
    assert head.startswith(
        "Instance status:\nSystemSetup: Succeeded\nUserContainerImagePull: Succeeded\n"
        "ModelDownload: Succeeded\nUserContainerStart: Succeeded\n\nContainer events:\n"
        "Kind: Pod, Name: Downloading, Type: Normal, Time: "
    )
    assert re.search(r"Time: \d{4}-\d\d-\d\dT[\d:]+\.\d{6}Z, Message: Start downloading", head)
    assert len(said.splitlines()) == 3


def test_two_instances_share(door: Door, spare: str) -> None:
    """Two containers are two processes, asked in turn, and each draws for itself."""
    door.deploy(spare, instanceCount=2)
    assert len(set(door.instances.pids(spare, "demo"))) == 2

    first, second = door.ask(spare, SAMPLED), door.ask(spare, SAMPLED)
    for _ in range(4):
        assert door.ask(spare).status == 200

    assert first.status == 200
    assert first.body != second.body  # forked from one process, yet not with one seed

    logs = sorted((door.settings.state / "serving" / spare / "demo").glob("*/instance-*.log"))
    assert [log.read_text().count("POST /score 200") for log in logs] == [3, 3]


def test_killed_container_comes_back(door: Door, spare: str) -> None:
    """A container killed from outside is there again, and the log tells of it."""
    door.deploy(spare)
    [first] = door.instances.pids(spare, "demo")

    os.killpg(first, signal.SIGKILL)

    until(lambda: door.instances.pids(spare, "demo") not in ([], [first]))
    until(lambda: door.instances.ready(spare, "demo"))
    assert door.ask(spare).status == 200
    assert "Container crashed and is started again" in door.instances.logs(spare, "demo")


def test_asking_while_it_is_down(door: Door, spare: str) -> None:
    """While no container is ready the front door says so: 424, model_not_ready."""
    door.deploy(spare)
    [pid] = door.instances.pids(spare, "demo")

    os.killpg(pid, signal.SIGKILL)
    answer = door.ask(spare)

    assert (answer.status, answer.headers["ms-azureml-model-error-reason"]) == (
        424,
        "model_not_ready",
    )


def test_unloadable_model(door: Door, spare: str, tmp_path: Path) -> None:
    """A model that does not load: Failed, with the next command; the traceback is in the logs."""
    broken = tmp_path / "broken"
    shutil.copytree(REPO / "data" / "tiny_phi3", broken)
    (broken / "model.safetensors").write_bytes(b"not weights")
    door.register("broken", broken)

    ended = door.deploy(spare, model="broken:1")

    assert ended["provisioningState"] == "Failed"
    assert ended["failure"]["code"] == "ResourceNotReady"
    assert "az ml online-deployment get-logs" in ended["failure"]["message"]
    logs = door.instances.logs(spare, "demo")
    assert "UserContainerStart: Failed" in logs
    assert "Traceback (most recent call last)" in logs
    assert "SafetensorError" in logs
    assert door.instances.pids(spare, "demo") == []


def test_unknown_model(door: Door, spare: str) -> None:
    """A model that is not registered any more: Failed, naming it."""
    ended = door.deploy(spare, model="gone:7")

    assert ended["provisioningState"] == "Failed"
    assert "model gone:7 has no files" in ended["failure"]["message"]


def test_never_ready(door: Door, spare: str) -> None:
    """A container that takes longer than the readiness probe has patience is given up."""
    probe = {"initialDelay": "PT0.2S", "period": "PT0.3S", "failureThreshold": 1}

    ended = door.deploy(spare, readinessProbe=probe)

    assert ended["provisioningState"] == "Failed"
    assert "Readiness probe failed for 0.05 s" in ended["failure"]["message"]


def test_update_replaces_without_a_gap(door: Door, spare: str) -> None:
    """While new containers start the old ones answer, and afterwards they are gone."""
    door.deploy(spare)
    [old] = door.instances.pids(spare, "demo")
    document = door.store.get("deployment", f"{spare}/demo")
    door.store.put("deployment", f"{spare}/demo", document | {"provisioningState": "Creating"})

    door.instances.start(spare, "demo")
    statuses = set()
    until(
        lambda: (
            statuses.add(door.ask(spare).status)
            or door.store.get("deployment", f"{spare}/demo")["provisioningState"] == "Succeeded"
        )
    )

    assert statuses == {200}
    until(lambda: not alive(old))
    assert door.instances.pids(spare, "demo") != [old]


def test_stop(door: Door, spare: str) -> None:
    """A stopped deployment has no process and no files; stopping again is harmless."""
    door.deploy(spare)
    [pid] = door.instances.pids(spare, "demo")

    door.instances.stop(spare, "demo")
    door.instances.stop(spare, "demo")

    assert not alive(pid)
    assert not (door.settings.state / "serving" / spare / "demo").exists()
    assert door.ask(spare).status == 424


def test_stop_while_starting(door: Door, spare: str) -> None:
    """Stopping a deployment that has not come up yet leaves nothing behind."""
    document = {"endpoint": spare, "name": "demo", "model": "azureml:tiny:1"}
    door.store.put("deployment", f"{spare}/demo", document | {"provisioningState": "Creating"})

    door.instances.start(spare, "demo")
    door.instances.stop(spare, "demo")

    until(lambda: all(thread.name != "start-demo" for thread in threading.enumerate()))
    assert not door.instances.ready(spare, "demo")
    assert door.store.get("deployment", f"{spare}/demo")["provisioningState"] == "Creating"


def test_a_model_of_the_registry(door: Door, spare: str) -> None:
    """Azure deploys one without registering it; here it is the base model, blunt as it is."""
    model = "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/7"
    put = door.deploy(spare, model=model)

    assert put["provisioningState"] == "Succeeded", put
    assert door.ask(spare).json == [{"0": "Oslo."}]


def test_recover(open_door: Callable[..., Door], tmp_path: Path) -> None:
    """A twin opened over the state of an earlier one serves what that one served."""
    first = open_door(state=tmp_path)
    first.register("tiny", REPO / "data" / "tiny_phi3")
    first.endpoint("ep", {"demo": 100})
    first.deploy("ep")
    first.instances.close()
    assert first.ask("ep").status == 424

    second = open_door(state=tmp_path)
    second.instances.recover()

    until(lambda: second.instances.ready("ep", "demo"))
    assert second.ask("ep").status == 200


@pytest.mark.parametrize(
    ("duration", "expected"),
    [("PT10S", 10), ("PT1M30S", 90), ("PT0.5S", 0.5), ("P1DT1H", 90_000), ("PT10M", 600)],
)
def test_durations(duration: str, expected: float) -> None:
    """ISO 8601 durations are read in seconds."""
    assert seconds(duration) == expected


@pytest.mark.parametrize("duration", ["", "10", "PT", "P", "10S"])
def test_bad_durations(duration: str) -> None:
    """What is no duration is named in the error."""
    with pytest.raises(ValueError, match="ISO 8601"):
        seconds(duration)
