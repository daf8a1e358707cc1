"""Step 4, `chat_completion_finetune`: the Hugging Face Trainer, with LoRA through peft."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from transformers import EarlyStoppingCallback, Trainer, TrainingArguments, set_seed

from harness.twin.engine import inputs
from harness.twin.engine.inputs import Parameters
from harness.twin.engine.profiles import PROFILES
from harness.twin.engine.steps import network
from harness.twin.engine.steps.batches import Padded, load
from harness.twin.engine.steps.metrics import Progress
from harness.twin.engine.steps.preprocess import load_tokenizer
from harness.twin.engine.steps.schedule import Schedule, schedule
from harness.twin.engine.steps.step import Outcome, Step, log


def run(step: Step) -> Outcome:
    """Train, evaluate before and after, leave adapter or weights in `pytorch_model_folder`."""
    network.repeatable()
    parameters = inputs.read(step.literals)
    base = step.input("model_selector_output") / "model"
    data = step.input("preprocess_output")
    train, validation = load(data / "train.jsonl"), load(data / "validation.jsonl")
    cuda = torch.cuda.is_available()
    plan = schedule(parameters, step.profile, len(train), Path(step.work), cuda)
    for note in plan.notes:
        step.say(f"note: {note}")
    model = _model(base, parameters, cuda, PROFILES[step.profile].lean)
    progress = Progress(step)
    trainer = _trainer(model, base, parameters, plan, train, validation, progress)
    if plan.arguments["eval_strategy"] != "no" and validation:
        trainer.evaluate()  # the base model's loss, so that the fall can be seen
    result = trainer.train()
    _speed(trainer, result.metrics, train, progress)
    _save(step, trainer, base, progress)
    _say_end(step, progress)
    return Outcome(
        properties=_properties(trainer),
        root_properties={"PipelineType": "Finetune", "showMetricsAtRoot": "true"},
        notes=plan.notes,
    )


def _model(base: Path, parameters: Parameters, cuda: bool, lean: bool) -> Any:
    set_seed(parameters.whole("seed"))  # LoRA's first weights are drawn
    # full fine-tuning keeps 32-bit weights under bf16 autocast: small updates would be lost
    half = cuda and parameters.text("precision") == "16" and parameters.yes("apply_lora")
    model = network.load_model(base, parameters.yes("ignore_mismatched_sizes"), cuda, half)
    if parameters.yes("apply_lora"):
        model = network.with_lora(model, parameters)
    if lean:
        network.lean(model)
        log("activations are recomputed (gradient checkpointing)")
    log("trainable parameters: {:,} of {:,}".format(*network.trainable(model)))
    return model


def _trainer(
    model: Any,
    base: Path,
    parameters: Parameters,
    plan: Schedule,
    train: list[Any],
    validation: list[Any],
    progress: Progress,
) -> Trainer:
    tokenizer, limit = load_tokenizer(base, parameters.whole("max_seq_length"))
    width = limit if parameters.yes("pad_to_max_length") else None
    callbacks: list[Any] = [progress]
    if parameters.yes("apply_early_stopping") and plan.arguments["eval_strategy"] != "no":
        callbacks.append(
            EarlyStoppingCallback(
                parameters.whole("early_stopping_patience"),
                parameters.number("early_stopping_threshold"),
            )
        )
    return Trainer(
        model=model,
        args=TrainingArguments(**plan.arguments),
        train_dataset=train,
        eval_dataset=validation or None,
        data_collator=Padded(tokenizer.pad_token_id, width),
        callbacks=callbacks,
    )


def _speed(
    trainer: Trainer, result: dict[str, float], train: list[Any], progress: Progress
) -> None:
    """`train_tokens_per_second`, padding not counted."""
    tokens = sum(len(row["input_ids"]) for row in train) * (trainer.state.epoch or 0.0)
    if result.get("train_runtime"):
        speed = tokens / result["train_runtime"]
        progress.log({"train_tokens_per_second": round(speed, 1)}, trainer.state.global_step)


def _save(step: Step, trainer: Trainer, base: Path, progress: Progress) -> None:
    """The adapter (LoRA) or all weights, the tokenizer, and all points of all metrics."""
    from transformers import AutoTokenizer

    folder = step.output("pytorch_model_folder")
    trained: Any = trainer.model
    trained.save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    text = json.dumps(progress.history, indent=1)
    (folder / "log_history.json").write_text(text, encoding="utf-8")


def _properties(trainer: Trainer) -> dict[str, str]:
    best = trainer.state.best_metric
    return {"run_algorithm": "Phi3ForCausalLM", **({"score": str(best)} if best else {})}


def _say_end(step: Step, progress: Progress) -> None:
    losses = [entry["eval_loss"] for entry in progress.history if "eval_loss" in entry]
    if len(losses) > 1:
        step.say(f"eval_loss {losses[0]:.3f} before, {losses[-1]:.3f} after training")
    else:
        step.say("trained without evaluation")
