"""The component's contract: what it accepts against what the plan and the model's tags ask for.

The SDK rejects nothing but an unknown keyword: `deepspeed_stage=4`, zero epochs or no inputs at
all build and validate (azure-ai-ml 1.35.2), and fail on a paid GPU. So everything is checked here,
before the cluster is created.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from harness.checks.facts import BaseModel, Input, Parameters, Value, number
from harness.checks.finding import Blame, Finding

OUTPUT = "mlflow_model_folder"  # what is registered afterwards
WIRED = (  # what the recipe itself connects
    "mlflow_model_path",
    "compute_model_import",
    "compute_preprocess",
    "compute_finetune",
    "compute_model_evaluation",
    "train_file_path",
    "test_file_path",
    "number_of_gpu_to_use_finetuning",
    "num_nodes_finetune",
)

ABOVE: Mapping[str, int] = {  # bounds the specification leaves out and training needs
    "learning_rate": 0,  # the component's own code
    "logging_steps": 0,  # TrainingArguments of transformers 5.23, as warmup_steps
    "warmup_steps": -1,
    "gradient_accumulation_steps": 0,  # its Trainer divides by it
}


@dataclass(frozen=True)
class Pair:
    """Two values that do not go together, although each is allowed."""

    one: tuple[str, str]
    other: tuple[str, str]
    stops: bool
    what: str


PAIRS = (  # the first from azureml-acft-contrib-hf-nlp 0.0.91, the others from the Trainer it uses
    Pair(
        ("auto_find_batch_size", "true"),
        ("apply_deepspeed", "true"),
        True,
        "DeepSpeed needs a batch size it knows beforehand; the job ends in an error",
    ),
    Pair(
        ("apply_early_stopping", "true"),
        ("evaluation_strategy", "disable"),
        True,
        "early stopping looks at evaluations, and there are none",
    ),
    Pair(
        ("merge_lora_weights", "false"),
        ("apply_lora", "true"),
        False,
        "the MLflow model then needs its base model beside it to be deployed",
    ),
)


def names(parameters: Parameters, base_model: BaseModel) -> Iterator[Finding]:
    """Every parameter is an input of the component, whoever asks for it."""
    component = base_model.component
    unknown = sorted(set(parameters.values) - set(component.inputs))
    if not unknown:
        return
    accepted = sorted(component.inputs)
    lines = [f"  {name}{_origin(name, parameters)}{_near(name, accepted)}" for name in unknown]
    ours = [name for name in unknown if name in parameters.plan]
    yield Finding(
        "error",
        f"component {component} does not accept {', '.join(unknown)}:\n" + "\n".join(lines),
        str(component),
        f"it accepts: {', '.join(accepted)}",
        "plan" if ours else "base model",
        "correct or remove them in [training] or [optimization] of the plan, or with --set"
        if ours
        else f"{_ignoring(unknown)} leaves them out",
    )


def values(parameters: Parameters, base_model: BaseModel) -> Iterator[Finding]:
    """Every value has its input's type, is one of its choices, and within its bounds."""
    component = base_model.component
    for name, value in parameters.values.items():
        if name in component.inputs and (wrong := _misfit(name, value, component.inputs[name])):
            yield Finding(
                "error",
                f"{name} = {value!r}{_origin(name, parameters)} {wrong}",
                str(component),
                f"the component's specification of {name}: {component.inputs[name]}",
                _owner(name, parameters),
                _mend(name, parameters),
            )


def together(parameters: Parameters, base_model: BaseModel) -> Iterator[Finding]:
    """No two values exclude each other, component defaults included."""
    inputs = base_model.component.inputs
    values = {name: each.default for name, each in inputs.items()} | dict(parameters.values)
    for pair in PAIRS:
        (one, is_one), (other, is_other) = pair.one, pair.other
        if (str(values.get(one)), str(values.get(other))) == (is_one, is_other):
            yield Finding(
                "error" if pair.stops else "warning",
                f"{one} = {is_one} does not go with {other} = {is_other}: {pair.what}",
                str(base_model.component),
                f"{one}{_origin(one, parameters)}, {other}{_origin(other, parameters)}",
                _owner(one, parameters),
                f"set {one} or {other} in the plan or with --set; of a model's default: "
                "finetune.ignore_model_defaults",
            )


def required(parameters: Parameters, base_model: BaseModel) -> Iterator[Finding]:
    """Inputs without default are given, and those the recipe connects exist."""
    component = base_model.component
    for name, each in component.inputs.items():
        given = name in parameters.values or name in WIRED
        if not each.optional and each.default is None and not given:
            yield Finding(
                "error",
                f"component {component} requires {name}, and nothing gives it",
                str(component),
                f"its specification: {each}",
                "component",
                f"set training.{name} in the plan or with --set, or pin finetune.version",
            )
    if missing := [name for name in WIRED if name not in component.inputs]:
        yield Finding(
            "error",
            f"component {component} has no {', '.join(missing)}, which the recipe connects",
            str(component),
            f"its inputs: {', '.join(sorted(component.inputs))}",
            "component",
            "pin finetune.version in the plan or with --set to a version that has them",
        )


def outputs(base_model: BaseModel) -> Iterator[Finding]:
    """The component still leaves the output that is registered."""
    component = base_model.component
    if OUTPUT not in component.outputs:
        yield Finding(
            "error",
            f"component {component} has no output {OUTPUT}, so nothing could be registered",
            str(component),
            f"its outputs: {', '.join(component.outputs) or 'none'}",
            "component",
            "pin finetune.version in the plan or with --set to a version that has it",
        )


def precedence(parameters: Parameters, base_model: BaseModel) -> Iterator[Finding]:
    """Which value won where plan and model disagree, and why."""
    for name, default in parameters.model.items():
        mine = parameters.plan.get(name)
        if mine is not None and not same(mine, default):
            yield Finding(
                "warning",
                f"{name}: plan {mine!r}, model default {default!r} wins",
                str(base_model.component),
                "the recipe lays the tag model_specific_defaults over its own parameters",
                "base model",
                f"{_ignoring([name])} keeps the plan's value, on a target that trains",
            )


def winners(parameters: Parameters, base_model: BaseModel) -> Iterator[Finding]:
    """Where the value of each parameter comes from."""
    inputs = base_model.component.inputs
    left = {name: each.default for name, each in inputs.items() if each.default is not None}
    of_plan = {n: value for n, value in parameters.plan.items() if n not in parameters.model}
    of_component = {n: value for n, value in left.items() if n not in parameters.values}
    told: dict[str, Mapping[str, Value]] = {
        "plan": of_plan,
        "model": parameters.model,
        "component": of_component,
    }
    yield Finding(
        "info",
        ", ".join(f"{len(given)} parameters from the {who}" for who, given in told.items()),
        str(base_model.component),
        "; ".join(f"{who}: {_listed(given)}" for who, given in told.items()),
        "plan",
        "",
    )


def same(ours: Value, theirs: Value) -> bool:
    """Whether two spellings mean the same: tags hold 5e-6 as text."""
    one, other = number(ours), number(theirs)
    return str(ours) == str(theirs) if one is None or other is None else one == other


def _misfit(name: str, value: Value, wanted: Input) -> str | None:
    """What is wrong with a value, in words; numbers may come as text, as in the tags."""
    if wanted.enum:
        return None if str(value) in wanted.enum else f"is none of {', '.join(wanted.enum)}"
    if wanted.type not in ("integer", "number"):
        return None
    found = number(value)
    if found is None or (wanted.type == "integer" and found != int(found)):
        return f"is not {'an integer' if wanted.type == 'integer' else 'a number'}"
    if wanted.low is not None and found < wanted.low:
        return f"is less than {wanted.low:g}"
    if wanted.high is not None and found > wanted.high:
        return f"is more than {wanted.high:g}"
    if name in ABOVE and found <= ABOVE[name]:
        return f"is not above {ABOVE[name]}"
    return None


def _owner(name: str, parameters: Parameters) -> Blame:
    if name in parameters.model:
        return "base model"
    return "plan" if name in parameters.plan else "component"


def _origin(name: str, parameters: Parameters) -> str:
    if name in parameters.model:
        return " (a default in the model's tag model_specific_defaults)"
    return " (from the plan)" if name in parameters.plan else " (the component's default)"


def _mend(name: str, parameters: Parameters) -> str:
    if name in parameters.model:
        return f"{_ignoring([name])} leaves it out"
    return f"correct {name} in [training] or [optimization] of the plan, or with --set"


def _near(name: str, accepted: list[str]) -> str:
    near = get_close_matches(name, accepted, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _ignoring(names: list[str]) -> str:
    """The option by which the plan does so."""
    return f"--set 'finetune.ignore_model_defaults={json.dumps(names)}'"


def _listed(given: Mapping[str, Value]) -> str:
    return ", ".join(f"{name}={value}" for name, value in given.items()) or "none"
