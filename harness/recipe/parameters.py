"""The parameters of the job: the recipe's, the model's defaults over them, the component's say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from harness.errors import RefusedError

if TYPE_CHECKING:
    from harness.plan import Plan
    from harness.recipe.base_model import BaseModel

Value = str | int | float


@dataclass(frozen=True)
class JobParameters:
    """What the component is given, and which model default overrode which value of the plan."""

    values: Mapping[str, Value]
    overridden: tuple[str, ...]


def job_parameters(plan: Plan, model: BaseModel) -> JobParameters:
    """Plan's training and optimisation parameters, with the model's defaults laid over them.

    The recipe merges in this order, so the plan's three epochs become one when the model says so.
    """
    wanted = {**plan.training, **plan.optimization}
    ignored = plan.finetune.ignore_model_defaults
    defaults = {key: value for key, value in model.defaults.items() if key not in ignored}
    overridden = tuple(
        f"{key}: plan {wanted[key]!r}, model default {value!r} wins"
        for key, value in defaults.items()
        if key in wanted and not _same(wanted[key], value)
    )
    return JobParameters(values={**wanted, **defaults}, overridden=overridden)


def check_accepted(parameters: JobParameters, component: Any, plan: Plan) -> None:
    """Refuse parameters the component does not have, before anything is submitted.

    Raises RefusedError with the list of what the component accepts.
    """
    accepted = sorted(component.inputs)
    unknown = sorted(set(parameters.values) - set(accepted))
    if not unknown:
        return
    lines = [f"  {name}{_origin(name, plan)}{_near(name, accepted)}" for name in unknown]
    defaults = [name for name in unknown if name not in {**plan.training, **plan.optimization}]
    raise RefusedError(
        f"component {component.name} {component.version} does not accept {', '.join(unknown)}:\n"
        + "\n".join(lines)
        + f"\nIt accepts: {', '.join(accepted)}\nNext: "
        + (
            f"set finetune.ignore_model_defaults = {defaults} in plan.toml".replace("'", '"')
            if defaults
            else "correct or remove them in [training] or [optimization] in plan.toml"
        )
    )


def display_name(model: str, values: Mapping[str, Value], gpus: int, nodes: int) -> str:
    """The job's display name, built as the recipe builds it.

    It compares with the text "true", so `apply_lora = true` of another type reads as nolora.
    """
    batch = (
        int(values.get("per_device_train_batch_size", 1))
        * int(values.get("gradient_accumulation_steps", 1))
        * gpus
        * nodes
    )
    deepspeed = values.get("apply_deepspeed", "false") == "true"
    parts = [
        model,
        "ultrachat",
        f"bs{batch}",
        str(values.get("lr_scheduler_type", "linear")),
        f"ds{values.get('deepspeed_stage', '2')}" if deepspeed else "nods",
        "lora" if values.get("apply_lora", "false") == "true" else "nolora",
        f"save_limit{values.get('save_total_limit', -1)}",
        f"seqlen{values.get('max_seq_length', -1)}",
    ]
    return "-".join(parts)


def _same(ours: Value, theirs: Value) -> bool:
    """Whether two spellings mean the same: tags hold 5e-6 as text."""
    try:
        return float(ours) == float(theirs)
    except ValueError:
        return str(ours) == str(theirs)


def _origin(name: str, plan: Plan) -> str:
    if name in plan.training:
        return " (from [training])"
    if name in plan.optimization:
        return " (from [optimization])"
    return " (a default in the model's tag model_specific_defaults)"


def _near(name: str, accepted: list[str]) -> str:
    near = get_close_matches(name, accepted, n=1)
    return f"; did you mean {near[0]}?" if near else ""
