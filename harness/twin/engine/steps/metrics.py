"""Every number the Trainer logs goes to MLflow, on the step's run and on the root run."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from harness.twin.engine.steps.step import Step, Tracking

# Only appears when an evaluation comes before the training, which Azure's job does not do.
_LOCAL = ("eval_model_preparation_time",)
EVERY = 1.0  # seconds between two lines of progress in the root log


def numbers(logs: Mapping[str, Any]) -> dict[str, float]:
    """The loggable part: numbers, without NaN and infinity (`log_metrics_at_root` skips them)."""
    return {
        name: float(value)
        for name, value in logs.items()
        if isinstance(value, int | float) and math.isfinite(value) and name not in _LOCAL
    }


class Sink:
    """Writes metrics to the tracking server through the MLflow client.

    A metric that cannot be written ends the step: metrics are part of what the job is for.
    """

    def __init__(self, tracking: Tracking | None) -> None:
        self._runs = (tracking.run, tracking.root) if tracking else ()
        self._client: Any = None
        if tracking:
            from mlflow import MlflowClient  # not there on a bare GPU machine

            self._client = MlflowClient(tracking_uri=tracking.url)

    def log(self, values: Mapping[str, float], step: int) -> None:
        """One point of every metric, on both runs."""
        if not self._runs or not values:
            return
        from mlflow.entities import Metric

        stamp = int(time.time() * 1000)
        metrics = [Metric(name, value, stamp, step) for name, value in values.items()]
        for run in self._runs:
            self._client.log_batch(run, metrics=metrics)


class Progress(TrainerCallback):
    """Metrics to MLflow; lines of progress to whoever streams the job.

    One at the first step, one whenever the Trainer logs a loss (once a second at most), one a
    second in between, one at the last step.
    """

    def __init__(self, step: Step) -> None:
        self._step = step
        self._sink = Sink(step.tracking)
        self._said = 0.0  # when, by the monotonic clock
        self._said_at = 0  # at which training step
        self._began = time.monotonic()
        self.history: list[dict[str, float]] = []  # all points, and "step", "seconds": when

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Called by the Trainer for each entry of its log history."""
        self.log(numbers(logs or {}), state.global_step)
        if logs and "loss" in logs and self._due(state):
            self._say(state)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Between two entries of the log a long step would look like a hang."""
        if not control.should_log and self._due(state):  # else on_log says it, with the loss
            self._say(state)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """The last step is said, however short the training was."""
        if self._said_at != state.global_step:
            self._say(state)

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """The component logs the step of every checkpoint."""
        self.log({"checkpoint_save_step": float(state.global_step)}, state.global_step)

    def log(self, values: Mapping[str, float], at: int) -> None:
        """One point of every metric at a training step."""
        when = {"step": float(at), "seconds": round(time.monotonic() - self._began, 4)}
        self.history.append({**values, **when})
        self._sink.log(values, at)

    def _due(self, state: TrainerState) -> bool:
        return state.global_step == 1 or time.monotonic() - self._said >= EVERY

    def _say(self, state: TrainerState) -> None:
        self._said, self._said_at = time.monotonic(), state.global_step
        losses = [entry["loss"] for entry in self.history if "loss" in entry]
        loss = f"loss {losses[-1]:.3f}" if losses else "loss not yet logged"
        self._step.say(f"step {state.global_step}/{state.max_steps}, {loss}")
