"""Step 6: the fine-tuned model, registered from the job's output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.checks.facts import Link
from harness.recipe.failing import doing
from harness.recipe.finetune import OUTPUT

if TYPE_CHECKING:
    from harness.checks.catalogue import Judge
    from harness.plan import Plan
    from harness.recipe.connect import Connection
    from harness.recipe.finetune import FineTuneJob


@dataclass(frozen=True)
class RegisteredModel:
    """A model version in the workspace."""

    id: str
    name: str
    version: str
    path: str
    links: tuple[Link, ...] = ()


def register(connection: Connection, plan: Plan, job: FineTuneJob, judge: Judge) -> RegisteredModel:
    """Register `azureml://jobs/<job>/outputs/trained_model`; the version is the run's timestamp."""
    from azure.ai.ml.constants import AssetTypes
    from azure.ai.ml.entities import Model

    model = Model(
        path=f"azureml://jobs/{job.name}/outputs/{OUTPUT}",
        name=plan.register.name,
        version=connection.timestamp,
        type=AssetTypes.MLFLOW_MODEL,
        description=f"{plan.base_model.name} fine tuned model for ultrachat 200k chat-completion",
    )
    with doing(
        f"registering the output of job {job.name} as {plan.register.name}",
        f"az ml job show --name {job.name}, and look at its outputs",
    ):
        registered = connection.workspace.models.create_or_update(model)
    show = f"az ml model show --name {registered.name} --version {registered.version}"
    links = (Link("job -> registered model", job.name, registered.job_name, show),)
    judge("lineage", links=links)
    return RegisteredModel(
        id=str(registered.id),
        name=str(registered.name),
        version=str(registered.version),
        path=str(registered.path),
        links=links,
    )
