"""A runner with real processes, one finished job for all tests, and steps to run by themselves."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import requests
import uvicorn
from starlette.applications import Starlette

from harness.twin.blob_store import BlobStore
from harness.twin.engine.runner import Endings, Runner
from harness.twin.engine.runs import TERMINAL
from harness.twin.engine.steps import step as steps
from harness.twin.engine.steps.child import enter
from harness.twin.errors import WireFailure, failure_response
from harness.twin.faults import Faults
from harness.twin.lifecycle import Operations
from harness.twin.routes import history, jobs, mlflow, operations
from harness.twin.settings import Settings
from harness.twin.state import Twin
from harness.twin.store import Store
from harness.twin.warm import Warm

DATA = Path(__file__).parents[3] / "data"
BASE = DATA / "tiny_phi3"
COMPONENT = "azureml://registries/azureml/components/chat_completion_pipeline/versions/0.0.51"
MODEL = "azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/6"
# What the recipe sends in the era of model v7 (on one node of eight GPUs).
RECIPE = {
    "apply_lora": "true",
    "apply_deepspeed": "true",
    "deepspeed_stage": "2",
    "apply_ort": "false",
    "precision": "16",
    "ignore_mismatched_sizes": "false",
    "num_train_epochs": "1",
    "per_device_train_batch_size": "1",
    "per_device_eval_batch_size": "1",
    "gradient_accumulation_steps": "1",
    "learning_rate": "5e-06",
    "lr_scheduler_type": "cosine",
    "logging_strategy": "steps",
    "logging_steps": "10",
    "save_total_limit": "1",
    "number_of_gpu_to_use_finetuning": "8",
    "compute_finetune": "gpu-cluster-big",
}
# Enough to see an effect, in about a second.
SHORT = {"apply_lora": "true", "learning_rate": "5e-06", "max_steps": "4", "logging_steps": "1"}


@dataclass(frozen=True)
class Bench:
    """The parts of a twin that the engine needs, over one state folder."""

    settings: Settings
    store: Store
    blobs: BlobStore
    runner: Runner

    def upload(self, name: str, text: str) -> str:
        """Put a file where the SDK would; its URI."""
        path = f"LocalUpload/0123/{name}"
        target = self.blobs.folder(self.blobs.workspace_container) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return f"azureml://datastores/workspaceblobstore/paths/{path}"

    def submit(self, name: str, literals: Mapping[str, str], **uris: str) -> None:
        """Start a job as the route does."""
        document = {
            "name": name,
            "properties": job_properties(literals, uris),
            "status": "Preparing",
            "created": "2026-01-01T00:00:00.0000000+00:00",
        }
        self.store.put("job", name, document)
        self.runner.submit(name)

    def wait(self, name: str, *states: str, seconds: float = 60) -> dict[str, Any]:
        """The root run, once it is in one of the states (default: a terminal one)."""
        return self.wait_run(name, states or TERMINAL, seconds)

    def wait_run(self, run: str, states: tuple[str, ...], seconds: float = 60) -> dict[str, Any]:
        """Any run, once it is in one of the states."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.store.get("run", run)
            if found and found["status"] in states:
                return found
            time.sleep(0.02)
        raise AssertionError(f"{run} is {found and found['status']}, not {states}")

    def children(self, name: str) -> dict[str, dict[str, Any]]:
        """Runs of a job below the root, by title."""
        return {run["title"]: run for run in self.runner.runs_of(name)[1:]}

    def log(self, run: str, name: str) -> str:
        """The text of a log, read from its blob."""
        blob = (self.store.get("run", run) or {})["logs"][name]
        folder = self.blobs.folder(self.blobs.artifact_container)
        return (folder / blob).read_text(encoding="utf-8")

    def output(self, name: str, output: str = "trained_model") -> Path:
        """The folder behind an output of a job."""
        prefix = (self.store.get("job", name) or {})["resolved_outputs"][output]
        return self.blobs.folder(self.blobs.workspace_container) / prefix


def job_properties(literals: Mapping[str, str], uris: Mapping[str, str]) -> dict[str, Any]:
    """The body of the recipe's job, as azure-ai-ml 1.35.2 writes it."""
    inputs: dict[str, Any] = {
        name: {"job_input_type": "literal", "value": value} for name, value in literals.items()
    }
    kinds = {"mlflow_model_path": "mlflow_model"}
    for name, uri in ({"mlflow_model_path": MODEL} | dict(uris)).items():
        inputs[name] = {"job_input_type": kinds.get(name, "uri_file"), "uri": uri}
    return {
        "displayName": "Phi-3-mini-4k-instruct-ultrachat-bs8-cosine-ds2-lora",
        "experimentName": "chat_completion_Phi-3-mini-4k-instruct",
        "jobType": "Pipeline",
        "tags": {},
        "properties": {},
        "inputs": {},
        "jobs": {
            "chat_completion_pipeline": {
                "name": "chat_completion_pipeline",
                "type": "pipeline",
                "componentId": COMPONENT,
                "inputs": inputs,
                "outputs": {
                    "mlflow_model_folder": {
                        "value": "${{parent.outputs.trained_model}}",
                        "type": "literal",
                    }
                },
                "_source": "REGISTRY",
            }
        },
        "outputs": {"trained_model": {"jobOutputType": "mlflow_model"}},
        "settings": {
            "continue_on_step_failure": False,
            "force_rerun": True,
            "_source": "DSL",
        },
    }


@pytest.fixture(scope="session")
def warm() -> Warm:
    """The warm process all tests fork from."""
    found = Warm()
    found.start()
    assert found.wait(120)
    return found


@pytest.fixture(scope="session")
def bench(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A runner with its tracking server; shared, since jobs do not see each other."""
    found = make_bench(tmp_path_factory.mktemp("state"), warm)
    found.runner.recover()
    yield found
    found.runner.close()


def make_bench(state: Path, warm: Warm, faults: Endings | None = None) -> Bench:
    """The parts over a state folder; `recover` was not called yet."""
    settings = Settings(state=state)
    store = Store(state / "twin.sqlite")
    blobs = BlobStore(state / "blobs", settings.workspace_id)
    return Bench(settings, store, blobs, Runner(settings, store, blobs, warm, faults))


@pytest.fixture(scope="session")
def train_file(bench: Bench) -> str:
    """The sample's training split, uploaded."""
    text = (DATA / "ultrachat_sample" / "train_sft.jsonl").read_text(encoding="utf-8")
    return bench.upload("train_sft.jsonl", text)


@pytest.fixture(scope="session")
def finished(bench: Bench, train_file: str) -> str:
    """The name of a job that ran with the recipe's parameters and has ended."""
    name = "jolly_parrot_0123456789"
    bench.submit(name, RECIPE, train_file_path=train_file)
    bench.wait(name, seconds=120)
    return name


@pytest.fixture(scope="session")
def client(bench: Bench) -> Iterator[str]:
    """The address of the engine's routes, served over a real socket."""
    twin = Twin(
        bench.settings,
        bench.store,
        bench.blobs,
        cast("Warm", None),
        bench.runner,
        cast("Any", None),
        Operations(bench.settings, bench.store),
        Faults(),
    )
    served = [*jobs.routes, *history.routes, *mlflow.routes, *operations.routes]
    app = Starlette(
        routes=[route for _, route in served],
        exception_handlers={WireFailure: failure_response},
    )
    app.state.twin = twin
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # requests wait in the queue until the server is up
        server = uvicorn.Server(uvicorn.Config(app, http="h11", ws="none", log_level="warning"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def ask() -> Iterator[requests.Session]:
    """A client that goes through no proxy."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@dataclass(frozen=True)
class Ran:
    """One training by itself: its outcome and where it left what it made."""

    outcome: steps.Outcome
    folder: Path

    @property
    def history(self) -> list[dict[str, float]]:
        """The Trainer's log, entry by entry."""
        text = (self.folder / "trained" / "log_history.json").read_text(encoding="utf-8")
        return cast("list[dict[str, float]]", json.loads(text))

    def series(self, name: str) -> list[float]:
        """One quantity over the training."""
        return [entry[name] for entry in self.history if name in entry]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Imported base model and preprocessed rows of the sample: 24 to train, 8 to validate."""
    from harness.twin.engine.steps import model_import, preprocess

    folder = tmp_path_factory.mktemp("prepared")
    sample = DATA / "ultrachat_sample" / "train_sft.jsonl"
    lines = sample.read_text(encoding="utf-8").splitlines()[:40]
    (folder / "train.jsonl").write_text("\n".join(lines), encoding="utf-8")
    given = {"mlflow_model_path": str(BASE), "model_selector_output": str(folder / "imported")}
    given["train_file_path"] = str(folder / "train.jsonl")
    log = folder / "root.log"
    for module, output in ((model_import, "imported"), (preprocess, "rows")):
        outputs = {"output_dir": str(folder / output)}
        module.run(steps.Step("step", "tiny", {}, given, outputs, str(log), str(folder / "work")))
    return folder


@pytest.fixture
def train(warm: Warm, prepared: Path, tmp_path: Path) -> Callable[[Mapping[str, str]], Ran]:
    """Run the fine-tune step alone, in a process of its own."""
    count = iter(range(100))

    def run(literals: Mapping[str, str]) -> Ran:
        folder = tmp_path / str(next(count))
        step = steps.Step(
            name="chat_completion_finetune",
            profile="tiny",
            literals=literals,
            inputs={
                "model_selector_output": str(prepared / "imported"),
                "preprocess_output": str(prepared / "rows"),
            },
            outputs={"pytorch_model_folder": str(folder / "trained")},
            root_log=str(tmp_path / "root.log"),
            work=str(folder / "work"),
        )
        steps.write_step(folder, step)
        process = warm.process(enter, str(folder), log=folder / "std_log.txt")
        process.join(60)
        outcome = steps.read_outcome(folder)
        assert outcome is not None, (folder / "std_log.txt").read_text()
        return Ran(outcome, folder)

    return run


@pytest.fixture
def copy_of_base(tmp_path: Path) -> Path:
    """The base model's folder, to be spoilt."""
    return Path(shutil.copytree(BASE, tmp_path / "base"))
