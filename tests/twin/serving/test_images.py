"""The three scoring images: which input each takes, what it answers, how it fails."""

from __future__ import annotations

from typing import Any

import pytest

Door = Any
ASK = {"role": "user", "content": "What is the capital of Norway?"}
SAY = {"role": "assistant", "content": "Oslo."}
SYSTEM = {"role": "system", "content": "Be brief."}


@pytest.fixture(scope="module", autouse=True)
def _images(door: Door) -> None:
    """One deployment of each image."""
    door.endpoint("shapes")
    for name in ("mlflow", "foundation-model-inference", "foundation-model-serve"):
        door.deploy("shapes", name, environmentVariables={"TWIN_IMAGE": name})


def ask(door: Door, image: str, messages: Any, **parameters: Any) -> Any:
    """Ask the deployment of that image."""
    asked = {"temperature": 0.0, "max_new_tokens": 6} | parameters
    body = {"input_data": {"input_string": messages, "parameters": asked}, "params": {}}
    return door.ask("shapes", body, azureml_model_deployment=image)


@pytest.mark.parametrize("messages", [[[ASK]], [[ASK, SAY, ASK]], [[SYSTEM, ASK]], [ASK]])
def test_mlflow_nested(door: Door, messages: Any) -> None:
    """Nested input, or one flat message, is answered as a table of one row."""
    answer = ask(door, "mlflow", messages)

    assert answer.status == 200
    assert [list(row) for row in answer.json] == [["0"]]
    assert isinstance(answer.json[0]["0"], str)


def test_mlflow_flat(door: Door) -> None:
    """A flat list of several messages is answered as a list of one string."""
    answer = ask(door, "mlflow", [ASK, SAY, ASK])

    assert answer.status == 200
    assert [type(text) for text in answer.json] == [str]


@pytest.mark.parametrize("chat", [[ASK, SAY], [ASK, ASK], [ASK, SYSTEM, ASK], [SAY, ASK], []])
def test_mlflow_refuses(door: Door, chat: Any) -> None:
    """A last turn that is not the user's, or roles out of order, fail: 424."""
    assert ask(door, "mlflow", [chat]).status == 424


@pytest.mark.parametrize("messages", [[ASK], [[ASK]], [ASK, SAY, ASK]])
def test_inference(door: Door, messages: Any) -> None:
    """foundation-model-inference takes flat and nested, and answers `output`."""
    answer = ask(door, "foundation-model-inference", messages)

    assert (answer.status, list(answer.json)) == (200, ["output"])
    assert isinstance(answer.json["output"], str)


def test_inference_hides_errors(door: Door) -> None:
    """Whatever goes wrong there, the answer is `{}` with 200."""
    answer = ask(door, "foundation-model-inference", "not messages", temperature="hot")

    assert (answer.status, answer.json) == (200, {})


def test_serve(door: Door) -> None:
    """foundation-model-serve answers text, message, finish reason, usage, model and id."""
    answer = ask(door, "foundation-model-serve", [ASK]).json

    fields = {"output", "message", "finish_reason", "usage", "model", "id"}
    assert set(answer) == fields
    assert answer["message"] == {"role": "assistant", "content": answer["output"]}
    assert answer["finish_reason"] in ("stop", "length")
    usage = answer["usage"]
    assert 0 < usage["completion_tokens"] <= 6
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_serve_takes_flat_only(door: Door) -> None:
    """Nested input is an error there, told in the body with 200."""
    answer = ask(door, "foundation-model-serve", [[ASK]])

    assert answer.status == 200
    assert answer.json["output"] is None
    assert answer.json["error"]["status_code"] == 400


def test_greedy_repeats_and_sampling_does_not(door: Door) -> None:
    """Temperature 0 gives the same text again; sampling draws anew each time."""
    greedy = {str(ask(door, "mlflow", [[ASK]]).json) for _ in range(3)}
    hot = {"do_sample": True, "temperature": 1.5, "max_new_tokens": 20}
    sampled = {str(ask(door, "mlflow", [[ASK]], **hot).json) for _ in range(5)}

    assert len(greedy) == 1
    assert len(sampled) > 1


def test_long_prompt(door: Door) -> None:
    """A prompt longer than the context is cut, which the log says, and still answered."""
    long = {"role": "user", "content": "word " * 2_000}

    assert ask(door, "mlflow", [[long]]).status == 200
    assert "leaves out the first" in door.instances.logs("shapes", "mlflow")
