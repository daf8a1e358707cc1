"""From inputs to the Trainer's arguments: what is honoured is passed on, what is not is noted."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.twin.engine.inputs import read
from harness.twin.engine.steps.schedule import Schedule, schedule


def made(cuda: bool = False, rows: int = 480, profile: str = "tiny", **raw: str) -> Schedule:
    """The schedule for these inputs."""
    return schedule(read(raw), profile, rows, Path("out"), cuda)


@pytest.mark.parametrize(
    ("name", "value", "argument", "expected"),
    [
        ("num_train_epochs", "3", "num_train_epochs", 3),
        ("max_steps", "7", "max_steps", 7),
        ("per_device_train_batch_size", "4", "per_device_train_batch_size", 4),
        ("per_device_eval_batch_size", "5", "per_device_eval_batch_size", 5),
        ("gradient_accumulation_steps", "2", "gradient_accumulation_steps", 2),
        ("auto_find_batch_size", "true", "auto_find_batch_size", True),
        ("lr_scheduler_type", "polynomial", "lr_scheduler_type", "polynomial"),
        ("warmup_steps", "6", "warmup_steps", 6),
        ("weight_decay", "0.1", "weight_decay", 0.1),
        ("adam_beta1", "0.8", "adam_beta1", 0.8),
        ("adam_beta2", "0.98", "adam_beta2", 0.98),
        ("adam_epsilon", "1e-6", "adam_epsilon", 1e-6),
        ("max_grad_norm", "0.5", "max_grad_norm", 0.5),
        ("optim", "adafactor", "optim", "adafactor"),
        ("seed", "7", "seed", 7),
        ("enable_full_determinism", "true", "full_determinism", True),
        ("dataloader_num_workers", "1", "dataloader_num_workers", 1),
        ("logging_steps", "3", "logging_steps", 3),
        ("logging_strategy", "epoch", "logging_strategy", "epoch"),
        ("evaluation_strategy", "steps", "eval_strategy", "steps"),
        ("evaluation_strategy", "disable", "eval_strategy", "no"),
        ("eval_steps", "20", "eval_steps", 20),
        ("eval_accumulation_steps", "3", "eval_accumulation_steps", 3),
        ("save_total_limit", "2", "save_total_limit", 2),
        ("save_total_limit", "-1", "save_total_limit", None),
    ],
)
def test_an_honoured_input_reaches_the_trainer(
    name: str, value: str, argument: str, expected: object
) -> None:
    """Each under the Trainer's own name, without a note."""
    plan = made(**{name: value})

    assert expected == plan.arguments[argument]
    assert len(plan.notes) == 1, plan.notes  # the learning rate's


@pytest.mark.parametrize(
    ("raw", "note"),
    [
        ({"optim": "adamw_hf"}, "adamw_hf left transformers"),
        ({"precision": "16"}, "precision 16 is run as 32"),
        ({"apply_deepspeed": "true"}, "apply_deepspeed true is not honoured"),
        ({"apply_ort": "true"}, "apply_ort true is not honoured"),
        ({"resume_from_checkpoint": "true"}, "no checkpoint to resume"),
        ({"merge_lora_weights": "false"}, "the adapter apart is in pytorch_model_folder"),
        ({"metric_for_best_model": "f1"}, "f1 is not computed"),
        ({"trust_remote_code": "true"}, "carries no code"),
        ({"evaluation_config_params": "{}"}, "evaluation_config_params is not read"),
        (
            {"evaluation_strategy": "disable", "apply_early_stopping": "true"},
            "needs an evaluation",
        ),
        ({"number_of_gpu_to_use_finetuning": "8"}, "8 devices are simulated"),
        ({"instance_type_finetune": "Standard_NC24ads_A100_v4"}, "has no effect"),
        ({"instance_type_model_evaluation": "Standard_NC6s_v3"}, "model_evaluation has no effect"),
    ],
)
def test_what_cannot_be_honoured_is_noted(raw: dict[str, str], note: str) -> None:
    """Nothing is changed in silence."""
    assert any(note in line for line in made(**raw).notes)


def test_devices_make_the_batch_larger() -> None:
    """8 GPUs on 2 nodes with 3 rows each are one batch of 48."""
    plan = made(
        number_of_gpu_to_use_finetuning="8",
        num_nodes_finetune="2",
        per_device_train_batch_size="3",
    )

    assert 48 == plan.batch == plan.arguments["per_device_train_batch_size"]


def test_the_learning_rate_is_scaled_for_the_tiny_model_only() -> None:
    """The factor is in the note; real dimensions keep the recipe's rate."""
    tiny, real = made(learning_rate="5e-6"), made(learning_rate="5e-6", profile="phi3")

    assert pytest.approx(3e-4) == tiny.arguments["learning_rate"]
    assert "learning_rate 5e-06 x 60 = 0.0003" in tiny.notes[0]
    assert (real.arguments["learning_rate"], real.notes) == (5e-6, ())


def test_sixteen_bits_are_bf16_on_cuda() -> None:
    """As in the component, and without a note."""
    plan = made(cuda=True, precision="16")

    assert plan.arguments["bf16"]
    assert plan.arguments["optim"] == "adamw_torch_fused"
    assert len(plan.notes) == 1


def test_an_interval_is_a_part_of_an_epoch_and_wins() -> None:
    """480 rows in batches of 8 are 60 steps, and a quarter of those 15."""
    plan = made(
        evaluation_strategy="steps",
        evaluation_steps_interval="0.25",
        eval_steps="7",
        number_of_gpu_to_use_finetuning="8",
    )

    assert 15 == plan.arguments["eval_steps"] == plan.arguments["save_steps"]
