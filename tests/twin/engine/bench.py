"""A runner over a state folder of its own, and the job that the recipe sends it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.twin.blob_store import BlobStore
from harness.twin.engine.runner import Endings, Runner
from harness.twin.engine.runs import TERMINAL
from harness.twin.settings import Settings
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


def make_bench(state: Path, warm: Warm, faults: Endings | None = None, **more: Any) -> Bench:
    """The parts over a state folder; `recover` was not called yet. `more` are settings."""
    settings = Settings(state=state, **more)
    store = Store(state / "twin.sqlite")
    blobs = BlobStore(state / "blobs", settings.workspace_id)
    return Bench(settings, store, blobs, Runner(settings, store, blobs, warm, faults))
