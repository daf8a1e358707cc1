"""Parameters: the recipe's merge, the component's veto, the recipe's display name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.errors import RefusedError
from harness.plan import Plan
from harness.plan_file import read_plan
from harness.recipe.base_model import BaseModel
from harness.recipe.parameters import check_accepted, display_name, job_parameters

SHIPPED = Path(__file__).parents[2] / "scenarios" / "finetune_chat" / "plan.toml"
V7_DEFAULTS: dict[str, str | int | float] = {
    "apply_deepspeed": "true",
    "deepspeed_stage": 2,
    "apply_lora": "true",
    "apply_ort": "false",
    "precision": 16,
    "num_train_epochs": 1,
    "gradient_accumulation_steps": 1,
    "learning_rate": "5e-6",
    "save_total_limit": 1,
}


@dataclass
class Component:
    """What the SDK's component tells: name, version, inputs."""

    name: str = "chat_completion_pipeline"
    version: str = "0.0.51"
    inputs: dict[str, object] = field(
        default_factory=lambda: dict.fromkeys([*V7_DEFAULTS, *plan().training], None)
    )


def plan(*settings: str) -> Plan:
    """The shipped plan with settings."""
    return read_plan(SHIPPED, "twin", settings)


def model(defaults: dict[str, str | int | float]) -> BaseModel:
    """A base model that publishes nothing but defaults."""
    return BaseModel("id", "Phi-3-mini-4k-instruct", "7", None, None, defaults, {})


def test_model_defaults_override_the_plan() -> None:
    """As in the recipe: three epochs become one, and the report is told."""
    parameters = job_parameters(plan(), model(V7_DEFAULTS))

    assert parameters.values["num_train_epochs"] == 1
    assert tuple(line for line in parameters.overridden if "epochs" in line) == (
        "num_train_epochs: plan 3, model default 1 wins",
    )


def test_unknown_parameter_is_refused_with_what_is_accepted() -> None:
    """February 2025's tags name inputs that no version of the component has."""
    bad = V7_DEFAULTS | {"learning_rate_min": 5e-7, "learning_rate_max": 5e-5}
    parameters = job_parameters(plan(), model(bad))

    with pytest.raises(RefusedError) as caught:
        check_accepted(parameters, Component(), plan())

    text = str(caught.value)
    assert "learning_rate_max (a default in the model's tag" in text
    assert "It accepts: " in text
    assert 'finetune.ignore_model_defaults = ["learning_rate_max", "learning_rate_min"]' in text


def test_the_next_command_of_the_refusal_works() -> None:
    """Ignoring the two defaults, as the message says, gets the job through."""
    bad = V7_DEFAULTS | {"learning_rate_min": 5e-7, "learning_rate_max": 5e-5}
    mended = plan('finetune.ignore_model_defaults=["learning_rate_max", "learning_rate_min"]')

    check_accepted(job_parameters(mended, model(bad)), Component(), mended)


def test_a_misspelt_parameter_of_the_plan_names_its_neighbour() -> None:
    """[training] is named as the place, with the nearest input."""
    wrong = plan("training.num_train_epoch=1")

    with pytest.raises(RefusedError, match=r"from \[training\]\); did you mean num_train_epochs"):
        check_accepted(job_parameters(wrong, model({})), Component(), wrong)


def test_display_name_is_the_recipes() -> None:
    """On 8 GPUs with model version 7 the recipe's own code gives exactly this name."""
    values = job_parameters(plan(), model(V7_DEFAULTS)).values

    assert (
        display_name("Phi-3-mini-4k-instruct", values, gpus=8, nodes=1)
        == "Phi-3-mini-4k-instruct-ultrachat-bs8-cosine-ds2-lora-save_limit1-seqlen-1"
    )
