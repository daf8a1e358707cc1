"""The twin as a target: it starts, hands out its environment, and never lets anything through."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from harness.errors import StepError, TargetError, WireError
from harness.plan import Plan
from harness.plan_file import read_plan
from harness.processes import is_running, read, send_signal
from harness.recipe.connect import connect
from harness.targets.azure import open_azure
from harness.targets.twin import open_twin, running_twin

from ..programs import write_shell_program

SHIPPED = Path(__file__).parents[2] / "scenarios" / "finetune_chat" / "plan.toml"


@pytest.fixture
def plan() -> Plan:
    """The shipped plan for the twin."""
    return read_plan(SHIPPED, "twin")


@pytest.fixture
def ready_twin(ready: Path) -> dict[str, str]:
    """The exports of a twin."""
    env: dict[str, str] = json.loads(ready.read_text())["env"]
    return env


def written_by(folder: Path) -> dict[str, int]:
    """What the twin wrote when it was ready."""
    written: dict[str, int] = json.loads((folder / "twin" / "ready.json").read_text())
    return written


def connect_to_a_dead_twin(plan: Plan, folder: Path) -> None:
    """Step 1 on a twin that was killed; its own error is checked here."""
    with open_twin(plan, folder) as target:
        assert send_signal(read(folder / "twin" / "pid"), signal.SIGKILL)
        with pytest.raises(StepError, match=r"no Azure credential works|cannot be read"):
            connect(plan, timestamp="1700000000", config=target.config)


def test_environment_is_lent_and_given_back(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside, a user's own Azure variables are gone; outside, everything is as before."""
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "not-for-the-twin")
    before = dict(os.environ)

    with open_twin(plan, tmp_path) as target:
        assert "AZURE_CLIENT_SECRET" not in os.environ
        assert os.environ["HTTPS_PROXY"].startswith("http://127.0.0.1:")
        assert target.config is not None

    assert dict(os.environ) == before


def test_the_process_is_gone_afterwards(tmp_path: Path, plan: Plan) -> None:
    """Closing the target ends the twin."""
    with open_twin(plan, tmp_path):
        twin = read(tmp_path / "twin" / "pid")
        assert twin is not None
        assert twin.pid == written_by(tmp_path)["pid"]
        assert is_running(twin)

    assert not is_running(twin)


def test_no_network_to_the_twin_is_said_at_step_1(tmp_path: Path, plan: Plan) -> None:
    """A dead twin is a failed step 1 that says what it could not reach, and a TargetError."""
    with pytest.raises(TargetError, match="the twin ended with exit code -9 during the run"):
        connect_to_a_dead_twin(plan, tmp_path)


def test_a_misspelt_fault_starts_nothing(tmp_path: Path) -> None:
    """What was meant is told, and where the kinds are listed, before there is a process."""
    bad = read_plan(SHIPPED, "twin", ["twin.faults=['refuse:compute.creat']"])

    with (
        pytest.raises(WireError, match=r"compute\.create.*Next: .*docs/faults\.md"),
        open_twin(bad, tmp_path),
    ):
        pass
    assert not (tmp_path / "twin").exists()


def test_a_twin_that_does_not_start_shows_its_log(tmp_path: Path) -> None:
    """What it wrote before it ended is in the error."""
    said = r"twin ended with exit code 2 before it was ready:(.|\n)*--era"

    with pytest.raises(TargetError, match=said), running_twin(tmp_path, ["--era", "never"]):
        pass


def test_a_shell_with_exports_of_a_twin_is_not_azure(
    tmp_path: Path, ready_twin: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a twin answers is never told as Azure's."""
    for name, value in ready_twin.items():
        monkeypatch.setenv(name, value)
    azure = read_plan(SHIPPED, "azure")

    with pytest.raises(TargetError, match=r"not Azure\. Next: "), open_azure(azure, tmp_path):
        pass


def test_a_missing_environment_names_the_command(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without .venv-twin the message is the command that makes it."""
    monkeypatch.setenv("HARNESS_TWIN_PYTHON", str(tmp_path / "absent"))

    with pytest.raises(TargetError, match="Next: make twin-env"), open_twin(plan, tmp_path):
        pass


def test_a_twin_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever for one that never becomes ready, and it does not stay."""
    hanging = write_shell_program(tmp_path / "python", "exec sleep 600")
    monkeypatch.setenv("HARNESS_TWIN_PYTHON", str(hanging))

    with (
        pytest.raises(TargetError, match=r"not ready after 0.1 s"),
        running_twin(tmp_path, seconds=0.1),
    ):
        pass

    hanged = read(tmp_path / "twin" / "pid")
    assert hanged is not None
    assert not is_running(hanged)
