"""Step 5: the fine-tune job: build, submit, stream, and check what really happened."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.checks.facts import BaseModel, JobEnd, Link, Parameters
from harness.errors import JobError
from harness.janitor.tags import tags
from harness.recipe.base_model import component_of, parameters_of
from harness.recipe.display_name import display_name
from harness.recipe.job_failure import failed_children
from harness.recipe.lineage import links_of_job
from harness.recipe.plain import plain

if TYPE_CHECKING:
    from harness.checks.catalogue import Judge
    from harness.janitor.ledger import Ledger
    from harness.plan import Plan
    from harness.recipe.compute import Cluster
    from harness.recipe.connect import Connection
    from harness.recipe.data import Splits

OUTPUT = "trained_model"
TERMINAL = ("Completed", "Failed", "Canceled")
SETTLE_SECONDS = 300


@dataclass(frozen=True)
class FineTuneJob:
    """A job that completed."""

    name: str
    display_name: str
    status: str
    component: str
    parameters: Parameters
    links: tuple[Link, ...]
    studio_url: str
    properties: Mapping[str, str]  # of the root run, such as the tokens trained on


def fine_tune(
    connection: Connection,
    plan: Plan,
    model: BaseModel,
    cluster: Cluster,
    splits: Splits,
    ledger: Ledger,
    judge: Judge,
) -> FineTuneJob:
    """Submit the pipeline, stream it to the end, and return it only if it completed.

    Raises JobError with each failed child's error when the job ended in anything but Completed,
    StepError when what it trained on is not what it was given.
    """
    component = component_of(connection, plan, judge, model.component.version)
    parameters = _submitted(plan, model, cluster)
    job = _pipeline(component, parameters, plan, model, cluster, splits)
    job.name = f"finetune-chat-{connection.timestamp}"
    job.tags = tags(plan, connection.timestamp)
    ledger.expect("job", job.name, plan.compute.size, plan.finetune.num_nodes)
    submitted = _submit(connection, plan, job)
    ledger.answered("job", job.name)
    _stream(connection, str(submitted.name))
    finished = _settled(connection, str(submitted.name))
    judge("job", job=_end(connection, finished))
    ledger.ended("job", job.name)
    links = links_of_job(finished, model, splits)
    judge("lineage", links=links)
    return FineTuneJob(
        name=str(finished.name),
        display_name=str(finished.display_name),
        status=plain(finished.status),
        component=f"{component.name} {component.version}",
        parameters=parameters,
        links=links,
        studio_url=str(finished.studio_url),
        properties={str(key): str(value) for key, value in finished.properties.items()},
    )


def _submitted(plan: Plan, model: BaseModel, cluster: Cluster) -> Parameters:
    """The parameters, with what the cluster decides."""
    found = parameters_of(plan, model)
    decided = {
        "number_of_gpu_to_use_finetuning": cluster.gpus,
        "num_nodes_finetune": plan.finetune.num_nodes,
    }
    return replace(found, plan=decided | dict(found.plan))


def _pipeline(
    component: Any,
    parameters: Parameters,
    plan: Plan,
    model: BaseModel,
    cluster: Cluster,
    splits: Splits,
) -> Any:
    """The pipeline job, wired as in the recipe."""
    from azure.ai.ml import Input
    from azure.ai.ml.dsl import pipeline

    name = display_name(model.name, parameters.values, cluster.gpus, plan.finetune.num_nodes)

    # the recipe uses this name as the component's and the job's; the SDK's types lack a factory
    @pipeline(name=name)  # type: ignore[call-overload,untyped-decorator]
    def create_pipeline() -> dict[str, Any]:
        node = component(
            mlflow_model_path=model.id,
            compute_model_import=cluster.name,
            compute_preprocess=cluster.name,
            compute_finetune=cluster.name,
            compute_model_evaluation=cluster.name,
            train_file_path=Input(type="uri_file", path=str(splits.path("train_sft"))),
            test_file_path=Input(type="uri_file", path=str(splits.path("test_sft"))),
            **parameters.values,
        )
        return {OUTPUT: node.outputs.mlflow_model_folder}

    job = create_pipeline()
    job.settings.force_rerun = True
    job.settings.continue_on_step_failure = False
    return job


def _submit(connection: Connection, plan: Plan, job: Any) -> Any:
    """Upload the data and submit the job; a refusal names which of the two was refused."""
    from azure.core.exceptions import AzureError

    try:
        return connection.workspace.jobs.create_or_update(
            job, experiment_name=plan.workspace.experiment
        )
    except AzureError as error:
        request = getattr(getattr(error, "response", None), "request", None)
        host = urlsplit(request.url).hostname if request is not None else None
        doing = (
            f"uploading its data to {host}"
            if host and ".blob." in host
            else f"submitting it to {host or 'the workspace'}"
        )
        raise JobError(
            f"job {job.name} was not started; {doing} failed: {error.message}\nNext: az ml "
            "workspace show --query storage_account, and look at that account's state and space"
        ) from error


def _stream(connection: Connection, name: str) -> None:
    """Show the job's progress until it ends; the status is checked afterwards."""
    from azure.ai.ml.exceptions import JobException

    try:
        connection.workspace.jobs.stream(name)
    except JobException as error:
        if isinstance(error.__cause__, KeyboardInterrupt):  # the SDK would have it go on
            raise error.__cause__ from None
        # else it says only that some step failed; failed_children says why


def _end(connection: Connection, job: Any) -> JobEnd:
    """How it ended; only a job that failed has its children asked."""
    name, status = str(job.name), plain(job.status)
    return JobEnd(name, status, () if status == "Completed" else failed_children(connection, name))


def _settled(connection: Connection, name: str) -> Any:
    """The job in a state that does not change any more; stream ends at CancelRequested already.

    Stream does not vouch for it: it returns silently on Canceled.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        job = connection.workspace.jobs.get(name)
        if plain(job.status) in TERMINAL or time.monotonic() > deadline:
            return job
        time.sleep(1)
