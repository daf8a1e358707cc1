"""Each way the recipe can break: a clear message, one error, and nothing left behind.

Real runs against a real twin, each in a process of its own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from harness.recipe.data import SAMPLE, SPLITS
from harness.report.run_record import RunRecord, read
from harness.targets.twin import twin_python

ROOT = Path(__file__).parents[2]
QUICK = ["training.max_steps=20", "scoring.rounds=5", "scoring.warmup=1"]  # not the point here


IGNORE_STAGE = 'finetune.ignore_model_defaults=["deepspeed_stage"]'
IGNORE_RATE = 'finetune.ignore_model_defaults=["learning_rate"]'
ANOTHER_JOBS_MODEL = json.dumps(
    {
        "id": f"/subscriptions/{UUID(int=1)}/resourceGroups/g/providers"
        "/Microsoft.MachineLearningServices/workspaces/w/models/m/versions/1",
        "name": "1",
        "properties": {
            "jobName": "another-job",
            "modelType": "mlflow_model",
            "flavors": {},
            "modelUri": "azureml://datastores/workspaceblobstore/paths/m",
        },
    }
)


@dataclass(frozen=True)
class Outcome:
    """A finished run: its exit code, all it printed, and its record when there is one."""

    code: int
    output: str
    record: RunRecord | None

    def failed_step(self) -> tuple[str, str]:
        """Name and error of the one step that failed."""
        assert self.record is not None
        failed = [step for step in self.record.steps if step.status == "failed"]
        assert len(failed) == 1, [step.name for step in failed]
        return failed[0].name, failed[0].error or ""


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A data set of the hub's layout whose training split has three megabytes."""
    folder = tmp_path / "large"
    folder.mkdir()
    files = "".join(f"  - split: {split}\n    path: {split}.jsonl\n" for split in SPLITS)
    card = f"---\nconfigs:\n- config_name: default\n  data_files:\n{files}---\n"
    (folder / "README.md").write_text(card)
    for split in SPLITS:
        text = (SAMPLE / f"{split}.jsonl").read_text()
        (folder / f"{split}.jsonl").write_text(text * (10 if split == "train_sft" else 1))
    return folder


def command(folder: Path, *settings: str) -> list[str]:
    """The command line of a run on the twin with these settings."""
    line = [sys.executable, "-m", "pytest", "scenarios/finetune_chat", "--target", "twin"]
    line += ["--reports", str(folder), "-p", "no:cacheprovider"]
    for setting in [*QUICK, *settings]:
        line += ["--set", setting]
    return line


def run_recipe(folder: Path, *settings: str) -> Outcome:
    """The whole scenario on the twin with these settings."""
    done = subprocess.run(
        command(folder, *settings), cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    found = list(folder.glob("2*/run.json"))
    record = read(found[0]) if found else None
    return Outcome(done.returncode, done.stdout + done.stderr, record)


def fault(*specs: str) -> str:
    """The setting that makes the twin misbehave."""
    return "twin.faults=[" + ", ".join(f"'{spec}'" for spec in specs) + "]"


@pytest.mark.parametrize(
    ("settings", "step", "checks", "says", "next_command"),
    [
        pytest.param(
            ["base_model.name=Phi-4-nano"],
            "base_model",
            [],
            ["'Phi-4-nano'", "is not in registry 'azureml'"],
            "az ml model list",
            id="unknown-model",
        ),
        pytest.param(
            ["finetune.component=chat_pipeline"],
            "base_model",
            [],
            ["'chat_pipeline'", "is not in registry 'azureml'"],
            "az ml component list",
            id="unknown-component",
        ),
        pytest.param(
            ["compute.size=Standard_ND40rs_v2"],
            "cluster",
            ["compute.allowed"],
            ["Standard_ND40rs_v2 is not in the model's list for fine-tuning"],
            "set compute.size in plan.toml to one of",
            id="training-size-outside-the-list",
        ),
        pytest.param(
            ["deployment.size=STANDARD_NC4AS_T4_V3"],
            "cluster",
            ["compute.allowed", "compute.spec"],
            ["STANDARD_NC4AS_T4_V3 is not in the model's list for inference"],
            "set deployment.size in plan.toml to one of",
            id="serving-size-outside-the-list",
        ),
        pytest.param(
            ["compute.size=Standard_ND96amsr_A100_v4"],
            "cluster",
            ["quota.cores"],
            ["not enough quota for the cluster of Standard_ND96amsr_A100_v4", "0 of 0"],
            "list-usage",
            id="quota",
        ),
        pytest.param(
            ["twin.era=feb-2025"],
            "base_model",
            ["contract.names"],
            ["learning_rate_max (a default in the model's tag", "did you mean learning_rate?"],
            "set finetune.ignore_model_defaults",
            id="defaults-the-component-lacks",
        ),
        pytest.param(
            ["optimization.deepspeed_stage=4", IGNORE_STAGE],
            "base_model",
            ["contract.values"],
            ["deepspeed_stage = 4 (from plan.toml) is none of 2, 3"],
            "correct deepspeed_stage in [training] or [optimization]",
            id="a-value-the-sdk-lets-through",
        ),
        pytest.param(
            [fault("refuse:compute.create:status=400")],
            "cluster",
            ["cluster.created"],
            ["was refused", "Dedicated: ", "LowPriority: "],
            "list-usage",
            id="cluster-refused-in-every-tier",
        ),
        pytest.param(
            [fault("full:blob.put")],
            "job",
            [],
            ["uploading its data to", ".blob.core.windows.net failed", "account is disabled"],
            "az ml workspace show --query storage_account",
            id="storage-full-while-uploading",
        ),
        pytest.param(
            [fault("refuse:compute.get:status=403,code=AuthorizationFailed")],
            "cluster",
            [],
            ["cannot tell whether cluster", "Nothing was created"],
            "az ml compute show",
            id="no-right-to-look-is-not-absence",
        ),
        pytest.param(
            [fault("ends:job.submit:Failed,child=chat_completion_finetune")],
            "job",
            ["job.completed"],
            ["ended as Failed, not Completed", "chat_completion_finetune: Failed: "],
            "az ml job show",
            id="job-fails-in-fine-tune",
        ),
        pytest.param(
            [fault("ends:job.submit:Canceled")],
            "job",
            ["job.completed"],
            ["ended as Canceled, not Completed"],
            "az ml job show",
            id="job-canceled",
        ),
        pytest.param(
            ["training.learning_rate=1e-12", IGNORE_RATE],
            "job",
            ["metrics.falls"],
            ["the model is no better than its base: evaluation loss"],
            "az ml job download",
            id="a-training-that-trains-nothing",
        ),
        pytest.param(
            [fault(f"answers:model.register:{ANOTHER_JOBS_MODEL}")],
            "registered",
            ["lineage.unbroken"],
            ["job -> registered model: another-job is not finetune-chat-"],
            "az ml model show",
            id="a-model-of-another-job",
        ),
        pytest.param(
            [fault("ends:deployment.create:Failed")],
            "deployed",
            ["rollout.came_up"],
            ["did not become healthy", "log lines ---"],
            "az ml online-deployment get-logs",
            id="deployment-never-healthy",
        ),
        pytest.param(
            [fault("answers:scoring.invoke:{}")],
            "answer",
            ["answer.shape"],
            ["none of the known shapes: '{}'"],
            "shows the exception that the container swallowed",
            id="empty-answer-with-200",
        ),
        pytest.param(
            ["twin.image=foundation-model-serve"],
            "answer",
            ["answer.shape"],
            ["an error inside a 200", "messages must be objects with role and content"],
            "compare sample_score.json with the shape its image expects",
            id="an-image-that-takes-no-nested-messages",
        ),
    ],
)
def test_it_says_what_broke_and_leaves_nothing(
    tmp_path: Path,
    settings: list[str],
    step: str,
    checks: list[str],
    says: list[str],
    next_command: str,
) -> None:
    """One error in the step that broke, saying what and what next; step 9 ran, nothing is left.

    Exactly the named checks found an error; none where the service itself refused.
    """
    outcome = run_recipe(tmp_path, *settings)

    name, error = outcome.failed_step()
    assert name == step, outcome.output
    for text in [*says, next_command]:
        assert text in error
    assert outcome.record is not None
    errors = [each for each in outcome.record.findings if each.severity == "error"]
    assert [each.check for each in errors] == checks
    assert all(each.blame and each.evidence for each in errors)
    assert outcome.record.leftovers == ()
    assert outcome.record.steps[8].status == "passed"
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert outcome.record.tests.errors + outcome.record.tests.failed == 1
    assert f"({name}), which failed" in outcome.output


def test_a_bad_plan_key_starts_nothing(tmp_path: Path) -> None:
    """The run ends at once: no twin, no report folder, the list of keys that exist."""
    outcome = run_recipe(tmp_path, "compute.sise=x")

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert (
        "compute.sise is unknown (did you mean size?); [compute] has name, size" in outcome.output
    )
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_deleted_is_named_with_its_command(tmp_path: Path) -> None:
    """A refused delete fails the run, and the message holds the command that finishes the job."""
    outcome = run_recipe(tmp_path, fault("refuse:endpoint.delete:status=403"))

    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    name, error = outcome.failed_step()
    assert name == "cleanup"
    assert outcome.record is not None
    (left,) = outcome.record.leftovers
    assert left.kind == "endpoint"
    assert left.command.startswith(f"az ml online-endpoint delete --yes --name {left.name} --sub")
    assert left.command in error
    assert left.command in outcome.output
    assert {deleted.kind for deleted in outcome.record.deleted} == {"compute", "job"}


def test_the_registry_of_today_works_once_told_what_to_ignore(tmp_path: Path) -> None:
    """Following the refusal's own next command, the recipe of today runs green."""
    ignored = ["learning_rate_max", "learning_rate_min"]
    outcome = run_recipe(
        tmp_path, "twin.era=today", f"finetune.ignore_model_defaults={json.dumps(ignored)}"
    )

    assert outcome.code == pytest.ExitCode.OK, outcome.output
    assert outcome.record is not None
    said = {each.check for each in outcome.record.findings if each.severity != "info"}
    assert said == {
        "compute.allowed",
        "compute.spec",
        "contract.precedence",
        "model.archived",
        "model.retired",
    }
    page = next(tmp_path.glob("2*/index.html")).read_text()
    assert "cannot tell whether Standard_NC24ads_A100_v4 is right" in page
    assert "who can mend it: base model" in page
    assert "cannot tell: the model publishes no" in outcome.output


def test_nothing_to_ask_is_known_before_the_training(
    tmp_path: Path, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No row of test_gen ends with the user's turn: step 4 says so, and no job is submitted."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    rows = (SAMPLE / "test_gen.jsonl").read_text().splitlines(keepends=True)
    answered = [row for row in rows if json.loads(row)["messages"][-1]["role"] == "assistant"]
    (large / "test_gen.jsonl").write_text("".join(answered))

    outcome = run_recipe(tmp_path, "data.source=hub", "data.percent=100", f"data.dataset={large}")

    name, error = outcome.failed_step()
    assert name == "splits"
    assert f"none of the {len(answered)} rows of test_gen.jsonl ends with a user's turn" in error
    assert outcome.record is not None
    assert {deleted.kind for deleted in outcome.record.deleted} == {"compute"}
    (found,) = [each for each in outcome.record.findings if each.severity == "error"]
    assert (found.check, found.blame) == ("data.prompts", "data")


def test_no_network_to_the_twin(tmp_path: Path) -> None:
    """A twin that dies at once: step 1 says what it could not reach, and nothing was created."""
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command(tmp_path), cwd=ROOT, stdout=log, stderr=log)
        killed = kill_twin(tmp_path)
        process.wait(120)

    output = (tmp_path / "log").read_text()
    record = read(next(tmp_path.glob("2*/run.json")))
    assert killed
    assert record.steps[0].status == "failed"
    assert "Next: " in (record.steps[0].error or "")
    assert f"the twin ended with exit code -{signal.SIGKILL.value} during the run" in output
    assert (record.deleted, record.leftovers) == ((), ())


def kill_twin(folder: Path) -> bool:
    """Kill the twin of the run as soon as it is ready."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for ready in folder.glob("2*/twin/ready.json"):
            os.kill(json.loads(ready.read_text())["pid"], signal.SIGKILL)
            return True
        time.sleep(0.005)
    return False


def test_a_disk_that_is_full_while_uploading(
    tmp_path: Path, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin can write no file over two megabytes: the upload is refused, saying what is full."""
    small_disk = tmp_path / "python"
    small_disk.write_text(f'#!/bin/bash\nulimit -f 2048\nexec {twin_python()} "$@"\n')
    small_disk.chmod(0o755)
    monkeypatch.setenv("HARNESS_TWIN_PYTHON", str(small_disk))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))

    outcome = run_recipe(tmp_path, "data.source=hub", "data.percent=100", f"data.dataset={large}")

    name, error = outcome.failed_step()
    assert name == "job"
    assert "uploading its data to" in error
    assert "The disk under the twin's state is full" in error
    assert outcome.record is not None
    assert outcome.record.leftovers == ()
