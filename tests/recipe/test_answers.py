"""What counts as an answer."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import AnswerError
from harness.recipe.answers import judged

PROMPT = [{"role": "user", "content": "What is the capital of Norway?"}]


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        ({"output": "Oslo."}, '{"output": text}'),
        ({"output": "Oslo.", "finish_reason": "stop", "error": None}, '{"output": text}'),
        ([{"0": "Oslo."}], '[{"0": text}]'),
        (["Oslo."], "[text]"),
    ],
)
def test_the_three_real_shapes_are_accepted(body: object, shape: str) -> None:
    """foundation-model images, and no-code MLflow in both its ways."""
    assert ("Oslo.", shape) == judged(json.dumps(body), PROMPT)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("{}", "none of the known shapes"),
        ("null", "none of the known shapes"),
        ("[]", "none of the known shapes"),
        ('{"output": null}', "none of the known shapes"),
        ('{"output": null, "error": {"status_code": 400}}', "an error inside a 200"),
        ('{"output": "  "}', "an empty text"),
        ('[{"0": ""}]', "an empty text"),
        ('["What is the capital of Norway?"]', "only echoes the prompt"),
        ('["a", "b"]', "none of the known shapes"),
        ("<html>", "not JSON"),
    ],
)
def test_failures_inside_a_200_are_not_answers(raw: str, says: str) -> None:
    """The container swallows exceptions; each such body is told apart."""
    with pytest.raises(AnswerError, match=says):
        judged(raw, PROMPT)


@given(st.text())
def test_any_other_body_is_an_answer_error_and_nothing_else(raw: str) -> None:
    """No body makes the judge itself fall over."""
    try:
        text, _ = judged(raw, PROMPT)
    except AnswerError:
        return
    assert text.strip()
