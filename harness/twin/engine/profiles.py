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

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import harness
from harness.twin.engine.refusal import UserError

TINY = Path(harness.__file__).parents[1] / "data" / "tiny_phi3"


@dataclass(frozen=True)
class Profile:
    """A base model, the factor its learning rate is scaled by, and what it needs to run."""

    name: str
    learning_rate_scale: float
    why: str  # of the factor, for the note
    lean: bool = False  # activations are recomputed (gradient checkpointing): else no memory holds
    cuda: bool = False  # hopeless without


PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile("tiny", 60.0, "a model of 0.24 M parameters does not move at the rate of 3.8 B"),
        Profile("smollm2", 20.0, "a model of 135 M parameters in few steps"),
        Profile("phi3", 1.0, "the dimensions are the real ones", lean=True, cuda=True),
    )
}


def check(profile: str, weights: Path | None) -> None:
    """Before a twin has made anything: whether this machine can train that profile.

    Raises UserError with the next command. torch is asked in a process of its own, and only for a
    profile that needs CUDA: the twin never imports it.
    """
    if weights is not None:
        check_folder(weights)
    if profile == "smollm2" and weights is None:
        from harness.twin.engine.smollm2 import weights as packaged

        packaged()
    if PROFILES[profile].cuda and not _has_cuda():
        raise UserError(
            f"Profile {profile} trains the 3.8 B parameters of the real Phi-3-mini, and torch sees "
            "no CUDA device on this machine. Next: python -m harness twin --profile tiny, or the "
            "same command where `python -c 'import torch; print(torch.cuda.is_available())'` in "
            "the twin's environment says True."
        )


def check_folder(weights: Path) -> None:
    """Raises UserError where the folder given with --weights is no model's."""
    parts = ("config.json", "*.safetensors")
    if lacking := [part for part in parts if not any(weights.glob(part))]:
        raise UserError(
            f"--weights {weights} is no model folder: there is no {lacking[0]} in it. Name one "
            "with config.json, *.safetensors and tokenizer.json of a Phi-3 model."
        )


def folder(profile: str, state: Path, weights: Path | None) -> Path:
    """Where the base model of a twin is, or will be once a step of a job has made it."""
    if weights is not None:
        return weights
    return TINY if profile == "tiny" else state / "models" / profile


def make(profile: str, target: Path) -> None:
    """Make the profile's base model at `target` unless it is there; imports torch to do so.

    config, weights, tokenizer with chat template. Raises UserError when the profile's own files
    are not there, with the command that brings them.
    """
    if any(target.glob("*.safetensors")):
        return
    if profile == "tiny":
        raise UserError(
            f"The base model is not in {target}. Make it: python -m data.tiny_phi3.generate"
        )
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        _draw(profile, draft)
        draft.rename(target)
    except OSError:
        if not any(target.glob("*.safetensors")):  # else another job has made it meanwhile
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)  # gone already where it was renamed


def _draw(profile: str, draft: Path) -> None:
    if profile == "smollm2":
        from harness.twin.engine.smollm2 import make as make_smollm2

        make_smollm2(draft)
    else:
        from harness.twin.engine.phi3 import PHI3_MINI
        from harness.twin.engine.phi3 import make as make_phi3

        make_phi3(draft, PHI3_MINI)


def _has_cuda() -> bool:
    code = "import sys, torch; sys.exit(not torch.cuda.is_available())"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
