"""The inputs of `chat_completion_pipeline`: names, defaults, choices, as the engine reads them.

Source: azureml-assets, chat_completion_pipeline specs 0.0.42, 0.0.51 and 0.0.82; where they differ
in choices (optim, evaluation_strategy) the union is accepted, so that a job of any era runs.
Everything arrives as text, because Azure turns literals into text on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.twin.engine.refusal import UserError

Kind = Literal["text", "whole", "number", "file", "model"]
Value = str | int | float | None

FLAG = ("true", "false")


@dataclass(frozen=True)
class Input:
    """One input of the component."""

    name: str
    kind: Kind
    default: Value = None
    choices: tuple[str, ...] = ()
    minimum: int | None = None


INPUTS: tuple[Input, ...] = (
    Input("instance_type_model_import", "text", "Standard_d12_v2"),
    Input("instance_type_preprocess", "text", "Standard_d12_v2"),
    Input("instance_type_finetune", "text", "Standard_nc24rs_v3"),
    Input("instance_type_model_evaluation", "text", "Standard_nc24rs_v3"),
    Input("shm_size_finetune", "text", "5g"),
    Input("num_nodes_finetune", "whole", 1, minimum=1),
    Input("number_of_gpu_to_use_finetuning", "whole", 1, minimum=1),
    Input("huggingface_id", "text"),
    Input("pytorch_model_path", "model"),
    Input("mlflow_model_path", "model"),
    Input("finetune_config_path", "file"),
    Input("trust_remote_code", "text", "false", FLAG),
    Input("task_name", "text", "ChatCompletion", ("ChatCompletion",)),
    Input("batch_size", "whole", 1000, minimum=1),
    Input("pad_to_max_length", "text", "false", FLAG),
    Input("max_seq_length", "whole", -1),
    Input("train_file_path", "file"),
    Input("validation_file_path", "file"),
    Input("test_file_path", "file"),
    Input("train_mltable_path", "file"),
    Input("validation_mltable_path", "file"),
    Input("test_mltable_path", "file"),
    Input("apply_lora", "text", "false", FLAG),
    Input("merge_lora_weights", "text", "true", FLAG),
    Input("lora_alpha", "whole", 128, minimum=1),
    Input("lora_r", "whole", 8, minimum=1),
    Input("lora_dropout", "number", 0.0),
    Input("num_train_epochs", "whole", 1, minimum=1),
    Input("max_steps", "whole", -1),
    Input("per_device_train_batch_size", "whole", 1, minimum=1),
    Input("per_device_eval_batch_size", "whole", 1, minimum=1),
    Input("auto_find_batch_size", "text", "false", FLAG),
    Input("optim", "text", "adamw_torch", ("adamw_hf", "adamw_torch", "adafactor")),
    Input("learning_rate", "number", 2e-5),
    Input("warmup_steps", "whole", 0, minimum=0),
    Input("weight_decay", "number", 0.0),
    Input("adam_beta1", "number", 0.9),
    Input("adam_beta2", "number", 0.999),
    Input("adam_epsilon", "number", 1e-8),
    Input("gradient_accumulation_steps", "whole", 1, minimum=1),
    Input("eval_accumulation_steps", "whole", -1),
    Input(
        "lr_scheduler_type",
        "text",
        "linear",
        (
            "linear",
            "cosine",
            "cosine_with_restarts",
            "polynomial",
            "constant",
            "constant_with_warmup",
        ),
    ),
    Input("precision", "text", "32", ("32", "16")),
    Input("seed", "whole", 42),
    Input("enable_full_determinism", "text", "false", FLAG),
    Input("dataloader_num_workers", "whole", 0, minimum=0),
    Input("ignore_mismatched_sizes", "text", "false", FLAG),
    Input("max_grad_norm", "number", 1.0),
    Input("evaluation_strategy", "text", "epoch", ("epoch", "steps", "disable")),
    Input("evaluation_steps_interval", "number", 0.0),
    Input("eval_steps", "whole", 500, minimum=1),
    Input("logging_strategy", "text", "steps", ("epoch", "steps")),
    Input("logging_steps", "whole", 10, minimum=1),
    Input("metric_for_best_model", "text", "loss", ("loss", "f1", "exact")),
    Input("resume_from_checkpoint", "text", "false", FLAG),
    Input("save_total_limit", "whole", -1),
    Input("apply_early_stopping", "text", "false", FLAG),
    Input("early_stopping_patience", "whole", 1, minimum=1),
    Input("early_stopping_threshold", "number", 0.0),
    Input("apply_deepspeed", "text", "false", FLAG),
    Input("deepspeed", "file"),
    Input("deepspeed_stage", "text", "2", ("2", "3")),
    Input("apply_ort", "text", "false", FLAG),
    Input("evaluation_config", "file"),
    Input("evaluation_config_params", "text"),
    Input("compute_model_import", "text", "serverless"),
    Input("compute_preprocess", "text", "serverless"),
    Input("compute_finetune", "text", "serverless"),
    Input("compute_model_evaluation", "text", "serverless"),
)

_BY_NAME = {item.name: item for item in INPUTS}


class Parameters:
    """The inputs of one job, typed; defaults filled in."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = dict(values)

    def text(self, name: str) -> str:
        """A text input."""
        return str(self._values[name])

    def whole(self, name: str) -> int:
        """An integer input."""
        return int(self._values[name] or 0)

    def number(self, name: str) -> float:
        """A number input."""
        return float(self._values[name] or 0.0)

    def yes(self, name: str) -> bool:
        """A "true"/"false" input, as the component compares it: only the text "true" is yes."""
        return self._values[name] == "true"

    def changed(self, name: str) -> bool:
        """Whether it is another value than the component's default."""
        return self._values[name] != _BY_NAME[name].default

    def given(self, name: str) -> str | None:
        """An optional input, None when it was not given."""
        value = self._values[name]
        return None if value in (None, "") else str(value)


def read(raw: Mapping[str, str]) -> Parameters:
    """The parameters in what was sent; literals are text there ("3", "5e-06").

    Raises UserError with every problem at once: a value of the wrong type, outside its choices or
    under its minimum, a learning rate that is not positive, settings that exclude each other.
    """
    values: dict[str, Value] = {item.name: item.default for item in INPUTS}
    problems: list[str] = []
    for name, text in raw.items():
        if name in _BY_NAME:
            _take(_BY_NAME[name], text, values, problems)
    problems += _together(values)
    if problems:
        raise UserError("Invalid component inputs: " + "; ".join(problems))
    return Parameters(values)


def _take(item: Input, text: str, values: dict[str, Value], problems: list[str]) -> None:
    try:
        value = _typed(item, text)
    except ValueError:
        problems.append(f"{item.name}={text!r} is not {_ARTICLE[item.kind]}")
        return
    if item.choices and value not in item.choices:
        problems.append(f"{item.name}={text!r} is not one of {', '.join(item.choices)}")
    elif item.minimum is not None and isinstance(value, int) and value < item.minimum:
        problems.append(f"{item.name}={text} is below the minimum {item.minimum}")
    else:
        values[item.name] = value


_ARTICLE = {"whole": "an integer", "number": "a number", "text": "a text"}


def _typed(item: Input, text: str) -> Value:
    if item.kind == "whole":
        return int(text)
    if item.kind == "number":
        return float(text)
    return str(text)


def _together(values: Mapping[str, Value]) -> list[str]:
    problems = []
    rate = values["learning_rate"]
    if not isinstance(rate, float) or not rate > 0:
        problems.append(f"learning_rate={rate} must be greater than 0")
    if values["auto_find_batch_size"] == "true" and values["apply_deepspeed"] == "true":
        problems.append(
            "auto_find_batch_size='true' cannot be used with apply_deepspeed='true'; "
            "set one of them to 'false'"
        )
    return problems
