"""The job's metrics, read through MLflow from the root run and its children."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.checks.data import trained_rows
from harness.checks.facts import Fit, number
from harness.errors import JobError
from harness.recipe.failing import doing

if TYPE_CHECKING:
    from harness.plan import Plan
    from harness.recipe.connect import Connection
    from harness.recipe.data import Splits
    from harness.recipe.finetune import FineTuneJob

Series = list[tuple[int, float]]  # (optimizer step, value)
NOTES = "twin.notes"  # property: what the twin scaled or could not honour, as JSON text
TOKENS = "__azureml_ft_training_tokens"  # property: tokens of the training rows
_SERIES = ("loss", "eval_loss", "learning_rate")


@dataclass(frozen=True)
class TrainingMetrics:
    """Metrics of the run that trained: last values, and whole series of the losses."""

    run: str
    last: Mapping[str, float]
    train_loss: Series
    eval_loss: Series
    learning_rate: Series
    tokens: int | None  # of the training rows, one epoch
    notes: tuple[str, ...]
    runs: int  # how many runs of the job MLflow knows
    tokens_said: str = ""  # where the property is no number

    @property
    def train_fall(self) -> float:
        """1 - last/first of the training loss; 0 is no fall."""
        return _fall(self.train_loss)

    @property
    def eval_fall(self) -> float | None:
        """1 - last/first of the evaluation loss; None with fewer than two evaluations."""
        return _fall(self.eval_loss) if len(self.eval_loss) > 1 else None


def read_metrics(connection: Connection, plan: Plan, job: FineTuneJob) -> TrainingMetrics:
    """The training run's metrics. The run that trained is the child that logged `epoch`.

    Raises JobError when the job completed without a run that logged training metrics.
    """
    with doing(
        f"reading the metrics of job {job.name} from {connection.tracking_uri}",
        "check that azureml-mlflow and mlflow-skinny agree: python -m pip check",
    ):
        runs = _runs(connection, plan, job)
        run = _trained(runs, job)
        history = {key: _series(run.info.run_id, key) for key in _SERIES}
    said = job.properties.get(TOKENS)
    tokens = number(said)
    return TrainingMetrics(
        run=str(run.info.run_id),
        last=dict(run.data.metrics),
        train_loss=history["loss"],
        eval_loss=history["eval_loss"],
        learning_rate=history["learning_rate"],
        tokens=None if tokens is None else int(tokens),
        tokens_said="" if said is None or tokens is not None else said,
        notes=tuple(json.loads(job.properties.get(NOTES, "[]"))),
        runs=len(runs),
    )


def fit_of(metrics: TrainingMetrics, splits: Splits) -> Fit:
    """What is judged of the training."""
    return Fit(
        run=metrics.run,
        rows=trained_rows(splits.rows["train_sft"]),
        train_loss=tuple(metrics.train_loss),
        eval_loss=tuple(metrics.eval_loss),
        learning_rate=tuple(metrics.learning_rate),
        tokens=metrics.tokens,
        tokens_said=metrics.tokens_said,
        notes=metrics.notes,
    )


def _runs(connection: Connection, plan: Plan, job: FineTuneJob) -> list[Any]:
    """All runs of the job: the root, and every child below it."""
    import mlflow

    mlflow.set_tracking_uri(connection.tracking_uri)
    runs: list[Any] = mlflow.search_runs(  # type: ignore[assignment]  # a list, as asked for
        experiment_names=[plan.workspace.experiment],
        filter_string=f"tags.mlflow.rootRunId='{job.name}'",
        output_format="list",
    )
    return runs


def _trained(runs: list[Any], job: FineTuneJob) -> Any:
    """The run that trained: it logged `epoch`; a child rather than the root, which repeats it."""
    trained = [run for run in runs if "epoch" in run.data.metrics]
    if not trained:
        raise JobError(
            f"job {job.name} completed, but none of its {len(runs)} MLflow runs logged training "
            f"metrics. Next: az ml job download --name {job.name} --all, and read the logs"
        )
    return next((run for run in trained if run.info.run_id != job.name), trained[0])


def _series(run_id: str, key: str) -> Series:
    from mlflow.tracking import MlflowClient

    points = MlflowClient().get_metric_history(run_id, key)
    return sorted((int(point.step), float(point.value)) for point in points)


def _fall(series: Series) -> float:
    return 1 - series[-1][1] / series[0][1] if len(series) > 1 and series[0][1] else 0.0
