"""The name the recipe gives its job."""

from __future__ import annotations

from collections.abc import Mapping

from harness.checks.facts import Value


def display_name(model: str, values: Mapping[str, Value], gpus: int, nodes: int) -> str:
    """The job's display name, built as the recipe builds it.

    It compares with the text "true", so `apply_lora = true` of another type reads as nolora.
    """
    batch = (
        int(values.get("per_device_train_batch_size", 1))
        * int(values.get("gradient_accumulation_steps", 1))
        * gpus
        * nodes
    )
    deepspeed = values.get("apply_deepspeed", "false") == "true"
    parts = [
        model,
        "ultrachat",
        f"bs{batch}",
        str(values.get("lr_scheduler_type", "linear")),
        f"ds{values.get('deepspeed_stage', '2')}" if deepspeed else "nods",
        "lora" if values.get("apply_lora", "false") == "true" else "nolora",
        f"save_limit{values.get('save_total_limit', -1)}",
        f"seqlen{values.get('max_seq_length', -1)}",
    ]
    return "-".join(parts)
