"""The component's inputs: typed, checked, all problems at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.twin.engine.inputs import INPUTS, read
from harness.twin.engine.refusal import UserError

SEED = Path(__file__).parents[3] / "harness" / "twin" / "seed"


@pytest.mark.parametrize("version", ["0.0.42", "0.0.51", "0.0.82"])
def test_every_input_of_every_seeded_component_is_known(version: str) -> None:
    """Names, minima and choices of the registry's specs are the engine's too."""
    known = {item.name: item for item in INPUTS}
    text = (SEED / f"chat_completion_pipeline_{version}.json").read_text(encoding="utf-8")

    for name, spec in json.loads(text)["componentSpec"]["inputs"].items():
        assert name in known
        assert set(spec.get("enum") or ()) <= set(known[name].choices), name
        if spec.get("min"):
            assert int(spec["min"]) == known[name].minimum, name


def test_defaults_are_the_components() -> None:
    """What is not given has the component's default, typed."""
    parameters = read({})

    assert parameters.number("learning_rate") == 2e-5
    assert (parameters.whole("lora_alpha"), parameters.whole("lora_r")) == (128, 8)
    assert not parameters.yes("apply_lora")
    assert parameters.given("huggingface_id") is None


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ({"deepspeed_stage": "4"}, "deepspeed_stage='4' is not one of 2, 3"),
        ({"precision": "8"}, "precision='8' is not one of 32, 16"),
        ({"num_train_epochs": "0"}, "num_train_epochs=0 is below the minimum 1"),
        ({"lr_scheduler_type": "bogus"}, "lr_scheduler_type='bogus' is not one of linear"),
        ({"number_of_gpu_to_use_finetuning": "eight"}, "is not an integer"),
        ({"learning_rate": "fast"}, "is not a number"),
        ({"learning_rate": "0"}, "learning_rate=0.0 must be greater than 0"),
        ({"learning_rate": "nan"}, "must be greater than 0"),
        (
            {"auto_find_batch_size": "true", "apply_deepspeed": "true"},
            "cannot be used with apply_deepspeed",
        ),
    ],
)
def test_a_bad_value_is_a_user_error(raw: dict[str, str], why: str) -> None:
    """What the SDK lets through unchecked is refused with the reason."""
    with pytest.raises(UserError, match=why):
        read(raw)


def test_all_problems_are_told_together() -> None:
    """Two bad values make one message that names both."""
    with pytest.raises(UserError, match=r"precision.*max_steps"):
        read({"precision": "64", "max_steps": "many"})


def test_only_the_text_true_switches_on() -> None:
    """A Python bool arrives as "True", and the component does not take it."""
    with pytest.raises(UserError, match="apply_lora='True' is not one of true, false"):
        read({"apply_lora": "True"})
