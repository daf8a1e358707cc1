"""What counts as an answer, and what each body that is none is called."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.checks.answer import LOOP, text_of
from harness.checks.facts import Reply
from harness.errors import AnswerError
from harness.recipe.answers import judged
from tests.checks.made import findings, names

PROMPT = [{"role": "user", "content": "What is the capital of Norway?"}]
LIMIT = 48


def said(body: object, limit: int = LIMIT, **more: str) -> list[str]:
    """What the checks say of a body."""
    raw = body if isinstance(body, str) else json.dumps(body)
    reply = Reply(raw, ("What is the capital of Norway?",), limit, **more)
    return names(findings("answer", reply=reply))


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
    """foundation-model images, and no-code MLflow in both its ways: no finding."""
    assert said(body) == []
    assert judged(json.dumps(body), PROMPT, LIMIT) == ("Oslo.", shape)


@pytest.mark.parametrize(
    ("raw", "check", "says"),
    [
        ("{}", "shape", "none of the known shapes"),
        ("null", "shape", "none of the known shapes"),
        ("[]", "shape", "none of the known shapes"),
        ('{"output": null}', "shape", "none of the known shapes"),
        ('{"output": null, "error": {"status_code": 400}}', "shape", "an error inside a 200"),
        ('["a", "b"]', "shape", "none of the known shapes"),
        ("<html>", "shape", "not JSON"),
        ("[" * 100_000, "shape", "not JSON"),
        ('{"output": "  "}', "empty", "an empty text"),
        ('[{"0": ""}]', "empty", "an empty text"),
        ('["What is the capital of Norway?"]', "echo", "only echoes the prompt"),
        (json.dumps([" Oslo" * LOOP]), "repeated", "repeats 'Oslo' without end"),
        (json.dumps(["a" * 32]), "repeated", "repeats 'a' without end"),
    ],
)
def test_failures_inside_a_200_are_not_answers(raw: str, check: str, says: str) -> None:
    """The container swallows exceptions; each such body is told apart, once."""
    assert said(raw) == [f"error: answer.{check}"]
    with pytest.raises(AnswerError, match=says):
        judged(raw, PROMPT, LIMIT)


@pytest.mark.parametrize(
    "text",
    ["| a | b |\n| | | | | | | | |", "Norway\n" + "-" * 40 + "\nOslo.", "0 0 0 0 0 0 0 0"],
)
def test_tables_rulers_and_figures_repeat_themselves(text: str) -> None:
    """Only words are no language when they repeat: what has no letter may be a layout."""
    assert said([text]) == []


def test_whose_log_is_to_be_read_is_named() -> None:
    """The file it is kept in: no command can ask for it once the endpoint is deleted."""
    for known in ({"log": "reports/r/deployment-demo.log"}, {}):
        (found,) = findings("answer", reply=Reply("{}", (), LIMIT, **known))

        named = "less reports/r/deployment-demo.log shows" in found.next
        assert named == bool(known)
        assert "az ml" not in found.next


def test_a_text_that_was_cut_off() -> None:
    """The newer image says so; of the others a long text with an open end is doubted."""
    cut = "warning: answer.length"
    open_end = "Norway has many towns and the one that"

    assert said({"output": "Oslo, and", "finish_reason": "length"}) == [cut]
    assert said({"output": open_end, "finish_reason": "stop"}, limit=20) == []
    assert said([open_end], limit=20) == [cut]
    assert said([open_end + " is Oslo."], limit=20) == []
    assert said([open_end], limit=200) == []


def test_more_words_than_tokens_were_asked_for() -> None:
    """A word is a token at least: the parameters never reached the model."""
    assert said(["one two three."], limit=2) == ["error: answer.length"]
    assert said(["one two."], limit=2) == []


def test_a_header_that_leaked() -> None:
    """The SDK's shared headers still name another deployment; our own name is no news."""
    assert said(["Oslo."], leaked="blue", deployment="demo") == ["warning: answer.headers"]
    assert said(["Oslo."], leaked="demo", deployment="demo") == []


@given(st.text())
def test_any_other_body_is_an_answer_error_and_nothing_else(raw: str) -> None:
    """No body makes the judge itself fall over."""
    try:
        text, _ = judged(raw, PROMPT, LIMIT)
    except AnswerError:
        return
    assert text.strip()


@given(st.text(min_size=1))
def test_the_text_comes_out_as_it_went_in(text: str) -> None:
    """In each of the three shapes."""
    for body in ({"output": text}, [{"0": text}], [text]):
        assert text_of(json.dumps(body))[0] == text
