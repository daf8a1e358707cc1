"""Step 5: the job, how it ended and what it logged."""

from __future__ import annotations

import json
from typing import Any

from tests.checks.plant import Edit, Plant


def _token_property(text: str | None) -> Edit:
    def change(body: Any) -> None:
        told = body["properties"]["properties"]
        told.pop("__azureml_ft_training_tokens")
        told.update({} if text is None else {"__azureml_ft_training_tokens": text})

    return Edit("job.get", change)


def _node(body: Any) -> Any:
    return next(iter(body["properties"]["jobs"].values()))


def _logged(metric: str, *points: tuple[int, float | str]) -> str:
    told = [{"key": metric, "value": v, "timestamp": 1, "step": s} for s, v in points]
    return f"answers:mlflow.call:at=metric_key={metric}&," + json.dumps({"metrics": told})


def _ends(code: str, message: str) -> tuple[str]:
    step = "ft_nlp_common_validation"  # the first, so that nothing is trained before it
    return (f"ends:job.submit:Failed,child={step},code={code},message={message}",)


def _failing(name: str, cause: str, code: str, message: str) -> Plant:
    says, faults = ("error job.completed",), _ends(code, message)
    return Plant(name, "job", says, faults=faults, cause=f"cause: {cause}", part=message)


def _state(status: str, after: int = 0) -> Edit:
    return Edit("job.get", lambda body: body["properties"].update(status=status), after)


def _left(name: str, *states: Edit, ended: str) -> Plant:
    """The SDK's stream returns in silence at each of these states."""
    part = f"ended as {ended}, not Completed"
    return Plant(name, "again", ("error job.completed",), edits=states, part=part)


JOB = (  # step 5: how it ended, and what it logged
    _failing("out-of-memory", "out of memory", "OutOfMemory", "CUDA out of memory. Tried 20 GiB"),
    _failing("killed", "out of memory", "ExecutionFailed", "Process exited with exit code 137"),
    _failing("preempted", "preemption", "JobPreempted", "The node was preempted"),
    _failing("disk-full", "disk", "DiskFullError", "[Errno 28] No space left on device"),
    _failing("job-quota", "quota", "QuotaExceeded", "vCPU quota of 0 is not enough"),
    _failing("image", "image", "ImageBuildFailed", "Failed to pull Docker image"),
    _failing(
        "peft-that-changed",
        "training environment",
        "ExecutionFailed",
        "ImportError: cannot import name 'Conversation' from 'transformers'",
    ),
    _failing("service-503", "transient", "ServiceError", "Received 503 from a service request"),
    _failing("rows-refused", "user data", "UserError", "the dataset has no column messages"),
    _failing(
        "trainers-own-exception",
        "exception in the step's code",
        "ExecutionFailed",
        "RuntimeError: mat1 and mat2 shapes cannot be multiplied",
    ),
    Plant(
        "no-reason",
        "job",
        ("error job.completed",),
        faults=_ends("ExecutionFailed", "See child run for more details."),
        cause="cause not recognised",
        part="See child run for more details.",
    ),
    Plant(
        "canceled",
        "job",
        ("error job.completed",),
        faults=("ends:job.submit:Canceled,child=ft_nlp_common_validation",),
        part="ended as Canceled, not Completed",
    ),
    _left("not-responding", _state("NotResponding"), ended="NotResponding"),
    _left("paused", _state("Paused"), ended="Paused"),
    _left(  # what stream takes for the end is not: the step waits until it is
        "cancel-requested",
        _state("CancelRequested"),
        _state("Canceled", after=2),
        ended="Canceled",
    ),
    Plant(
        "another-jobs-data",
        "again",
        ("error lineage.unbroken",),
        edits=(
            Edit(
                "job.get",
                lambda body: _node(body)["inputs"]["train_file_path"].update(
                    uri=f"azureml://datastores/d/paths/LocalUpload/{'0' * 64}/train_sft.jsonl"
                ),
            ),
        ),
        part="train_sft.jsonl -> job: 0000",
    ),
    Plant(
        "nan-in-the-losses",
        "again",
        ("error metrics.finite",),
        faults=(_logged("loss", (10, 1.0), (20, "NaN")),),
        part="first at step 20",
    ),
    Plant(
        "nan-that-is-skipped",
        "again",
        ("warning metrics.points",),
        faults=(_logged("loss", (20, 0.5)),),
        part="1 training losses were logged, and 480 rows make 2",
    ),
    Plant(
        "trained-nothing",
        "again",
        ("error metrics.falls",),
        faults=(_logged("eval_loss", (0, 1.3), (20, 1.3)),),
        part="no better than its base",
    ),
    Plant(
        "loss-that-rises",
        "again",
        ("error metrics.falls",),
        faults=(_logged("loss", (10, 0.9), (20, 0.91)),),
    ),
    Plant(
        "base-that-was-not-evaluated",
        "again",
        ("cannot tell metrics.falls",),
        faults=(_logged("eval_loss", (20, 0.5)),),
    ),
    Plant(
        "too-good",
        "again",
        ("warning metrics.too_good",),
        faults=(_logged("loss", (10, 1.0), (20, 0.01)),),
    ),
    Plant(
        "another-learning-rate",
        "again",
        ("warning metrics.rates",),
        faults=(_logged("learning_rate", (10, 1e-4), (20, 1e-4)),),
    ),
    Plant(
        "no-run-that-trained",
        "again",
        (),
        faults=("answers:mlflow.call:at=runs/search,{}",),
        part="none of its 0 MLflow runs logged training metrics",
    ),
    Plant("no-token", "again", ("error metrics.tokens",), edits=(_token_property("0"),)),
    Plant(
        "tokens-unsaid", "again", ("cannot tell metrics.tokens",), edits=(_token_property(None),)
    ),
    Plant(
        "tokens-no-number",
        "again",
        ("cannot tell metrics.tokens",),
        edits=(_token_property("many"),),
        part="'many'",
    ),
)
