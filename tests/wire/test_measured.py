"""What differs between recordings leaves the entry for the header: each kind of it."""

from __future__ import annotations

import json

import pytest

from harness.wire.measured import Measured
from harness.wire.references import expand

METRICS = (
    *("eval_runtime", "eval_samples_per_second", "eval_steps_per_second", "train_runtime"),
    *("train_samples_per_second", "train_steps_per_second", "train_tokens_per_second"),
    *("eval_loss", "grad_norm", "loss", "train_loss"),
)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("value", [1.25, 3e-05, "NaN"])
def test_a_metric_is_measured(name: str, value: object) -> None:
    """It stands in the header under the number of its reference, and a replay puts it back."""
    told, measured = json.dumps({"key": name, "value": value, "step": 3}), Measured()

    text = measured.taken_out("mlflow.call", told)

    assert text == json.dumps({"key": name, "value": "<measured:1>", "step": 3})
    assert measured.values == {"1": value}
    assert json.loads(expand(text, measured.values)) == json.loads(told)


@pytest.mark.parametrize("name", ["computeDuration", "duration"])
def test_a_duration_is_measured(name: str) -> None:
    """The run history says how long a job took."""
    measured = Measured()

    assert measured.taken_out("run.get", f'{{"{name}": "00:00:03.52"}}') == (
        f'{{"{name}": "<measured:1>"}}'
    )
    assert measured.values == {"1": "00:00:03.52"}


@pytest.mark.parametrize("operation", ["model.register", "model.get", "model.versions"])
@pytest.mark.parametrize("version", ["3.11.2", "3.13.0rc1", "2.7"])
def test_the_python_of_a_training_is_the_machines(operation: str, version: str) -> None:
    """A trained model names the Python that saved it; a replay says it too."""
    answer, measured = json.dumps({"data": {"python_version": version, "loader": "x"}}), Measured()

    text = measured.taken_out(operation, answer)

    assert text == json.dumps({"data": {"python_version": "<measured:1>", "loader": "x"}})
    assert expand(text, measured.values) == answer


def test_the_python_of_a_published_model_stays() -> None:
    """The registry's own model names one as well: were it another, that is a change to see."""
    answer = '{"python_version": "3.8.18"}'

    assert Measured().taken_out("registry_model.get", answer) == answer


def test_what_depends_on_nothing_stays() -> None:
    """The learning rate follows from the plan: were it another, that is a change to see."""
    told = '{"key": "learning_rate", "value": 5e-06}'

    assert Measured().taken_out("mlflow.call", told) == told


def test_each_text_of_an_answer_is_drawn() -> None:
    """A model says something else each time: values are measured, its shape is not."""
    told, measured = '{"output": "It is \\"so\\".", "n": [1, "b"]}', Measured()

    text = measured.taken_out("scoring.invoke", told)

    assert text == '{"output": "<measured:1>", "n": [1, "<measured:2>"]}'
    assert expand(text, measured.values) == told


@pytest.mark.parametrize(
    "line",
    [
        "2031-03-04 05:06:07 INFO train: step 3/20, loss 4.21, rate 5e-06\n",
        "2031-03-04 05:06:07 INFO train: eval_loss 4.31 before, 4.02 after\n",
    ],
)
def test_a_line_by_the_clock_is_dropped(line: str) -> None:
    """A log has as many of them as the machine was slow, and digits of its processor."""
    told = f"INFO train: begins\n{line}INFO train: done\n"

    assert Measured().taken_out("blob.get", told) == "INFO train: begins\nINFO train: done\n"
    assert Measured().taken_out("job.get", told) == told
