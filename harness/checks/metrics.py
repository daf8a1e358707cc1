"""Is what was logged a training at all? Completed says only that no step raised."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean

from harness.checks.facts import BaseModel, Fit, Parameters, Value, number
from harness.checks.finding import Finding

FALL = 1e-3  # relative; less is noise, and no training
SUSPICIOUS = 0.02  # nats per token: below, the text is known by heart or nothing is counted
RATE = 0.02  # relative; the schedule is exact, the slack is for rounding and one step's shift
LEAST = {  # values that a schedule is made of, and the least each can be
    "number_of_gpu_to_use_finetuning": 1,
    "num_nodes_finetune": 1,
    "per_device_train_batch_size": 1,
    "gradient_accumulation_steps": 1,
    "num_train_epochs": 1,
    "logging_steps": 1,
    "max_steps": -math.inf,  # nothing above 0 is no limit
    "warmup_steps": 0,
    "learning_rate": 0,
}


@dataclass(frozen=True)
class Schedule:
    """What the parameters make of so many rows: optimizer steps, and how many of them log."""

    steps: int
    every: int  # steps between two logged losses
    rate: float
    warmup: int
    kind: str

    @property
    def points(self) -> int:
        """Logged training losses."""
        return self.steps // self.every

    def at(self, step: int) -> float:
        """The learning rate of a step; the Trainer logs the one the step was made with."""
        done = step - 1
        if self.warmup and done < self.warmup:
            return self.rate * done / self.warmup
        return self.rate * _SHAPES[self.kind]((done - self.warmup) / (self.steps - self.warmup))


_SHAPES: dict[str, Callable[[float], float]] = {  # share of the way -> share of the rate
    "linear": lambda share: 1 - share,
    "cosine": lambda share: 0.5 * (1 + math.cos(math.pi * share)),
    "constant": lambda share: 1.0,
    "constant_with_warmup": lambda share: 1.0,
}


def schedule(parameters: Parameters, base_model: BaseModel, rows: int) -> Schedule | None:
    """Epochs, batch and GPUs of the job as submitted, over the rows it trains on.

    None when one of its values is missing or no such number, see `_unfit`.
    """
    values = _values(parameters, base_model)
    if _unfit(values):
        return None

    def whole(name: str) -> int:
        return int(number(values.get(name)) or 0)

    devices = whole("number_of_gpu_to_use_finetuning") * whole("num_nodes_finetune")
    batch = whole("per_device_train_batch_size") * devices
    an_epoch = math.ceil(math.ceil(rows / batch) / whole("gradient_accumulation_steps"))
    limit = whole("max_steps")
    return Schedule(
        steps=limit if limit > 0 else an_epoch * whole("num_train_epochs"),
        every=an_epoch if values.get("logging_strategy") == "epoch" else whole("logging_steps"),
        rate=number(values["learning_rate"]) or 0.0,
        warmup=whole("warmup_steps"),
        kind=str(values.get("lr_scheduler_type")),
    )


def _values(parameters: Parameters, base_model: BaseModel) -> Mapping[str, Value | None]:
    """What the job is given, over what the component takes by itself."""
    inputs = base_model.component.inputs
    return {name: each.default for name, each in inputs.items()} | dict(parameters.values)


def _unfit(values: Mapping[str, Value | None]) -> list[str]:
    """Names of the values from which no schedule can be computed."""
    least = {name: number(values.get(name)) for name in LEAST}
    return [name for name, told in least.items() if told is None or told < LEAST[name]]


def finite(fit: Fit) -> Iterator[Finding]:
    """Every logged loss is a number, and there are some."""
    series = {"loss": fit.train_loss, "eval_loss": fit.eval_loss}
    for name, points in series.items():
        bad = [step for step, value in points if not math.isfinite(value) or value < 0]
        if bad:
            yield _wrong(
                f"{name} is no number at {len(bad)} of {len(points)} points, first at step "
                f"{bad[0]}",
                "lower training.learning_rate in the plan or with --set",
            )
    if not fit.train_loss:
        yield _wrong("no training loss was logged", _log(fit))


def falls(fit: Fit) -> Iterator[Finding]:
    """The loss falls: over the training, and against the base model's own evaluation."""
    losses = [value for _, value in fit.train_loss if math.isfinite(value)]
    early, late = losses[: len(losses) // 2], losses[len(losses) // 2 :]
    if early and not fmean(late) < fmean(early):  # one point may be an easy batch or a hard one
        yield _wrong(
            f"the training loss did not fall: {fmean(early):.4g} in the first half, "
            f"{fmean(late):.4g} in the second",
            _log(fit),
        )
    if not fit.eval_loss or fit.eval_loss[0][0] > 0:
        yield _unknown(
            fit,
            "cannot tell whether the model is better than its base: the base model's own "
            "evaluation loss was not logged (Azure's component does not evaluate before training)",
        )
    elif len(fit.eval_loss) == 1:
        yield _unknown(
            fit,
            "cannot tell whether the model is better than its base: only the base was evaluated",
        )
    elif not fit.eval_loss[-1][1] < fit.eval_loss[0][1] * (1 - FALL):
        yield _wrong(
            f"the model is no better than its base: evaluation loss {fit.eval_loss[0][1]:.4g} "
            f"before, {fit.eval_loss[-1][1]:.4g} after",
            _log(fit),
        )


def too_good(fit: Fit) -> Iterator[Finding]:
    """The loss is not too good to be true."""
    last = {"loss": fit.train_loss[-1:], "eval_loss": fit.eval_loss[-1:]}
    for name, points in last.items():
        if points and 0 <= points[0][1] < SUSPICIOUS:
            yield _odd(
                fit,
                f"{name} is {points[0][1]:.3g} at the end: too good to be a model that reads new "
                "text",
                "training text among the validation rows, or labels that count nothing",
            )
    if fit.train_loss and fit.eval_loss and fit.eval_loss[-1][1] < fit.train_loss[-1][1] / 2:
        yield _odd(
            fit,
            f"eval_loss {fit.eval_loss[-1][1]:.3g} is less than half of the training loss "
            f"{fit.train_loss[-1][1]:.3g}",
            "validation rows that were trained on, or are far easier",
        )


def points(fit: Fit, parameters: Parameters, base_model: BaseModel) -> Iterator[Finding]:
    """As many losses were logged as rows, batch and epochs make; a NaN is not logged at all."""
    if _moves(parameters):
        yield _unknown(
            fit, "cannot tell how many losses there should be: the job may set its own pace"
        )
        return
    wanted = schedule(parameters, base_model, fit.rows)
    if wanted is None:
        yield _unknown(
            fit, f"cannot tell how many losses there should be: {_why(parameters, base_model)}"
        )
    elif len(fit.train_loss) != wanted.points:
        yield _odd(
            fit,
            f"{len(fit.train_loss)} training losses were logged, and {fit.rows} rows make "
            f"{wanted.points}",
            f"{wanted.steps} optimizer steps, one loss every {wanted.every}: rows were dropped, "
            "losses were no numbers, or a parameter did not arrive",
        )


def rates(fit: Fit, parameters: Parameters, base_model: BaseModel) -> Iterator[Finding]:
    """The learning rate follows its schedule from the plan's rate on."""
    wanted = schedule(parameters, base_model, fit.rows)
    if wanted is None:
        yield _unknown(
            fit, f"cannot tell what the learning rate should be: {_why(parameters, base_model)}"
        )
        return
    if wanted.kind not in _SHAPES or _moves(parameters):
        yield _unknown(fit, f"cannot tell whether the learning rate followed {wanted.kind}")
        return
    if not fit.learning_rate:
        yield _unknown(fit, "cannot tell what the learning rate was: none was logged")
        return
    scale = _scale(fit, wanted)
    off = [
        (step, rate, scale * wanted.at(step))
        for step, rate in fit.learning_rate
        if 0 < step <= wanted.steps
        and abs(rate - scale * wanted.at(step)) > RATE * scale * wanted.rate
    ]
    if off:
        step, rate, right = off[0]
        yield _odd(
            fit,
            f"the learning rate is not that of {wanted.kind} at {len(off)} of "
            f"{len(fit.learning_rate)} points: {rate:.3g} at step {step}, computed {right:.3g}",
            f"{wanted.steps} steps from {wanted.rate:g}, warm-up {wanted.warmup}",
        )


def tokens(fit: Fit) -> Iterator[Finding]:
    """Tokens were trained on."""
    if fit.tokens is None:
        why = f"it says {fit.tokens_said!r}" if fit.tokens_said else "the job has no such property"
        yield _unknown(fit, f"cannot tell how many tokens were trained on: {why}")
    elif fit.tokens < fit.rows:
        yield _wrong(f"{fit.tokens} tokens in {fit.rows} rows: nothing was trained on", _log(fit))


def _scale(fit: Fit, wanted: Schedule) -> float:
    """What the twin multiplied the rate by, as a tiny model needs more: told by the first point
    whose rate is not 0, as under warm-up."""
    if not any(note.startswith("learning_rate ") for note in fit.notes):
        return 1.0
    told = (point for point in fit.learning_rate if 0 < point[0] <= wanted.steps)
    return next((rate / wanted.at(step) for step, rate in told if wanted.at(step) > 0), 1.0)


def _why(parameters: Parameters, base_model: BaseModel) -> str:
    values = _values(parameters, base_model)
    return ", ".join(f"{name} = {values.get(name)!r}" for name in _unfit(values))


def _moves(parameters: Parameters) -> bool:
    """Whether the job may end early or change its batch."""
    names = ("auto_find_batch_size", "apply_early_stopping")
    return any(str(parameters.values.get(name)) == "true" for name in names)


def _wrong(what: str, next_command: str) -> Finding:
    return Finding("error", what, "training", "the metrics of the job", "training", next_command)


def _odd(fit: Fit, what: str, evidence: str) -> Finding:
    return Finding("warning", what, "training", evidence, "training", _log(fit))


def _unknown(fit: Fit, what: str) -> Finding:
    return Finding("cannot tell", what, "training", "the metrics of the job", "training", _log(fit))


def _log(fit: Fit) -> str:
    return f"az ml job download --name {fit.run} --all, and read its log"
