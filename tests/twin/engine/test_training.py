"""The fine-tune step in processes of its own, on 32 rows."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from .bench import SHORT
from .conftest import Ran

Train = Callable[[Mapping[str, str]], Ran]


def test_two_processes_leave_the_same_bytes(train: Train) -> None:
    """The same seed gives the same weights, bit for bit, with dropout on; another seed does not."""
    given = SHORT | {"lora_dropout": "0.1"}

    first, second, other = train(given), train(given), train(given | {"seed": "7"})

    assert _sha(first) == _sha(second) != _sha(other)
    assert first.series("loss") == second.series("loss")


def test_max_steps_wins_over_epochs(train: Train) -> None:
    """Four steps and no more."""
    ran = train(SHORT | {"num_train_epochs": "3"})

    assert max(ran.series("step")) == 4


@pytest.mark.parametrize(
    ("scheduler", "expected"),
    [
        ("constant", [1.0, 1.0, 1.0, 1.0]),
        ("linear", [1.0, 0.75, 0.5, 0.25]),
        ("cosine", [0.5 + 0.5 * math.cos(math.pi * n / 4) for n in range(4)]),
    ],
)
def test_the_scheduler_draws_the_learning_rate(
    train: Train, scheduler: str, expected: list[float]
) -> None:
    """The logged series is the scheduler's, from the scaled rate."""
    ran = train(SHORT | {"lr_scheduler_type": scheduler})

    assert pytest.approx([3e-4 * part for part in expected]) == ran.series("learning_rate")


def test_lora_trains_adapters_of_the_asked_rank(train: Train) -> None:
    """Rank 4 on the four projections of two layers is half of rank 8."""
    small, large = train(SHORT | {"lora_r": "4"}), train(SHORT | {"lora_r": "8"})

    assert 2 * _numbers(small) == _numbers(large) == 17408
    config = json.loads((small.folder / "trained" / "adapter_config.json").read_text())
    assert {"qkv_proj", "o_proj", "gate_up_proj", "down_proj"} == set(config["target_modules"])
    assert (config["r"], config["lora_alpha"]) == (4, 128)


def test_without_lora_all_weights_are_trained(train: Train) -> None:
    """apply_lora false leaves a whole model and no adapter."""
    ran = train(SHORT | {"apply_lora": "false"})

    assert _numbers(ran, "model.safetensors") == 237_888
    assert not (ran.folder / "trained" / "adapter_config.json").exists()


def test_evaluation_can_be_disabled(train: Train) -> None:
    """No eval_loss, not even of the base model."""
    assert train(SHORT | {"evaluation_strategy": "disable"}).series("eval_loss") == []


def test_early_stopping_stops(train: Train) -> None:
    """A threshold nothing can reach ends the run after one evaluation more."""
    ran = train(
        SHORT
        | {
            "max_steps": "12",
            "evaluation_strategy": "steps",
            "eval_steps": "2",
            "apply_early_stopping": "true",
            "early_stopping_threshold": "100",
        }
    )

    assert max(ran.series("step")) < 12


def test_a_rate_of_next_to_nothing_teaches_nothing(train: Train) -> None:
    """The control of the fall: without learning the evaluation stays where it was."""
    given = SHORT | {"evaluation_strategy": "steps", "eval_steps": "12", "max_steps": "12"}

    still = train(given | {"learning_rate": "1e-12"}).series("eval_loss")
    moved = train(given).series("eval_loss")

    assert pytest.approx(still[0], rel=1e-4) == still[-1]
    assert moved[-1] < 0.5 * moved[0]


def test_an_empty_learning_rate_is_the_users_error(train: Train) -> None:
    """The step ends with a UserError that says so, not with a traceback."""
    error = train(SHORT | {"learning_rate": "0"}).outcome.error

    assert error is not None
    assert error["code"] == "UserError"
    assert "learning_rate=0.0 must be greater than 0" in error["message"]


def _sha(ran: Ran) -> str:
    return hashlib.sha256(_weights(ran).read_bytes()).hexdigest()


def _weights(ran: Ran, name: str = "adapter_model.safetensors") -> Path:
    return ran.folder / "trained" / name


def _numbers(ran: Ran, name: str = "adapter_model.safetensors") -> int:
    """How many numbers a safetensors file holds, from its header."""
    data = _weights(ran, name).read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    shapes = (entry["shape"] for key, entry in header.items() if key != "__metadata__")
    return sum(math.prod(shape) for shape in shapes)
