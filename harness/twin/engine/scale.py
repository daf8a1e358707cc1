"""How fast the engine trains at a given size: `python -m harness.twin.engine.scale --steps 10`.

Prints one JSON object: tokens/s, seconds a step, peak memory, and what they depend on. Needs torch
and transformers, and peft for LoRA (`--full` does without); neither mlflow nor accelerate. Random
weights and random tokens: speed and memory do not depend on them, the loss means nothing.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
import transformers

from harness.twin.engine import inputs
from harness.twin.engine.phi3 import network as new_network
from harness.twin.engine.profiles import PHI3_MINI
from harness.twin.engine.steps import network
from harness.twin.engine.steps.batches import Padded

DIMENSIONS: Mapping[str, Mapping[str, Any]] = {
    "phi3": PHI3_MINI,
    "tiny": {
        "hidden_size": 64,
        "intermediate_size": 192,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "vocab_size": 1024,
        "max_position_embeddings": 4096,
    },
}


@dataclass(frozen=True)
class Load:
    """What to train: rows of `length` tokens, `batch` rows a step, `steps` measured ones."""

    profile: str
    steps: int
    batch: int
    length: int
    lora_r: int
    full: bool
    checkpointing: bool
    warmup: int = 2


@dataclass(frozen=True)
class Speed:
    """What came out. Seconds are of one optimizer step (median); memory in GiB."""

    tokens_per_second: float
    step_seconds: float
    step_seconds_each: list[float]
    peak_memory_gib: float
    peak_reserved_gib: float
    parameters: int
    trainable: int
    first_loss: float
    last_loss: float


def main() -> None:
    """Measure and print."""
    load = _asked()
    report = {"load": asdict(load), "speed": asdict(measure(load)), "conditions": conditions()}
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


def measure(load: Load) -> Speed:
    """Train `load.warmup + load.steps` steps and time the last `load.steps`."""
    model = _model(load)
    trainable, every = network.trainable(model)
    moving = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(moving, lr=1e-4, fused=True)
    batch = _batch(load, int(model.config.vocab_size))
    seconds, losses = [], []
    for _ in range(load.warmup + load.steps):
        started = _clock()
        losses.append(_step(model, batch, optimizer, moving))
        seconds.append(_clock() - started)
    timed = seconds[load.warmup :]
    median = statistics.median(timed)
    allocated, reserved = _memory()
    return Speed(
        tokens_per_second=round(load.batch * load.length / median, 1),
        step_seconds=round(median, 4),
        step_seconds_each=[round(value, 4) for value in timed],
        peak_memory_gib=allocated,
        peak_reserved_gib=reserved,
        parameters=every,
        trainable=trainable,
        first_loss=round(losses[0], 4),
        last_loss=round(losses[-1], 4),
    )


def conditions() -> dict[str, str]:
    """What the figures depend on."""
    cuda = torch.cuda.is_available()
    return {
        "device": torch.cuda.get_device_name(0) if cuda else platform.processor() or "cpu",
        "dtype": "bfloat16" if cuda else "float32",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "attention": "sdpa",
        "threads": str(torch.get_num_threads()),
    }


def _model(load: Load) -> Any:
    if torch.cuda.is_available():
        torch.set_float32_matmul_precision("high")  # tf32 where anything is 32 bits wide
    model = new_network(DIMENSIONS[load.profile], seed=0)
    if not load.full:
        given = {"lora_r": str(load.lora_r), "apply_lora": "true"}
        model = network.with_lora(model, inputs.read(given))
    if load.checkpointing:
        network.lean(model)
    model.train()
    return model


def _batch(load: Load, vocabulary: int) -> dict[str, Any]:
    """Full rows, so no token is padding; the loss falls on all of them."""
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(3, vocabulary, (load.batch, load.length), generator=generator).tolist()
    batch = Padded(pad=0)([{"input_ids": row, "labels": row} for row in drawn])
    del batch["attention_mask"]  # all ones; without it sdpa may take its fastest causal path
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return {name: tensor.to(device) for name, tensor in batch.items()}


def _step(model: Any, batch: dict[str, Any], optimizer: Any, moving: list[Any]) -> float:
    loss = model(**batch, use_cache=False).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(moving, 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return float(loss.detach())


def _clock() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def _memory() -> tuple[float, float]:
    """Peak of tensors and peak of what the allocator holds; on a CPU both are the process's."""
    if torch.cuda.is_available():
        peaks = (torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved())
    else:
        peaks = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,) * 2
    return round(peaks[0] / 2**30, 3), round(peaks[1] / 2**30, 3)


def _asked() -> Load:
    parser = argparse.ArgumentParser(prog="python -m harness.twin.engine.scale")
    parser.add_argument("--profile", choices=list(DIMENSIONS), default="phi3")
    parser.add_argument("--steps", type=int, default=10, help="measured steps")
    parser.add_argument("--batch", type=int, default=8, help="rows a step")
    parser.add_argument("--length", type=int, default=2048, help="tokens a row")
    parser.add_argument("--lora-r", type=int, default=8)
    parser.add_argument("--full", action="store_true", help="all weights, without peft")
    parser.add_argument(
        "--no-checkpointing", action="store_true", help="keep activations instead of recomputing"
    )
    given = parser.parse_args()
    return Load(
        given.profile,
        given.steps,
        given.batch,
        given.length,
        given.lora_r,
        given.full,
        not given.no_checkpointing,
    )


if __name__ == "__main__":
    main()
