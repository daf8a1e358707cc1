"""What stands in for the base model, by profile, and what that changes.

The recipe's learning rate, 5e-6, belongs to a model of 3.8 B parameters. A model 16,000 times
smaller does not move at that rate, so the engine multiplies it; the factor is a note on the run.

Chosen by measurement for `tiny` (480 rows, one epoch, the component's defaults for all else; HF
eval loss, base 1.33 with one GPU and 1.25 with eight):

    factor          60     100    200    400
    1 GPU         0.138  0.139  0.143  0.147
    8 GPUs        0.137  0.135  0.135  0.149
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import harness
from harness.twin.engine.refusal import UserError

_DATA = Path(harness.__file__).parents[1] / "data"


@dataclass(frozen=True)
class Profile:
    """A base model and the factor its learning rate is scaled by."""

    name: str
    learning_rate_scale: float
    why: str  # of the factor, for the note


PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile("tiny", 60.0, "a model of 0.24 M parameters does not move at the rate of 3.8 B"),
        Profile("smollm2", 20.0, "a model of 135 M parameters in few steps"),
        Profile("phi3", 1.0, "the dimensions are the real ones"),
    )
}

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


def base_model(profile: str, cache: Path) -> Path:
    """The folder of the profile's base model: config, weights, tokenizer with chat template.

    `smollm2` and `phi3` are made once under `cache`. Raises UserError when the profile's files
    are not there, with the command that brings them.
    """
    if profile == "tiny":
        return _tiny()
    target = cache / profile
    if not (target / "config.json").is_file():
        _make(profile, target)
    return target


def _tiny() -> Path:
    folder = _DATA / "tiny_phi3"
    if not (folder / "model.safetensors").is_file():
        raise UserError(
            f"The base model is not in {folder}. Make it: python -m data.tiny_phi3.generate"
        )
    return folder


def _make(profile: str, target: Path) -> None:
    if profile == "smollm2":
        from harness.twin.engine.smollm2 import make

        make(target)
    elif profile == "phi3":
        from harness.twin.engine.phi3 import make as make_phi3

        make_phi3(target, _tiny())
    else:
        raise UserError(f"There is no profile {profile!r}; use one of {', '.join(PROFILES)}.")
