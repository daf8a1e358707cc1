"""From the component's inputs to `TrainingArguments`, and what could not be honoured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.twin.engine.inputs import Parameters
from harness.twin.engine.profiles import PROFILES


@dataclass(frozen=True)
class Schedule:
    """How a run is to go: arguments for the Trainer, notes on what was changed.

    `batch` is the global batch of one forward pass: per-device batch x GPUs x nodes.
    """

    arguments: dict[str, Any]
    notes: tuple[str, ...]
    batch: int


def schedule(parameters: Parameters, profile: str, rows: int, out: Path, cuda: bool) -> Schedule:
    """The schedule of a run over `rows` training rows, writing checkpoints under `out`."""
    notes: list[str] = []
    devices = _devices(parameters)
    batch = parameters.whole("per_device_train_batch_size") * devices
    if devices > 1:
        notes.append(
            f"number_of_gpu_to_use_finetuning x num_nodes_finetune = {devices} devices are "
            f"simulated by one process with a batch {devices} times as large ({batch})"
        )
    arguments: dict[str, Any] = {
        "output_dir": str(out),
        "per_device_train_batch_size": batch,
        "per_device_eval_batch_size": parameters.whole("per_device_eval_batch_size") * devices,
    }
    arguments |= _passed(parameters) | _this_machine(cuda)
    arguments |= _rate(parameters, profile, notes)
    arguments |= _optimizer(parameters, cuda, notes)
    arguments |= _precision(parameters, cuda, notes)
    arguments |= _evaluation(parameters, rows, batch, notes)
    _not_here(parameters, cuda, notes)
    return Schedule(arguments, tuple(notes), batch)


def _devices(parameters: Parameters) -> int:
    gpus, nodes = "number_of_gpu_to_use_finetuning", "num_nodes_finetune"
    return parameters.whole(gpus) * parameters.whole(nodes)


# Inputs that the Trainer knows by the same name.
_WHOLE = (
    "num_train_epochs",
    "max_steps",
    "gradient_accumulation_steps",
    "warmup_steps",
    "seed",
    "dataloader_num_workers",
    "logging_steps",
)
_NUMBER = ("weight_decay", "max_grad_norm", "adam_beta1", "adam_beta2", "adam_epsilon")
_TEXT = ("lr_scheduler_type", "logging_strategy")


def _passed(parameters: Parameters) -> dict[str, Any]:
    """What is handed on as it is."""
    found: dict[str, Any] = {name: parameters.whole(name) for name in _WHOLE}
    found |= {name: parameters.number(name) for name in _NUMBER}
    found |= {name: parameters.text(name) for name in _TEXT}
    return found | {
        "data_seed": parameters.whole("seed"),
        "auto_find_batch_size": parameters.yes("auto_find_batch_size"),
        "full_determinism": parameters.yes("enable_full_determinism"),
    }


def _this_machine(cuda: bool) -> dict[str, Any]:
    return {
        "dataloader_pin_memory": cuda,
        "report_to": "none",  # our own callback logs, to the step and to the root
        "disable_tqdm": True,
        "remove_unused_columns": False,
        "use_cpu": not cuda,
    }


def _rate(parameters: Parameters, profile: str, notes: list[str]) -> dict[str, Any]:
    asked, kind = parameters.number("learning_rate"), PROFILES[profile]
    rate = asked * kind.learning_rate_scale
    if kind.learning_rate_scale != 1.0:
        notes.append(
            f"learning_rate {asked:g} x {kind.learning_rate_scale:g} = {rate:g} "
            f"(profile {profile}: {kind.why})"
        )
    return {"learning_rate": rate}


def _optimizer(parameters: Parameters, cuda: bool, notes: list[str]) -> dict[str, Any]:
    """On CUDA in its fused form: the same arithmetic in one kernel."""
    asked = parameters.text("optim")
    if asked == "adamw_hf":
        notes.append("optim adamw_hf left transformers; adamw_torch is used")
        asked = "adamw_torch"
    return {"optim": f"{asked}_fused" if cuda and asked == "adamw_torch" else asked}


def _precision(parameters: Parameters, cuda: bool, notes: list[str]) -> dict[str, Any]:
    """16 means bf16 on CUDA, as in the component.

    Autocast to bf16 works on a CPU, to four digits of the loss, but without AMX a step of 8 x 96
    tokens takes 33 ms instead of 25 ms, so there 32 is used.
    """
    if parameters.text("precision") == "32":
        return {}
    if cuda:
        return {"bf16": True, "tf32": True}
    notes.append("precision 16 is run as 32: no CUDA device, and bf16 on this CPU only costs time")
    return {}


def _evaluation(parameters: Parameters, rows: int, batch: int, notes: list[str]) -> dict[str, Any]:
    """When to evaluate and to keep a checkpoint; the two go together, as in the component."""
    strategy = parameters.text("evaluation_strategy")
    if strategy == "disable":
        if parameters.yes("apply_early_stopping"):
            notes.append("apply_early_stopping needs an evaluation, and evaluation is disabled")
        return {"eval_strategy": "no", "save_strategy": "no"}
    if parameters.text("metric_for_best_model") != "loss":
        notes.append(
            f"metric_for_best_model {parameters.text('metric_for_best_model')} is not computed for "
            "chat completion; loss is used"
        )
    limit = parameters.whole("save_total_limit")
    every = _eval_steps(parameters, rows, batch)
    return {
        "eval_strategy": strategy,
        "save_strategy": strategy,
        "eval_steps": every,
        "save_steps": every,
        "load_best_model_at_end": True,
        "metric_for_best_model": "loss",
        "greater_is_better": False,
        "save_total_limit": limit if limit > 0 else None,
        "eval_accumulation_steps": max(parameters.whole("eval_accumulation_steps"), 0) or None,
    }


def _eval_steps(parameters: Parameters, rows: int, batch: int) -> int:
    """`evaluation_steps_interval` is a part of an epoch and wins over `eval_steps` when set."""
    part = parameters.number("evaluation_steps_interval")
    if part <= 0:
        return parameters.whole("eval_steps")
    accumulated = batch * parameters.whole("gradient_accumulation_steps")
    return max(1, int(part * -(-rows // accumulated)))


# Inputs nothing here can follow, with the value that asks for them.
_UNHONOURED = (
    ("apply_deepspeed", "true", "DeepSpeed needs CUDA devices; the stage has no effect"),
    (
        "apply_ort",
        "true",
        "ONNX Runtime training is not installed (Azure's code forces it off too)",
    ),
    ("resume_from_checkpoint", "true", "this job starts with no checkpoint to resume from"),
    ("trust_remote_code", "true", "the base model carries no code"),
    (
        "merge_lora_weights",
        "false",
        "mlflow_model_folder holds merged weights all the same; "
        "the adapter apart is in pytorch_model_folder",
    ),
)
_SERVERLESS = (
    "instance_type_model_import",
    "instance_type_preprocess",
    "instance_type_finetune",
    "instance_type_model_evaluation",
    "shm_size_finetune",
)
_UNREAD = ("finetune_config_path", "deepspeed", "evaluation_config", "evaluation_config_params")


def _not_here(parameters: Parameters, cuda: bool, notes: list[str]) -> None:
    for name, value, why in _UNHONOURED:
        if parameters.text(name) == value:
            notes.append(f"{name} {value} is not honoured: {why}")
    for name in filter(parameters.changed, _SERVERLESS):
        notes.append(f"{name} has no effect: every step runs on the twin's own machine")
    notes += [f"{name} is not read" for name in _UNREAD if parameters.given(name)]
