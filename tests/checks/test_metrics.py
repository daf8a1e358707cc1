"""Is what was logged a training: computed from plan and rows, point by point."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from harness.checks.facts import Fit, Series
from harness.checks.metrics import schedule
from harness.plan import Plan
from harness.recipe.base_model import parameters_of
from tests.checks.made import base_model, findings, names, plan

MODEL = base_model(defaults={})
KINDS = ("linear", "cosine", "constant")


def asked(*settings: str) -> Plan:
    """The recipe's parameters for 480 rows, one epoch."""
    return plan("training.num_train_epochs=1", "training.learning_rate=3e-4", *settings)


def fit(plan: Plan, **changed: Any) -> Fit:
    """What such a training logs when all is well: loss from 2 to 1, rates as computed."""
    wanted = schedule(parameters_of(plan, MODEL), MODEL, 480)
    steps = [wanted.every * n for n in range(1, wanted.points + 1)]
    good = Fit(
        run="child",
        rows=480,
        train_loss=tuple((step, 2 - step / wanted.steps) for step in steps),
        eval_loss=((0, 2.1), (wanted.steps, 1.1)),
        learning_rate=tuple((step, wanted.at(step)) for step in steps),
        tokens=39_000,
    )
    return replace(good, **changed)


def said(plan: Plan, **changed: Any) -> list[str]:
    """What the checks say of it."""
    found = findings(
        "metrics",
        plan,
        base_model=MODEL,
        parameters=parameters_of(plan, MODEL),
        fit=fit(plan, **changed),
    )
    return names(found)


def series(*values: float) -> Series:
    """One value every ten steps."""
    return tuple((10 * n, value) for n, value in enumerate(values, 1))


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_as_computed_is_fine(kind: str) -> None:
    """No finding where nothing is wrong, with warm-up and accumulation too."""
    settings = [f"training.lr_scheduler_type={kind}", "training.warmup_steps=10"]

    assert said(asked(*settings)) == []
    assert said(asked(*settings, "training.gradient_accumulation_steps=3")) == []


def test_the_size_of_the_recipes_own_run() -> None:
    """8,314 rows on 8 GPUs: 1,040 steps an epoch and 104 losses; 3,120 steps in three epochs."""
    gpus = "training.number_of_gpu_to_use_finetuning=8"

    one = schedule(parameters_of(asked(gpus), MODEL), MODEL, 8314)
    three = schedule(parameters_of(plan(gpus), MODEL), MODEL, 8314)

    assert (one.steps, one.points, three.steps) == (1040, 104, 3120)


@pytest.mark.parametrize(
    ("step", "rate"), [(10, 0.0002997398415277074), (240, 1.5098e-4), (480, 3.2127503806156368e-09)]
)
def test_rates_are_those_the_trainer_logs(step: int, rate: float) -> None:
    """A cosine from 3e-4 over 480 steps, against what transformers 5.23 logged."""
    wanted = schedule(parameters_of(asked(), MODEL), MODEL, 480)

    assert wanted.at(step) == pytest.approx(rate, rel=1e-4)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0])
def test_a_loss_that_is_no_number(bad: float) -> None:
    """NaN fails, and is named with its step."""
    plan = asked()
    losses = fit(plan).train_loss

    found = said(plan, train_loss=(*losses[:3], (40, bad), *losses[4:]))

    assert "error: metrics.finite" in found


def test_nothing_was_logged() -> None:
    """A job that Completed without a loss."""
    found = said(asked(), train_loss=(), learning_rate=())

    assert found == [
        "error: metrics.finite",
        "warning: metrics.points",
        "cannot tell: metrics.rates",
    ]


def test_a_loss_that_does_not_fall() -> None:
    """Frozen or diverging: over the training, and against the base model's own loss."""
    rising = tuple((10 * n, 1 + n / 100) for n in range(1, 49))

    flat = tuple((10 * n, 1.0) for n in range(1, 49))

    assert said(asked(), train_loss=rising) == ["error: metrics.falls"]
    assert said(asked(), train_loss=flat, eval_loss=((0, 1.1), (480, 0.9))) == [
        "error: metrics.falls"
    ]
    assert said(asked(), eval_loss=((0, 1.1), (480, 1.1))) == ["error: metrics.falls"]


@pytest.mark.parametrize("last", [1.33, 1.2])
def test_one_point_decides_nothing(last: float) -> None:
    """The second half is judged against the first: a last loss above the first may be noise."""
    noisy = tuple(zip((100, 200, 300, 400, 480), (1.31, 1.22, 1.15, 1.05, last), strict=True))

    assert "error: metrics.falls" not in said(asked(), train_loss=noisy)


def test_a_base_model_that_was_not_evaluated() -> None:
    """Azure's job does not evaluate before training: that is said, not passed over."""
    assert said(asked(), eval_loss=((480, 1.1),)) == ["cannot tell: metrics.falls"]


def test_a_model_that_was_not_evaluated_after_training() -> None:
    """The base's loss alone compares nothing either."""
    assert said(asked(), eval_loss=((0, 1.1),)) == ["cannot tell: metrics.falls"]


def test_no_limit_of_steps() -> None:
    """As the Trainer has it, nothing above 0 is none."""
    assert said(asked("training.max_steps=0")) == []


def test_too_good_is_suspicious_too() -> None:
    """A loss near nothing, and validation far below training: text known by heart, or leaked."""
    falling = tuple((10 * n, 2 / 1.12**n) for n in range(1, 49))

    found = said(asked(), train_loss=falling, eval_loss=((0, 2.1), (480, 0.001)))

    assert found == ["warning: metrics.too_good"] * 3


@pytest.mark.parametrize("kept", [47, 24, 49])
def test_losses_that_are_missing(kept: int) -> None:
    """Half the data, or a NaN that was skipped: the number of points is computed, not believed."""
    losses = tuple((10 * n, 2 - n / 50) for n in range(1, kept + 1))

    assert said(asked(), train_loss=losses) == ["warning: metrics.points"]


def test_a_rate_that_is_not_its_schedule() -> None:
    """Zero throughout, another shape, or another level; a level that the twin announces is fine."""
    linear = fit(asked("training.lr_scheduler_type=linear")).learning_rate
    right = fit(asked()).learning_rate
    high = tuple((step, 60 * rate) for step, rate in right)
    note = ("learning_rate 5e-06 x 60 = 0.0003 (profile tiny)",)

    assert said(asked(), learning_rate=series(*[0.0] * 48)) == ["warning: metrics.rates"]
    assert said(asked(), learning_rate=linear) == ["warning: metrics.rates"]
    assert said(asked(), learning_rate=high) == ["warning: metrics.rates"]
    assert said(asked(), learning_rate=high, notes=note) == []


def test_a_rate_that_is_scaled_and_begins_at_nothing() -> None:
    """Under warm-up the first rate is 0 and tells no scale; the next one does."""
    warm = asked("training.warmup_steps=10", "training.logging_steps=1")
    right = fit(warm).learning_rate
    note = ("learning_rate 5e-06 x 60 = 0.0003 (profile tiny)",)
    high = tuple((step, 60 * rate) for step, rate in right)
    bent = (*high[:300], *((step, 2 * rate) for step, rate in high[300:]))

    assert right[0] == (1, 0.0)
    assert said(warm, learning_rate=high, notes=note) == []
    assert said(warm, learning_rate=bent, notes=note) == ["warning: metrics.rates"]


@pytest.mark.parametrize("kind", ["polynomial", "cosine_with_restarts"])
def test_a_schedule_we_do_not_compute(kind: str) -> None:
    """It is said, never passed over."""
    assert "cannot tell: metrics.rates" in [
        f"{each.severity}: {each.check}"
        for each in findings(
            "metrics",
            base_model=MODEL,
            parameters=parameters_of(asked(f"training.lr_scheduler_type={kind}"), MODEL),
            fit=fit(asked()),
        )
    ]


@pytest.mark.parametrize(
    "setting",
    [
        "training.logging_steps=0",
        "training.gradient_accumulation_steps=0",
        "training.per_device_train_batch_size=auto",
        'training.learning_rate="nan"',
        'training.max_steps="inf"',
    ],
)
def test_values_no_schedule_comes_of(setting: str) -> None:
    """The contract refuses them; here they are said, and nothing falls over."""
    odd = parameters_of(asked(setting), MODEL)

    found = findings("metrics", base_model=MODEL, parameters=odd, fit=fit(asked()))

    assert names(found) == ["cannot tell: metrics.points", "cannot tell: metrics.rates"]
    assert setting.partition("=")[0].partition(".")[2] in found[0].what


def test_the_log_that_is_to_be_read_is_named() -> None:
    """The next command runs as printed: it names the run that trained."""
    for found in findings(
        "metrics",
        base_model=MODEL,
        parameters=parameters_of(asked(), MODEL),
        fit=fit(asked(), train_loss=(), tokens=0),
    ):
        assert "az ml job download --name child --all" in found.next


@pytest.mark.parametrize("name", ["auto_find_batch_size", "apply_early_stopping"])
def test_a_job_that_sets_its_own_pace(name: str) -> None:
    """Then neither points nor rates can be computed."""
    calm = asked()
    moving = parameters_of(asked(f'training.{name}="true"'), MODEL)

    found = findings("metrics", base_model=MODEL, parameters=moving, fit=fit(calm))

    assert names(found) == ["cannot tell: metrics.points", "cannot tell: metrics.rates"]


@pytest.mark.parametrize(("tokens", "says"), [(None, "cannot tell"), (0, "error"), (479, "error")])
def test_tokens(tokens: int | None, says: str) -> None:
    """Less than a token a row is no training; a property that is gone is said."""
    assert said(asked(), tokens=tokens) == [f"{says}: metrics.tokens"]
