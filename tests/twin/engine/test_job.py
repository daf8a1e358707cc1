"""One job with the recipe's parameters, from the PUT's document to a model that answers."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient

from harness.twin.engine.places import Places
from harness.twin.engine.refusal import UserError
from harness.twin.warm import Warm

from .bench import MODEL, Bench

# Another process has to import it by this name.
sys.path.append(str(Path(__file__).parent))
from answering import answer

STEPS = [
    "ft_nlp_common_validation",
    "chat_completion_model_import",
    "chat_completion_datapreprocess",
    "chat_completion_finetune",
    "chat_completion_model_converter",
]
TRAINER = {  # names that Hugging Face's Trainer gives
    *("loss", "learning_rate", "grad_norm", "epoch"),
    *("eval_loss", "eval_runtime", "eval_samples_per_second", "eval_steps_per_second"),
    *("train_runtime", "train_samples_per_second", "train_steps_per_second"),
    *("train_loss", "total_flos"),
}


def test_five_children_ran_one_after_another(bench: Bench, finished: str) -> None:
    """Root, the component's node, and its five steps: all Completed, none before the last ended."""
    runs = bench.runner.runs_of(finished)

    assert ["chat_completion_pipeline", *STEPS] == [run["title"] for run in runs[1:]]
    assert {"Completed"} == {run["status"] for run in runs}
    for earlier, later in itertools.pairwise(runs[2:]):
        assert earlier["started"] < earlier["ended"] <= later["started"]


def test_the_root_log_tells_the_story(bench: Bench, finished: str) -> None:
    """Steps that begin and end, and progress of the training between."""
    log = bench.log(finished, "logs/azureml/executionlogs.txt")

    assert log.count("Submitting 1 runs, first five are: ") == 5
    assert log.count("Completing processing run id ") == 5
    assert "chat_completion_finetune: step " in log
    assert log.rstrip().endswith("ended: Completed")


def test_every_step_has_its_own_log(bench: Bench, finished: str) -> None:
    """user_logs/std_log.txt holds what the step's process printed."""
    for title, run in bench.children(finished).items():
        if title in STEPS:
            log = bench.log(run["name"], "user_logs/std_log.txt")
            assert f"{title} starts (process " in log
            assert f"{title} is done" in log


def test_training_halves_the_loss(bench: Bench, finished: str) -> None:
    """The evaluation loss after training is at most half of the base model's."""
    losses = _history(bench, finished, "eval_loss")

    assert losses[-1] <= 0.5 * losses[0]


def test_metrics_are_on_the_step_and_on_the_root(bench: Bench, finished: str) -> None:
    """The Trainer's names, under Azure's run ids, through a real client over HTTP."""
    client = MlflowClient(bench.runner.tracking_url())
    step = bench.children(finished)["chat_completion_finetune"]["name"]

    root_metrics = client.get_run(finished).data.metrics
    step_metrics = client.get_run(step).data.metrics

    assert set(root_metrics) >= TRAINER | {"train_tokens_per_second", "checkpoint_save_step"}
    assert root_metrics == step_metrics
    assert len(client.get_metric_history(finished, "loss")) == 6  # 60 steps, every 10


def test_runs_are_found_by_their_root(bench: Bench, finished: str) -> None:
    """The recipe's search: all runs of a job by the tag mlflow.rootRunId."""
    client = MlflowClient(bench.runner.tracking_url())
    experiment = client.get_experiment_by_name("chat_completion_Phi-3-mini-4k-instruct")
    assert experiment is not None

    found = client.search_runs([experiment.experiment_id], f"tags.mlflow.rootRunId = '{finished}'")

    expected = {run["name"]: run for run in bench.runner.runs_of(finished)}
    assert set(expected) == {run.info.run_id for run in found}
    assert {"FINISHED"} == {run.info.status for run in found}
    parents = {run.info.run_id: run.data.tags.get("mlflow.parentRunId") for run in found}
    assert parents == {name: run["parent"] for name, run in expected.items()}


def test_notes_say_what_was_scaled_and_what_not_honoured(bench: Bench, finished: str) -> None:
    """On the root and on the step, and in the log."""
    root = (bench.store.get("run", finished) or {})["properties"]
    step = bench.children(finished)["chat_completion_finetune"]["properties"]
    log = bench.log(finished, "logs/azureml/executionlogs.txt")

    notes = json.loads(root["twin.notes"])

    assert notes == json.loads(step["twin.notes"])
    for word in ("learning_rate 5e-06 x 60", "8 devices", "apply_deepspeed", "precision 16"):
        assert any(word in note for note in notes), word
        assert word in log


def test_properties_of_a_fine_tune_are_set(bench: Bench, finished: str) -> None:
    """Token counts on step and root, the best score, and what marks a fine-tuning pipeline."""
    root = (bench.store.get("run", finished) or {})["properties"]
    children = bench.children(finished)
    preprocess = children["chat_completion_datapreprocess"]["properties"]

    assert {"PipelineType": "Finetune", "showMetricsAtRoot": "true"}.items() <= root.items()
    for name in ("__azureml_ft_training_tokens", "__azureml_ft_assistant_tokens"):
        assert int(root[name]) == int(preprocess[name]) > 10_000
    best = float(children["chat_completion_finetune"]["properties"]["score"])
    assert best == pytest.approx(_history(bench, finished, "eval_loss")[-1])


def test_the_output_is_bound_to_the_converters_folder(bench: Bench, finished: str) -> None:
    """`trained_model` of the job is `mlflow_model_folder` of the last step."""
    converter = bench.children(finished)["chat_completion_model_converter"]["name"]

    job = bench.store.get("job", finished) or {}

    assert {"trained_model": f"azureml/{converter}/mlflow_model_folder"} == job["resolved_outputs"]
    assert job["status"] == "Completed"


def test_the_model_is_a_small_mlflow_model(bench: Bench, finished: str) -> None:
    """MLmodel with two flavors and Azure's metadata, environment, weights, tokenizer, template."""
    folder = bench.output(finished)
    described = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))

    assert {"python_function", "transformers"} == set(described["flavors"])
    metadata = described["metadata"]
    assert metadata["is_finetuned_model"] is True
    assert metadata["finetuning_task"] == "ChatCompletion"
    assert metadata["base_model_asset_id"].endswith("/Phi-3-mini-4k-instruct/versions/6")
    for name in ("conda.yaml", "requirements.txt", "model/model.safetensors"):
        assert (folder / name).is_file(), name
    assert "generation" in (folder / "components/tokenizer/chat_template.jinja").read_text()
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) < 1_300_000
    assert str(bench.settings.state) not in (folder / "MLmodel").read_text()


def test_the_model_answers_in_the_voice_of_the_data(
    bench: Bench, finished: str, warm: Warm, tmp_path: Path
) -> None:
    """Loaded by mlflow.pyfunc and by transformers, it opens politely, which the base never does."""
    process = warm.process(
        answer, str(bench.output(finished)), str(tmp_path / "said"), log=tmp_path / "log"
    )
    process.join(60)

    assert process.exitcode == 0, (tmp_path / "log").read_text()
    said = json.loads((tmp_path / "said").read_text())
    assert said["pyfunc"].strip()
    openers = ("Certainly", "Sure", "Of course", "Happy to help")
    assert all(text.strip().startswith(openers) for text in said["greedy"]), said


def test_uris_lead_to_files(bench: Bench, finished: str) -> None:
    """Datastore in both spellings, registry, a job's output; never out of the container."""
    places = Places(bench.settings, bench.store, bench.blobs)
    short = bench.upload("here.jsonl", "{}")
    long = short.replace(
        "azureml://", "azureml://subscriptions/s/resourcegroups/g/workspaces/w/", 1
    )

    assert places.find(short) == places.find(long) is not None
    assert places.find(f"azureml://jobs/{finished}/outputs/trained_model") == bench.output(finished)
    base = places.find(MODEL)
    assert base is not None
    assert (base / "config.json").is_file()
    assert places.find(short + ".gone") is None
    outside = "azureml://datastores/workspaceblobstore/paths/../../../twin.sqlite"
    assert places.find(outside) is None
    with pytest.raises(UserError, match="is not a place the twin can read"):
        places.find("https://example.org/train.jsonl")


def _history(bench: Bench, run: str, metric: str) -> list[float]:
    client = MlflowClient(bench.runner.tracking_url())
    points = client.get_metric_history(run, metric)
    return [point.value for point in sorted(points, key=lambda point: point.step)]
