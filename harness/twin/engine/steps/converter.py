"""Step 5, the model converter: LoRA merged, saved as an MLflow model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from harness.twin.engine.steps.step import Outcome, Step


def run(step: Step) -> Outcome:
    """Leave an MLflow model (flavors transformers and python_function) in `mlflow_model_folder`."""
    imported = step.input("model_selector_output")
    arguments = json.loads((imported / "finetune_args.json").read_text(encoding="utf-8"))
    model = _merged(step.input("model_path"), imported / "model")
    tokenizer = _tokenizer(step.input("model_path"))
    folder = step.output("mlflow_model_folder")
    _save(model, tokenizer, folder, arguments)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    step.say(f"MLflow model saved, {size / 1e6:.2f} MB")
    return Outcome()


def _merged(trained: Path, base: Path) -> Any:
    from transformers import AutoModelForCausalLM

    if not (trained / "adapter_config.json").is_file():
        return AutoModelForCausalLM.from_pretrained(trained)
    from peft import PeftModel

    adapted = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), trained)
    model = adapted.merge_and_unload()
    model.config.use_cache = True
    return model


def _tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def _save(model: Any, tokenizer: Any, folder: Path, arguments: dict[str, str]) -> None:
    import mlflow

    shutil.rmtree(folder)  # save_model wants to make it
    model.name_or_path = arguments["model_name"]  # goes into MLmodel; else a path of this machine
    mlflow.transformers.save_model(
        transformers_model={"model": model, "tokenizer": tokenizer},
        path=str(folder),
        task="llm/v1/chat",
        metadata={
            "is_finetuned_model": True,
            "is_acft_model": True,
            "finetuning_task": arguments["task_name"],
            "base_model_asset_id": arguments["model_asset_id"],
            "base_model_name": arguments["model_name"],
        },
        model_card=None,
        pip_requirements=_REQUIREMENTS,
    )


# Named, because inferring them loads the model in a new process for half a minute.
_REQUIREMENTS = ["mlflow", "torch", "transformers", "accelerate"]
