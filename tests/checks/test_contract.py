"""The component's contract: what does not fit is found before the cluster, with who can mend it."""

from __future__ import annotations

import pytest

from harness.checks.catalogue import judged
from harness.checks.contract import PAIRS
from harness.checks.facts import Input
from harness.recipe.base_model import parameters_of
from harness.recipe.display_name import display_name
from tests.checks.made import base_model, component, findings, names, plan

BAD = {**base_model().defaults, "learning_rate_min": 5e-7, "learning_rate_max": 5e-5}


@pytest.mark.parametrize("version", ["0.0.42", "0.0.51", "0.0.82"])
def test_every_version_of_the_component_takes_the_recipes_parameters(version: str) -> None:
    """No finding where nothing is wrong."""
    assert findings("contract", base_model=base_model(component=component(version))) == []


def test_defaults_the_component_lacks_are_the_models_fault() -> None:
    """February 2025's tags name inputs that no version has; the next command mends it."""
    (found,) = findings("contract", base_model=base_model(defaults=BAD))

    assert (found.severity, found.check, found.blame) == ("error", "contract.names", "base model")
    assert "learning_rate_max (a default in the model's tag" in found.what
    assert "it accepts: adam_beta1" in found.evidence
    ignored = '["learning_rate_max", "learning_rate_min"]'
    assert f"finetune.ignore_model_defaults={ignored}" in found.next


def test_the_next_command_works() -> None:
    """Ignoring the two defaults, as the finding says, leaves nothing but the plan's own epochs."""
    mended = plan('finetune.ignore_model_defaults=["learning_rate_max", "learning_rate_min"]')

    assert names(findings("contract", mended, base_model=base_model(defaults=BAD))) == [
        "warning: contract.precedence"
    ]


def test_a_misspelt_parameter_of_the_plan_names_its_neighbour() -> None:
    """The plan is to blame, and the nearest input is named."""
    (found,) = findings("contract", plan("training.num_train_epoch=1"))

    assert (found.check, found.blame) == ("contract.names", "plan")
    assert "did you mean num_train_epochs?" in found.what


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("optimization.deepspeed_stage=4", "is none of 2, 3"),
        ("training.precision=8", "is none of 32, 16"),
        ("training.num_train_epochs=0", "is less than 1"),
        ("training.lr_scheduler_type=bogus", "is none of linear, cosine"),
        ("training.number_of_gpu_to_use_finetuning=eight", "is not an integer"),
        ("training.num_train_epochs=1.5", "is not an integer"),
        ("training.learning_rate=0", "is not above 0"),
        ("training.learning_rate=fast", "is not a number"),
        ('training.learning_rate="nan"', "is not a number"),
        ("training.logging_steps=0", "is not above 0"),
        ("training.gradient_accumulation_steps=0", "is not above 0"),
        ("training.warmup_steps=-1", "is not above -1"),
        ("optimization.apply_lora=yes", "is none of true, false"),
        ("training.evaluation_strategy=disable", "is none of epoch, steps"),
    ],
)
def test_what_the_sdk_lets_through_is_caught(setting: str, says: str) -> None:
    """Each of these builds and validates with azure-ai-ml 1.35.2, and breaks on a paid GPU."""
    (found,) = findings("contract", plan(setting), base_model=base_model(defaults={}))

    assert (found.severity, found.check, found.blame) == ("error", "contract.values", "plan")
    assert says in found.what
    assert found.next.startswith("correct ")


def test_a_bad_default_of_the_model_is_the_models_fault() -> None:
    """The same check, and the tag is named."""
    (found,) = findings("contract", base_model=base_model(defaults={"precision": 8}))

    assert (found.check, found.blame) == ("contract.values", "base model")
    assert 'ignore_model_defaults=["precision"]' in found.next


@pytest.mark.parametrize("text", ["auto", "nan", "inf", "", None])
@pytest.mark.parametrize("name", ["logging_steps", "learning_rate"])
def test_a_default_of_the_model_that_is_no_number(name: str, text: str | None) -> None:
    """Tags hold any text: it becomes a finding, never a traceback."""
    found = findings("contract", base_model=base_model(defaults={name: text}))

    assert [each.check for each in found if each.severity == "error"] == ["contract.values"]
    assert f"{name} = {text!r}" in found[0].what


@pytest.mark.parametrize("high", [("learning_rate", "number", 1e-6), ("max_steps", "integer", 1)])
def test_upper_bounds_hold(high: tuple[str, str, float]) -> None:
    """No version has a maximum today; one that comes is kept."""
    name, kind, bound = high
    changed = component(**{name: Input(kind, high=bound)})
    model = base_model(defaults={}, component=changed)

    (found,) = findings(
        "contract", plan("training.max_steps=20") if bound == 1 else None, base_model=model
    )

    assert "is more than" in found.what


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.one[0])
def test_values_that_exclude_each_other(pair: object) -> None:
    """Each pair is found once, whichever of plan and model gives the halves."""
    (one, value), (other, theirs) = pair.one, pair.other  # type: ignore[attr-defined]  # typed object, it is a Pair
    model = base_model(defaults={other: theirs}, component=component("0.0.82"))

    (found,) = findings("contract", plan(f'training.{one}="{value}"'), base_model=model)

    assert found.check == "contract.together"
    assert found.severity == ("error" if pair.stops else "warning")  # type: ignore[attr-defined]  # a Pair
    assert one in found.what
    assert other in found.what


def test_an_input_nobody_gives() -> None:
    """A required input without default is named before the job is."""
    model = base_model(component=component(tenant=Input("string", optional=False)))

    (found,) = findings("contract", base_model=model)

    assert (found.check, found.blame) == ("contract.required", "component")
    assert "requires tenant" in found.what


def test_a_component_that_lost_an_input_or_the_output() -> None:
    """What the recipe connects, and what it registers, must still be there."""
    whole = component()
    inputs = {name: each for name, each in whole.inputs.items() if name != "test_file_path"}
    lost = type(whole)(whole.name, whole.version, inputs, ("pytorch_model_folder",))

    found = findings("contract", base_model=base_model(component=lost))

    assert names(found) == ["error: contract.required", "error: contract.outputs"]


def test_model_defaults_override_the_plan_and_it_is_said() -> None:
    """As in the recipe: three epochs become one. Spellings of the same number are no news."""
    (found,) = findings("contract", plan("finetune.ignore_model_defaults=[]"))

    assert (found.severity, found.check) == ("warning", "contract.precedence")
    assert found.what == "num_train_epochs: plan 3, model default 1 wins"
    assert 'finetune.ignore_model_defaults=["num_train_epochs"]' in found.next


def test_display_name_is_the_recipes() -> None:
    """On 8 GPUs with model version 7 the recipe's own code gives exactly this name."""
    values = parameters_of(plan("finetune.ignore_model_defaults=[]"), base_model()).values

    assert (
        display_name("Phi-3-mini-4k-instruct", values, gpus=8, nodes=1)
        == "Phi-3-mini-4k-instruct-ultrachat-bs8-cosine-ds2-lora-save_limit1-seqlen-1"
    )


def test_where_each_value_comes_from() -> None:
    """An info that counts and lists them: of the plan, of the model, of the component."""
    parameters = parameters_of(plan(), base_model())

    (said,) = (
        each
        for each in judged("contract", {"parameters": parameters, "base_model": base_model()})
        if each.severity == "info"
    )

    assert said.check == "contract.winners"
    assert said.what.startswith("4 parameters from the plan, 6 parameters from the model, ")
    assert "plan: num_train_epochs=3, " in said.evidence
    assert "logging_steps=10" in said.evidence.partition("component: ")[2]
    assert "None" not in said.evidence
    assert "learning_rate=5e-6" in said.evidence.partition("model: ")[2]
