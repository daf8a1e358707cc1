"""The base model: still offered, readable, and the one that is meant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from harness.checks.facts import BaseModel
from harness.checks.finding import Finding
from harness.checks.retirements import model_retired

if TYPE_CHECKING:
    from harness.plan import Plan

_SHOW = "az ml model show --registry-name azureml --name"


def tags(base_model: BaseModel) -> Iterator[Finding]:
    """Every tag that is read is a literal, in Python's or JSON's spelling."""
    for tag, text in base_model.unreadable.items():
        yield Finding(
            "error",
            f"tag {tag} of {base_model} is not what it was: {text[:200]!r}",
            str(base_model),
            "neither JSON nor a Python literal of the expected kind (a list of sizes, a table)",
            "base model",
            f"{_SHOW} {base_model.name}; then pin base_model.version in the plan or with --set",
        )


def archived(base_model: BaseModel) -> Iterator[Finding]:
    """The version is not archived."""
    if base_model.archived is None:
        yield Finding(
            "cannot tell",
            f"this SDK does not say whether {base_model} is archived",
            str(base_model),
            "no field isArchived in what the registry answered",
            "service",
            f"{_SHOW} {base_model.name} --version {base_model.version}",
        )
    elif base_model.archived:
        yield Finding(
            "warning",
            f"{base_model} is archived: its publisher no longer offers it",
            str(base_model),
            f"isArchived of {base_model.id}",
            "base model",
            "az ml model list --registry-name azureml; then set base_model.name in the plan or "
            "with --set",
        )


def retired(base_model: BaseModel, day: date) -> Iterator[Finding]:
    """Fine-tuning of the model has not been retired."""
    gone = model_retired(base_model.name)
    if gone and gone.on <= day:
        yield Finding(
            "warning",
            f"fine-tuning of {base_model.name} was retired on {gone.on}",
            str(base_model),
            str(gone),
            "base model",
            "set base_model.name in the plan or with --set to a model that is still offered",
        )


def pinned(base_model: BaseModel, plan: Plan) -> Iterator[Finding]:
    """What the label "latest" means this time. Tags change in place, so a version is no pin."""
    if plan.base_model.version == "latest":
        yield Finding(
            "info",
            f"latest is version {base_model.version}, and component {base_model.component}",
            str(base_model),
            base_model.id,
            "base model",
            f'to pin: base_model.version = "{base_model.version}" in the plan or with --set',
        )
