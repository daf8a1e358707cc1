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


Point = tuple[int, float | str]


def _logged(metric: str, *points: Point) -> str:
    told = [{"key": metric, "value": v, "timestamp": 1, "step": s} for s, v in points]
    return f"answers:mlflow.call:at=metric_key={metric}&," + json.dumps({"metrics": told})


def _ends(code: str, message: str) -> tuple[str]:
    step = "ft_nlp_common_validation"  # the first, so that nothing is trained before it
    return (f"ends:job.submit:Failed,child={step},code={code},message={message}",)


def _failing(name: str, blame: str, cause: str, code: str, message: str) -> Plant:
    says, faults = f"error job.completed: {blame}", _ends(code, message)
    return Plant(name, "job", (says,), faults=faults, cause=f"cause: {cause}", part=message)


def _line(first: float, last: float) -> list[Point]:
    """A loss every ten of 480 steps, from the one value to the other."""
    return [(step, first + (last - first) * (step - 10) / 470) for step in range(10, 481, 10)]


def _state(status: str, after: int = 0) -> Edit:
    return Edit("job.get", lambda body: body["properties"].update(status=status), after)


def _left(name: str, *states: Edit, ended: str) -> Plant:
    """The SDK's stream returns in silence at each of these states."""
    part = f"ended as {ended}, not Completed"
    return Plant(name, "again", ("error job.completed: service",), edits=states, part=part)


JOB = (  # step 5: how it ended, and what it logged
    _failing(
        "out-of-memory", "SKU", "out of memory", "OutOfMemory", "CUDA out of memory. Tried 20 GiB"
    ),
    _failing(
        "killed", "SKU", "out of memory", "ExecutionFailed", "Process exited with exit code 137"
    ),
    _failing("preempted", "SKU", "preemption", "JobPreempted", "The node was preempted"),
    _failing("disk-full", "SKU", "disk", "DiskFullError", "[Errno 28] No space left on device"),
    _failing("job-quota", "quota", "quota", "QuotaExceeded", "vCPU quota of 0 is not enough"),
    _failing("image", "component", "image", "ImageBuildFailed", "Failed to pull Docker image"),
    _failing(
        "peft-that-changed",
        "component",
        "training environment",
        "ExecutionFailed",
        "ImportError: cannot import name 'Conversation' from 'transformers'",
    ),
    _failing(
        "service-503", "service", "transient", "ServiceError", "Received 503 from a service request"
    ),
    _failing(
        "rows-refused", "data", "user data", "UserError", "the dataset has no column messages"
    ),
    _failing(
        "trainers-own-exception",
        "component",
        "exception in the step's code",
        "ExecutionFailed",
        "RuntimeError: mat1 and mat2 shapes cannot be multiplied",
    ),
    Plant(
        "no-reason",
        "job",
        ("error job.completed: service",),
        faults=_ends("ExecutionFailed", "See child run for more details."),
        cause="cause not recognised",
        part="See child run for more details.",
    ),
    Plant(
        "canceled",
        "job",
        ("error job.completed: service",),
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
        ("error lineage.unbroken: service",),
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
        ("error metrics.finite: training",),
        faults=(_logged("loss", (10, 1.0), (20, "NaN"), *_line(1.0, 0.2)[2:]),),
        part="first at step 20",
    ),
    Plant(
        "nan-that-is-skipped",
        "again",
        ("warning metrics.points: training",),
        faults=(_logged("loss", *_line(1.0, 0.2)[1:]),),
        part="47 training losses were logged, and 480 rows make 48",
    ),
    Plant(
        "trained-nothing",
        "again",
        ("error metrics.falls: training",),
        faults=(_logged("eval_loss", (0, 1.3), (480, 1.3)),),
        part="no better than its base",
    ),
    Plant(
        "loss-that-rises",
        "again",
        ("error metrics.falls: training",),
        faults=(_logged("loss", *_line(0.2, 0.21)),),
    ),
    Plant(
        "base-that-was-not-evaluated",
        "again",
        ("cannot tell metrics.falls: training",),
        faults=(_logged("eval_loss", (480, 0.5)),),
    ),
    Plant(
        "too-good",
        "again",
        ("warning metrics.too_good: training",),
        faults=(_logged("loss", *_line(1.0, 0.01)),),
    ),
    Plant(
        "another-learning-rate",
        "again",
        ("warning metrics.rates: training",),
        faults=(_logged("learning_rate", *_line(1e-4, 1e-4)),),
    ),
    Plant(
        "no-run-that-trained",
        "again",
        (),
        faults=("answers:mlflow.call:at=runs/search,{}",),
        part="none of its 0 MLflow runs logged training metrics",
    ),
    Plant("no-token", "again", ("error metrics.tokens: training",), edits=(_token_property("0"),)),
    Plant(
        "tokens-unsaid",
        "again",
        ("cannot tell metrics.tokens: training",),
        edits=(_token_property(None),),
    ),
    Plant(
        "tokens-no-number",
        "again",
        ("cannot tell metrics.tokens: training",),
        edits=(_token_property("many"),),
        part="'many'",
    ),
)

OTHER = "training.seed=4242"  # not in the reference, so that only the distribution can tell


def _ended_at(loss: float) -> str:
    """The base model's evaluation as it is, and this one at the end; see data/reference."""
    return _logged("eval_loss", (0, 1.3259761333465576), (480, loss))


TRAINING = (  # the end of step 8: the training against the reference runs
    Plant(
        "worse-than-any-reference",
        "accept",
        ("error acceptance.reference: training",),
        (OTHER,),
        (_ended_at(0.15),),
        part="too bad: evaluation loss at the end: 0.15",
    ),
    Plant(
        "better-than-any-reference",
        "accept",
        ("error acceptance.reference: training",),
        (OTHER,),
        (_ended_at(0.13),),
        part="too good: evaluation loss at the end: 0.13",
    ),
    Plant(
        "seed-that-is-ignored",
        "accept",
        ("error acceptance.reference: training",),
        ("training.seed=4242",),
        part="seed 4242 gave the run of seed 42: the seed is ignored",
    ),
    Plant(
        "tokens-of-other-data",
        "accept",
        ("error acceptance.reference: data",),
        edits=(_token_property("30000"),),
        part="tokens: 30000, and 38997 in every reference run",
    ),
    Plant(
        "training-of-another-kind",
        "accept",
        ("cannot tell acceptance.reference: training",),
        ("training.warmup_steps=5",),
        part="reference twin-tiny is of other runs: parameters is",
    ),
    Plant(  # as when the adapter is not merged on save: the losses are good
        "base-model-that-answers",
        "ask",
        ("error acceptance.reference: training",) * 2,
        ("deployment.name=base",),
        part="too bad: ROUGE-L gained over the base model: 0,",
    ),
)
