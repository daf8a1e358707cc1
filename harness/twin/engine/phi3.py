"""Profile `phi3`: the true dimensions of Phi-3-mini-4k-instruct, with random weights.

For speed and memory, not for answers: 3,821,079,552 parameters, 7.64 GB in bf16. The weights
themselves are not downloaded; who has them names their folder (`--weights`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.twin.engine.profiles import TINY

# Phi-3-mini-4k-instruct: 3,821,079,552 parameters with these.
PHI3_MINI: Mapping[str, Any] = {
    "hidden_size": 3072,
    "intermediate_size": 8192,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 32,
    "vocab_size": 32064,
    "max_position_embeddings": 4096,
}


def make(target: Path, dimensions: Mapping[str, Any]) -> None:
    """Write a model of these dimensions to `target`.

    Its tokenizer is the tiny model's, whose ids fit any vocabulary of 1,024 or more, with rows as
    long as the model takes.
    """
    network(dimensions, seed=0).save_pretrained(target)
    for name in ("tokenizer.json", "chat_template.jinja"):
        shutil.copyfile(TINY / name, target / name)
    config = json.loads((TINY / "tokenizer_config.json").read_text(encoding="utf-8"))
    config["model_max_length"] = dimensions["max_position_embeddings"]
    text = json.dumps(config, indent=2)
    (target / "tokenizer_config.json").write_text(text, encoding="utf-8")


def network(dimensions: Mapping[str, Any], seed: int) -> Any:
    """A Phi3ForCausalLM of these dimensions with random weights, bf16 on CUDA, fp32 elsewhere."""
    import torch
    from transformers import Phi3Config, Phi3ForCausalLM

    cuda = torch.cuda.is_available()
    config = Phi3Config(**dimensions, pad_token_id=3, bos_token_id=1, eos_token_id=3)
    torch.manual_seed(seed)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16 if cuda else torch.float32)
    try:
        with torch.device("cuda" if cuda else "cpu"):
            return Phi3ForCausalLM(config)
    finally:
        torch.set_default_dtype(before)
