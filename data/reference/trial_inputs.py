"""The literals of a trial: those that the scenario's job carries on the twin."""

from __future__ import annotations

from collections.abc import Mapping

# One GPU, and the defaults of model v7 over the plan's values.
LITERALS: Mapping[str, str] = {
    "num_nodes_finetune": "1",
    "number_of_gpu_to_use_finetuning": "1",
    "apply_lora": "true",
    "num_train_epochs": "1",
    "per_device_train_batch_size": "1",
    "per_device_eval_batch_size": "1",
    "learning_rate": "5e-6",
    "gradient_accumulation_steps": "1",
    "lr_scheduler_type": "cosine",
    "precision": "16",
    "ignore_mismatched_sizes": "false",
    "logging_strategy": "steps",
    "logging_steps": "10",
    "save_total_limit": "1",
    "apply_deepspeed": "true",
    "deepspeed_stage": "2",
    "apply_ort": "false",
}
