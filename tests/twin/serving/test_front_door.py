"""Who may ask a deployment, which one answers, and what the front door makes of the answer."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.twin.routes.scoring import pick

Door = Any
CHAT = {"role": "user", "content": "Tell me about the sea."}


def long_answer(tokens: int = 250) -> dict[str, Any]:
    """A request that keeps a container busy for about 2 ms a token."""
    parameters = {"max_new_tokens": tokens, "min_new_tokens": tokens}
    return {"input_data": {"input_string": [CHAT], "parameters": parameters}}


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


@pytest.mark.parametrize(
    ("authorization", "text"),
    [
        ("Bearer wrong", "key_auth_access_denied"),
        ("Basic abc", "key_auth_bad_header_forbidden"),
        ("", "key_auth_bad_header_forbidden"),
    ],
)
def test_wrong_key(door: Door, authorization: str, text: str) -> None:
    """A wrong key, another scheme or nothing at all is 401 in plain text."""
    answer = door.ask("ep", authorization=authorization)

    assert (answer.status, answer.body.decode()) == (401, text)
    assert answer.headers["content-type"].startswith("text/plain")


def test_second_key(door: Door) -> None:
    """Both keys open the endpoint."""
    assert door.ask("ep", authorization=f"Bearer {door.keys['secondary']}").status == 200


def test_token(door: Door) -> None:
    """An endpoint with tokens takes one of the twin's, and no key."""
    document = door.store.get("endpoint", "ep")
    door.store.put("endpoint", "tokens", document | {"authMode": "AMLToken"})
    token, _ = door.identity.token("azureml")
    other, _ = door.identity.token("https://management.azure.com")

    answers = [door.ask("tokens", authorization=f"Bearer {each}") for each in (token, other)]

    assert [answer.status for answer in answers] == [200, 401]
    assert door.ask("tokens").status == 401


def test_nothing_to_ask(door: Door) -> None:
    """No endpoint, no traffic, or an unknown deployment in the header: 404."""
    door.endpoint("quiet", {"demo": 0})

    assert door.ask("nowhere").status == 404
    assert door.ask("quiet").status == 404
    assert door.ask("ep", azureml_model_deployment="other").status == 404


def test_header_beats_traffic(door: Door) -> None:
    """The header picks a deployment that gets no traffic."""
    door.endpoint("two", {"blue": 100, "green": 0})
    door.deploy("two", "blue")
    door.deploy("two", "green")

    drawn = [door.ask("two").headers["azureml-model-deployment"] for _ in range(5)]
    asked = door.ask("two", azureml_model_deployment="green").headers

    assert drawn == ["blue"] * 5
    assert asked["azureml-model-deployment"] == "green"


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 100), max_size=4), st.integers(0, 2**32))
def test_traffic_follows_weights(traffic: dict[str, int], seed: int) -> None:
    """2,000 seeded draws lie within five standard deviations of the weights."""
    draw, total, count = random.Random(seed), sum(traffic.values()), 2_000

    drawn = Counter(pick(traffic, draw) for _ in range(count))

    if not total:
        assert set(drawn) == {None}
        return
    for name, weight in traffic.items():
        share = weight / total
        spread = (count * share * (1 - share)) ** 0.5
        assert abs(drawn[name] - count * share) <= 5 * spread
        assert weight or not drawn[name]


def test_failing_container(door: Door) -> None:
    """A container's 500 becomes 424, its body and its headers passed on."""
    body = {"input_data": {"input_string": [CHAT, {"role": "assistant", "content": "No."}]}}

    answer = door.ask("ep", body)

    assert answer.status == 424
    assert answer.headers["ms-azureml-model-error-statuscode"] == "500"
    assert answer.headers["ms-azureml-model-error-reason"] == "model_error"
    assert answer.headers["x-ms-run-function-failed"] == "True"
    assert "error occurred in scoring script" in answer.json["message"]
    assert "Last message must be from user" in door.instances.logs("ep", "demo")


def test_slow_container(door: Door) -> None:
    """An answer that takes longer than requestTimeout is 408."""
    found = door.store.get("deployment", "ep/demo")
    settings = found["requestSettings"]
    short = settings | {"requestTimeout": "PT0.1S"}
    door.store.update("deployment", "ep/demo", requestSettings=short)
    try:
        assert door.ask("ep", long_answer()).status == 408
    finally:
        door.store.update("deployment", "ep/demo", requestSettings=settings)
    assert door.ask("ep").status == 200


def test_too_many_at_once(door: Door) -> None:
    """Of five requests at once to one container of one, two are taken and three are 429."""
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: door.ask("ep", long_answer()), range(5)))

    assert sorted(answer.status for answer in answers) == [200, 200, 429, 429, 429]
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.body == b""
    assert refused.headers["ms-azureml-model-error-reason"] == "too_many_pending_request"
    assert "retry-after" not in refused.headers
    assert door.ask("ep").status == 200


def test_health_and_swagger(door: Door) -> None:
    """GET / says Healthy and /swagger.json describes /score, both with the key only."""
    health = door.ask("ep", method="GET", path="/")
    swagger = door.ask("ep", method="GET", path="/swagger.json")

    assert (health.status, health.body) == (200, b"Healthy")
    assert "/score" in swagger.json["paths"]
    assert door.ask("ep", method="GET", path="/", authorization="").status == 401
