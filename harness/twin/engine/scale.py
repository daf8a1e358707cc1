"""How fast the engine trains, and in how much memory: `python -m harness.twin.engine.scale`.

Runs the job's own steps (model import, preprocess, fine-tune) in this process on rows of a known
length and prints one JSON object: tokens/s, seconds a step, peak memory, and what they depend on.
Without `--weights` the weights are random: speed and memory do not depend on them, the loss means
nothing.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from harness.errors import HarnessError
from harness.twin.engine.profiles import PROFILES, check, folder
from harness.twin.engine.refusal import UserError
from harness.twin.engine.steps.child import attempt
from harness.twin.engine.steps.step import Step

_WARM_UP = 2  # first steps, which allocate memory and choose kernels; trained, not timed
_TOKENS_A_ROW = 4  # bytes of text that are surely more than one token


@dataclass(frozen=True)
class Load:
    """What to train: rows of `length` tokens, `batch` rows a step, `steps` measured ones."""

    profile: str
    base: Path  # the base model's folder; made where there is none
    steps: int
    batch: int
    length: int
    lora_r: int
    full: bool  # all weights, without LoRA
    given: bool = False  # the base model is the user's, never made


@dataclass(frozen=True)
class Speed:
    """What came out. Seconds are of one optimizer step (median); memory in GiB."""

    tokens_per_second: float
    step_seconds: float
    step_seconds_each: list[float]
    peak_memory_gib: float
    losses: list[float]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 2 when this machine cannot, 1 when a step failed."""
    given = _parser().parse_args(arguments)
    try:
        check(given.profile, given.weights)
        with tempfile.TemporaryDirectory(prefix="scale-") as place:
            load = _load(given, Path(place))
            speed = measure(load, Path(place))
    except HarnessError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    report = {"load": asdict(load), "speed": asdict(speed), "conditions": conditions()}
    sys.stdout.write(json.dumps(report, indent=1, default=str) + "\n")
    return 0


def measure(load: Load, place: Path) -> Speed:
    """Run the steps under `place`. Raises UserError with what a step said when one fails."""
    (place / "chats.jsonl").write_text(_chats(load), encoding="utf-8")
    given = {"mlflow_model_path": load.base, "train_file_path": place / "chats.jsonl"}
    imported, rows = place / "imported", place / "rows"
    _run(load, place, "chat_completion_model_import", given, output_dir=imported)
    given |= {"model_selector_output": imported, "preprocess_output": rows}
    _run(load, place, "chat_completion_datapreprocess", given, output_dir=rows)
    trained = place / "trained"
    _run(load, place, "chat_completion_finetune", given, pytorch_model_folder=trained)
    return _speed(load, trained / "log_history.json")


def conditions() -> dict[str, str]:
    """What the figures depend on."""
    import torch
    import transformers

    cuda = torch.cuda.is_available()
    return {
        "device": torch.cuda.get_device_name(0) if cuda else platform.processor() or "cpu",
        "dtype": "bfloat16" if cuda else "float32",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "attention": "sdpa",
        "threads": str(torch.get_num_threads()),
    }


def _run(load: Load, place: Path, name: str, inputs: dict[str, Path], **outputs: Path) -> None:
    step = Step(
        name=name,
        profile=load.profile,
        literals=_literals(load),
        inputs={port: str(path) for port, path in inputs.items()},
        outputs={port: str(path) for port, path in outputs.items()},
        root_log=str(place / "root.log"),
        work=str(place / "work"),
        given=load.given,
    )
    error = attempt(step).error
    if error:
        raise UserError(f"{name} failed: {error['message']}")


def _literals(load: Load) -> dict[str, str]:
    """The component's inputs; the id leads the import step to make the profile's base model."""
    return {
        "mlflow_model_path": "azureml://registries/azureml/models/scale/versions/1",
        "apply_lora": "false" if load.full else "true",
        "lora_r": str(load.lora_r),
        "max_steps": str(_WARM_UP + load.steps),
        "max_seq_length": str(load.length),
        "per_device_train_batch_size": str(load.batch),
        "precision": "16",
        "evaluation_strategy": "disable",
        "logging_steps": "1",
    }


def _chats(load: Load) -> str:
    """Enough rows for every step, each longer than the cut, so that no token is padding."""
    rows = max(10, load.batch * (_WARM_UP + load.steps))
    said = "Oslo is the capital of Norway. " * (load.length // _TOKENS_A_ROW)
    talk = [{"role": "user", "content": "Say it."}, {"role": "assistant", "content": said}]
    validation = rows // 4 + 1  # the last fifth of the file is not trained on
    return (json.dumps({"messages": talk}) + "\n") * (rows + validation)


def _speed(load: Load, history: Path) -> Speed:
    points = json.loads(history.read_text(encoding="utf-8"))
    at = [(point["seconds"], point["loss"]) for point in points if "loss" in point]
    times = [seconds for seconds, _ in at]
    each = [after - before for before, after in pairwise(times)]
    timed = each[_WARM_UP - 1 :]
    median = statistics.median(timed)
    return Speed(
        tokens_per_second=round(load.batch * load.length / median, 1),
        step_seconds=round(median, 4),
        step_seconds_each=[round(value, 4) for value in timed],
        peak_memory_gib=_memory(),
        losses=[loss for _, loss in at],
    )


def _memory() -> float:
    """Peak of what torch holds on the device; on a CPU of the whole process."""
    import torch

    if torch.cuda.is_available():
        return round(torch.cuda.max_memory_reserved() / 2**30, 3)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 3)


def _load(given: argparse.Namespace, place: Path) -> Load:
    base = folder(given.profile, place, given.weights)
    sizes = (given.steps, given.batch, given.length, given.lora_r)
    return Load(given.profile, base, *sizes, given.full, given=given.weights is not None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harness.twin.engine.scale")
    parser.add_argument("--profile", choices=list(PROFILES), default="phi3")
    parser.add_argument("--weights", type=Path, help="folder of a Phi-3 model to train instead")
    parser.add_argument("--steps", type=int, default=10, help="measured steps")
    parser.add_argument("--batch", type=int, default=8, help="rows a step")
    parser.add_argument("--length", type=int, default=2048, help="tokens a row")
    parser.add_argument("--lora-r", type=int, default=8)
    parser.add_argument("--full", action="store_true", help="all weights, without LoRA")
    return parser


if __name__ == "__main__":
    sys.exit(main())
