"""Who may ask a deployment, which one answers, and what the front door makes of the answer."""

from __future__ import annotations

from typing import Any

Door = Any


def test_answer(door: Door) -> None:
    """A chat is answered with text, under the headers the recorded front door sends."""
    answer = door.ask("ep")

    assert answer.status == 200, answer.body
    assert isinstance(answer.json[0]["0"], str)
    assert answer.json[0]["0"]
    known = answer.headers
    assert known["server"] == "azureml-frontdoor"
    assert known["azureml-model-deployment"] == known["azureml-model-session"] == "demo"
    assert known["x-ms-server-version"] == "azmlinfsrv/1.4.1"
    assert known["x-ms-run-function-failed"] == "False"
    assert float(known["x-ms-run-fn-exec-ms"]) > 0
    assert known["x-request-id"] == known["x-ms-request-id"]
