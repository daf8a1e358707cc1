"""The model under training: loaded, wrapped with LoRA, made repeatable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from harness.twin.engine.inputs import Parameters

# Phi-3 fuses q, k, v and gate, up; these four are all its linear layers but the head.
LORA_TARGETS = ("qkv_proj", "o_proj", "gate_up_proj", "down_proj")


def repeatable() -> None:
    """One thread and deterministic kernels: the same seed gives the same bits on one machine."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())


def load_model(folder: Path, ignore_mismatched_sizes: bool, cuda: bool, half: bool) -> Any:
    """The base model for training; sdpa attention, no KV cache."""
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=torch.bfloat16 if half else torch.float32,
        attn_implementation="sdpa",
        ignore_mismatched_sizes=ignore_mismatched_sizes,
    )
    model.config.use_cache = False
    return model.to("cuda") if cuda else model


def with_lora(model: Any, parameters: Parameters) -> Any:
    """The model with trainable adapters on LORA_TARGETS, all else frozen."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=parameters.whole("lora_r"),
        lora_alpha=parameters.whole("lora_alpha"),
        lora_dropout=parameters.number("lora_dropout"),
        target_modules=list(LORA_TARGETS),
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)


def lean(model: Any) -> None:
    """Recompute activations instead of keeping them; needed for real dimensions on one GPU."""
    model.activation_checkpointing_enable()  # called gradient checkpointing before transformers 5
    model.enable_input_require_grads()


def trainable(model: Any) -> tuple[int, int]:
    """Trainable and all parameters."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, grad in sizes if grad), sum(n for n, _ in sizes)
