"""Step 2, `chat_completion_model_import`: the base model, copied to where the others find it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from harness.twin.engine.profiles import check_folder, make
from harness.twin.engine.refusal import UserError
from harness.twin.engine.steps.step import Outcome, Step

NEEDED = ("config.json", "tokenizer.json", "tokenizer_config.json")
_KEPT = (
    "config.json",
    "generation_config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "tokenizer*",
    "special_tokens_map.json",
    "chat_template.jinja",
)


def run(step: Step) -> Outcome:
    """Raises UserError when what the input names is no Phi-3 with a tokenizer."""
    name = _named(step)
    if step.literals.get(name, "").startswith("azureml://registries/"):
        if step.given:
            check_folder(step.input(name))
        else:
            make(step.profile, step.input(name))
    source = _inside(step.input(name))
    kind = _kind(source)
    target = step.output("output_dir") / "model"
    target.mkdir(exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.is_file() and any(path.match(pattern) for pattern in _KEPT):
            shutil.copyfile(path, target / path.name)
    asset = step.literals.get(name, "")
    arguments = {
        "task_name": "ChatCompletion",
        "model_name": asset.split("/models/")[-1].split("/")[0] or source.name,
        "model_asset_id": asset,
        "model_name_or_path": "model",
        "model_type": kind,
    }
    text = json.dumps(arguments, indent=2)
    (step.output("output_dir") / "finetune_args.json").write_text(text, encoding="utf-8")
    size = sum(path.stat().st_size for path in target.iterdir())
    step.say(f"imported {arguments['model_name']} ({kind}, {size / 1e6:.1f} MB)")
    return Outcome()


def _named(step: Step) -> str:
    """The input that names the model; pytorch_model_path goes before mlflow_model_path."""
    for name in ("pytorch_model_path", "mlflow_model_path"):
        if name in step.missing:
            raise UserError(f"Input {name} leads to no model: {step.missing[name]} was not found.")
        if name in step.inputs:
            return name
    raise UserError(
        "There is no base model: give mlflow_model_path a model of the registry (huggingface_id "
        "would need the internet, which the twin does not reach)."
    )


def _inside(folder: Path) -> Path:
    """The model's own folder; an MLflow model keeps it under `data/model` or `model`."""
    candidates = (folder, folder / "model", folder / "data" / "model")
    return next((place for place in candidates if (place / "config.json").is_file()), folder)


def _kind(folder: Path) -> str:
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise UserError(
            f"The model given as mlflow_model_path has no {', '.join(missing)}; "
            "name a Phi-3 model of the registry, e.g. Phi-3-mini-4k-instruct."
        )
    kind = str(json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type"))
    if kind != "phi3":
        raise UserError(
            f"The model given as mlflow_model_path is of type {kind!r}; this pipeline trains "
            "'phi3' models. Name one of the registry, e.g. Phi-3-mini-4k-instruct."
        )
    return kind
