"""How jobs end badly: the root says little, the child says why, nothing keeps running."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.twin.engine.runs import PARENT_MESSAGE
from harness.twin.shortage import CODE
from harness.twin.warm import Warm

from .bench import SHORT, Bench, make_bench

LONG = SHORT | {"max_steps": "5000", "evaluation_strategy": "disable"}
CHAT = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}]


@dataclass(frozen=True)
class Ending:
    """A fault, as the control plane hands it over."""

    state: str
    child: str | None
    code: str | None = None
    message: str | None = None


class OneEnding:
    """Faults that hold one."""

    def __init__(self, ending: Ending) -> None:
        self._ending = ending

    def ends(self, name: str) -> Ending | None:
        """The ending, for submitted jobs."""
        return self._ending if name == "job.submit" else None


@pytest.fixture
def faulty(warm: Warm, tmp_path: Path) -> Any:
    """Build a bench whose jobs end as asked."""
    made: list[Bench] = []

    def build(state: str, child: str | None = None) -> Bench:
        made.append(make_bench(tmp_path / "state", warm, OneEnding(Ending(state, child))))
        return made[-1]

    yield build
    for bench in made:
        bench.runner.close()


@pytest.mark.parametrize(
    ("rows", "step", "why"),
    [
        ('{"messages": [', "ft_nlp_common_validation", "line 1"),
        ('{"text": "a"}\n' * 12, "chat_completion_datapreprocess", "no column 'messages'"),
        (
            (json.dumps({"messages": CHAT}) + "\n") * 9,
            "chat_completion_datapreprocess",
            "Only 9 training row",
        ),
        (
            (json.dumps({"messages": CHAT[::-1]}) + "\n") * 12,
            "chat_completion_datapreprocess",
            "must alternate",
        ),
    ],
)
def test_bad_data_fails_the_step_that_sees_it(
    bench: Bench, rows: str, step: str, why: str, request: pytest.FixtureRequest
) -> None:
    """A UserError with the reason on the child; the root only points at its children."""
    name = f"bad_{abs(hash(request.node.name))}"
    uri = bench.upload(f"{name}.jsonl", rows)

    bench.submit(name, SHORT, train_file_path=uri)
    root = bench.wait(name)

    children = bench.children(name)
    error = children[step]["error"]["error"]
    assert (root["status"], root["error"]["error"]["message"]) == ("Failed", PARENT_MESSAGE)
    assert root["error"]["error"]["referenceCode"] == "PipelineHasStepJobFailed"
    assert (children[step]["status"], error["code"]) == ("Failed", "UserError")
    assert why in error["message"]
    assert children["chat_completion_model_converter"]["status"] == "NotStarted"


def test_a_missing_file_fails_validation(bench: Bench) -> None:
    """The message names the input and the URI."""
    uri = "azureml://datastores/workspaceblobstore/paths/LocalUpload/none/gone.jsonl"

    bench.submit("gone_file", SHORT, train_file_path=uri)
    bench.wait("gone_file")

    error = bench.children("gone_file")["ft_nlp_common_validation"]["error"]["error"]
    assert error["code"] == "UserError"
    assert "train_file_path" in error["message"]
    assert uri in error["message"]


def test_a_model_that_is_no_phi3_is_refused(
    bench: Bench, train_file: str, copy_of_base: Path
) -> None:
    """Model import looks into the model's config."""
    config = json.loads((copy_of_base / "config.json").read_text(encoding="utf-8"))
    (copy_of_base / "config.json").write_text(json.dumps(config | {"model_type": "llama"}))
    folder = bench.blobs.folder(bench.blobs.workspace_container) / "models" / "llama"
    folder.parent.mkdir()
    copy_of_base.rename(folder)
    uri = "azureml://datastores/workspaceblobstore/paths/models/llama"

    bench.submit("no_phi", SHORT, train_file_path=train_file, mlflow_model_path=uri)
    bench.wait("no_phi")

    error = bench.children("no_phi")["chat_completion_model_import"]["error"]["error"]
    assert "of type 'llama'" in error["message"]


def test_cancel_ends_the_process_and_everything_after_it(bench: Bench, train_file: str) -> None:
    """CancelRequested, then Canceled; the training's process is gone, no later step begins."""
    bench.submit("to_cancel", LONG, train_file_path=train_file)
    pid = _pid(bench, "to_cancel", "chat_completion_finetune")

    asked = bench.runner.cancel("to_cancel")
    root = bench.wait("to_cancel")

    states = {title: run["status"] for title, run in bench.children("to_cancel").items()}
    assert asked
    assert (root["status"], root["error"]) == ("Canceled", None)
    assert not _alive(pid)
    assert states["chat_completion_datapreprocess"] == "Completed"
    assert states["chat_completion_finetune"] == "Canceled"
    assert states["chat_completion_model_converter"] == "Canceled"
    assert not bench.runner.cancel("to_cancel")


def test_a_killed_process_is_a_shortage_of_this_machine(bench: Bench, train_file: str) -> None:
    """A step that is killed, as when memory runs out, says so with the end of its log."""
    bench.submit("killed", LONG, train_file_path=train_file)

    os.kill(_pid(bench, "killed", "chat_completion_finetune"), signal.SIGKILL)
    root = bench.wait("killed")

    error = bench.children("killed")["chat_completion_finetune"]["error"]["error"]
    assert root["status"] == "Failed"
    assert error["code"] == CODE
    assert "exit code -9" in error["message"]
    assert "starts (process" in error["message"] or "trainable parameters" in error["message"]


def test_a_fault_makes_the_child_really_fail(faulty: Callable[..., Bench]) -> None:
    """The process of the named step raises, and its error is a SystemError with a traceback."""
    bench = faulty("Failed", "chat_completion_model_import")
    uri = bench.upload("a.jsonl", (json.dumps({"messages": CHAT}) + "\n") * 12)

    bench.submit("fault", SHORT, train_file_path=uri)
    root = bench.wait("fault")

    child = bench.children("fault")["chat_completion_model_import"]
    assert (root["status"], root["error"]["error"]["message"]) == ("Failed", PARENT_MESSAGE)
    assert child["error"]["error"]["code"] == "SystemError"
    assert "Traceback" in bench.log(child["name"], "user_logs/std_log.txt")


def test_a_fault_cancels_as_the_service_would(faulty: Callable[..., Bench]) -> None:
    """The step is running when the job is canceled, though nobody asked."""
    bench = faulty("Canceled", "chat_completion_datapreprocess")
    uri = bench.upload("a.jsonl", (json.dumps({"messages": CHAT}) + "\n") * 12)

    bench.submit("preempted", SHORT, train_file_path=uri)
    root = bench.wait("preempted")

    child = bench.children("preempted")["chat_completion_datapreprocess"]
    assert (root["status"], child["status"]) == ("Canceled", "Canceled")
    assert child["started"]


def test_a_dead_tracking_server_fails_the_job(warm: Warm, tmp_path: Path) -> None:
    """Nobody waits for ever: the job is Failed and says what could not be done."""
    bench = make_bench(tmp_path / "state", warm)
    uri = bench.upload("a.jsonl", (json.dumps({"messages": CHAT}) + "\n") * 12)
    bench.runner.tracking_url()
    pid = bench.runner.tracking_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)

    bench.submit("untracked", SHORT, train_file_path=uri)
    root = bench.wait("untracked", seconds=30)

    assert root["status"] == "Failed"
    assert "The twin could not run the job" in root["error"]["error"]["message"]
    bench.runner.close()


def _pid(bench: Bench, job: str, step: str) -> int:
    """The process of a step, once its log says which."""
    bench.wait_run(bench.children(job)[step]["name"], ("Running",))
    log, deadline = "", time.monotonic() + 30
    while "trainable parameters" not in log:
        assert time.monotonic() < deadline, log
        time.sleep(0.02)
        with suppress(FileNotFoundError):
            log = bench.log(bench.children(job)[step]["name"], "user_logs/std_log.txt")
    return int(log.partition("(process ")[2].partition(",")[0])


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
