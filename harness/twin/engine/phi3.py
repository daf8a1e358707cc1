"""Profile `phi3`: the true dimensions of Phi-3-mini-4k-instruct, with random weights.

For speed and memory, not for answers: 3,821,079,552 parameters, 7.64 GB in bf16. CUDA only.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.twin.engine.profiles import PHI3_MINI
from harness.twin.engine.refusal import UserError

_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


def make(target: Path, tokenizer: Path) -> None:
    """Write the model to `target`, with the tokenizer of the tiny model (its ids fit in 32,064).

    Raises UserError when there is no CUDA device.
    """
    import torch

    if not torch.cuda.is_available():
        raise UserError(
            "Profile phi3 has the 3.8 B parameters of the real model and needs a CUDA device; "
            "use --profile tiny."
        )
    network(PHI3_MINI, seed=0).save_pretrained(target)
    for name in _TOKENIZER:
        shutil.copyfile(tokenizer / name, target / name)


def network(dimensions: Mapping[str, Any], seed: int) -> Any:
    """A Phi3ForCausalLM of these dimensions with random weights, bf16 on CUDA, fp32 elsewhere.

    Attention is sdpa, the default of transformers for Phi-3.
    """
    import torch
    from transformers import Phi3Config, Phi3ForCausalLM

    cuda = torch.cuda.is_available()
    config = Phi3Config(
        **dimensions,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        use_cache=False,
    )
    torch.manual_seed(seed)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16 if cuda else torch.float32)
    try:
        with torch.device("cuda" if cuda else "cpu"):
            return Phi3ForCausalLM(config)
    finally:
        torch.set_default_dtype(before)
