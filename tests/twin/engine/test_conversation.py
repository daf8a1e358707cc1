"""The data rules, each with a row that breaks it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from harness.twin.engine.refusal import UserError
from harness.twin.engine.steps.conversation import (
    IGNORED,
    check_roles,
    encode,
    enough,
    keep,
    merged_system,
    split,
)
from harness.twin.engine.steps.files import read_rows

BASE = Path(__file__).parents[3] / "data" / "tiny_phi3"


def said(*turns: str) -> list[dict[str, str]]:
    """Messages from "role: content"."""
    pairs = (turn.partition(": ") for turn in turns)
    return [{"role": role, "content": content} for role, _, content in pairs]


CHAT = said("user: Hello!", "assistant: Good day.", "user: Bye.", "assistant: So long.")


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """The base model's own."""
    return AutoTokenizer.from_pretrained(BASE)


def test_messages_is_required() -> None:
    """Data without a column `messages` is refused, naming the columns it has."""
    with pytest.raises(UserError, match=r"no column 'messages' \(found: prompt, text\)"):
        keep([{"prompt": "a", "text": "b"}], "training")


def test_other_columns_are_dropped() -> None:
    """Only `messages` and `tools` are left of a row."""
    row = {"prompt": "x", "prompt_id": "1", "messages": CHAT, "tools": [{"name": "t"}]}

    kept, _ = keep([row], "training")

    assert kept == [{"messages": CHAT, "tools": [{"name": "t"}]}]


def test_null_and_short_rows_are_dropped_and_counted() -> None:
    """A row that is null, empty or has one message does not train."""
    rows = [{"messages": None}, {"messages": []}, {"messages": CHAT[:1]}, {"messages": CHAT}]

    kept, dropped = keep(rows, "training")

    assert len(kept) == 1
    assert dropped == {"null or empty": 2, "fewer than 2 messages": 1}


def test_nine_training_rows_are_too_few_and_ten_are_enough() -> None:
    """The least number of rows is ten."""
    enough([{}] * 10)

    with pytest.raises(UserError, match="Only 9 training row"):
        enough([{}] * 9)


def test_without_validation_file_the_last_fifth_validates() -> None:
    """train[:80%] and train[80%:100%], in the order of the file."""
    rows = [{"messages": number} for number in range(600)]

    train, validation = split(rows)

    assert (len(train), len(validation)) == (480, 120)
    assert validation[0] == {"messages": 480}


@pytest.mark.parametrize(
    ("messages", "why"),
    [
        (said("user: a", "user: b"), "must alternate"),
        (said("assistant: a", "user: b"), "must alternate"),
        (said("user: a", "assistant: b", "assistant: c"), "must alternate"),
        (said("user: a", "system: b"), "must come first"),
        (said("system: a", "system: b", "user: c"), "must come first"),
        (said("system: a", "assistant: b"), "no user message"),
        ([{"role": "user", "content": None}, *said("assistant: b")], "a text in 'content'"),
        ("hello", "must be a list"),
        (["hello", "you"], "must be a list"),
    ],
)
def test_roles_in_a_wrong_order_are_refused(messages: Any, why: str) -> None:
    """User and assistant in turn, one system at most and first; the row is named."""
    with pytest.raises(UserError, match=why) as refusal:
        check_roles(messages, "training row 3")

    assert "training row 3" in str(refusal.value)


def test_loss_falls_on_assistant_tokens_only(tokenizer: Any) -> None:
    """Labels are the answers with their end token, and -100 elsewhere."""
    encoded = encode([{"messages": CHAT}], tokenizer, 512, "training")

    example = encoded.examples[0]
    learnt = [token for token in example.labels if token != IGNORED]

    assert tokenizer.decode(learnt) == "Good day.<|end|>So long.<|end|>"
    assert all(
        label in (IGNORED, token)
        for token, label in zip(example.input_ids, example.labels, strict=True)
    )
    assert encoded.assistant_tokens == len(learnt) < encoded.tokens == len(example.input_ids)


def test_long_rows_are_cut_and_those_left_without_answer_dropped(tokenizer: Any) -> None:
    """Truncation counts from the start; a row cut inside the question is dropped."""
    long = said("user: " + "Tell me more. " * 20, "assistant: Yes.")

    encoded = encode([{"messages": long}, {"messages": CHAT}], tokenizer, 30, "training")

    assert [len(example.input_ids) for example in encoded.examples] == [30]
    assert encoded.dropped == {"no assistant tokens": 1}


def test_a_system_message_is_kept_where_the_template_knows_it(tokenizer: Any) -> None:
    """The tiny model's template has a system turn."""
    rows = [{"messages": [*said("system: Be kind."), *CHAT]}]

    text = tokenizer.decode(encode(rows, tokenizer, 512, "training").examples[0].input_ids)

    assert text.startswith("<|system|>\nBe kind.<|end|>")


def test_a_system_message_is_merged_where_the_template_knows_none() -> None:
    """It goes in front of the first user turn, an empty line between."""
    merged = merged_system([*said("system: Be kind."), *CHAT])

    assert merged[0]["content"] == "Be kind.\n\nHello!"
    assert CHAT[1:] == merged[1:]


def test_a_template_that_refuses_is_a_user_error(tokenizer: Any) -> None:
    """What the chat template says is passed on, with the row."""
    strict = AutoTokenizer.from_pretrained(BASE)
    strict.chat_template = "{{ raise_exception('no thanks') }}"

    with pytest.raises(UserError, match=r"training row 1: the chat template.*no thanks"):
        encode([{"messages": CHAT}], strict, 512, "training")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", json.dumps({"messages": CHAT}) + "\n\n" + json.dumps({"messages": CHAT})),
        ("a.json", json.dumps([{"messages": CHAT}] * 2)),
        (
            "a.tsv",
            "messages\tn\n" + "\n".join(['"' + json.dumps(CHAT).replace('"', '""') + '"\t1'] * 2),
        ),
    ],
)
def test_every_text_format_gives_the_same_rows(tmp_path: Path, name: str, text: str) -> None:
    """jsonl, json and tables lead to the same messages."""
    (tmp_path / name).write_text(text, encoding="utf-8")

    assert [row["messages"] for row in read_rows(tmp_path / name, "training")] == [CHAT, CHAT]


def test_parquet_is_read(tmp_path: Path) -> None:
    """A list of messages survives the round trip through parquet."""
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"messages": [CHAT]}), tmp_path / "a.parquet")

    assert read_rows(tmp_path / "a.parquet", "training")[0]["messages"] == CHAT


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.jsonl", '{"messages": []}\n{"messages": [', "line 2"),
        ("a.jsonl", "[1]", "line 1 is not a JSON object"),
        ("a.json", '{"messages": []}', "must hold a JSON list"),
        ("a.json", "[", "does not parse as JSON"),
        ("a.xlsx", "", "not one of .jsonl"),
        ("a.parquet", "no", "is not parquet"),
    ],
)
def test_a_file_that_does_not_parse_is_a_user_error(
    tmp_path: Path, name: str, text: str, why: str
) -> None:
    """The message names the file and the line."""
    (tmp_path / name).write_text(text, encoding="utf-8")

    with pytest.raises(UserError, match=why):
        read_rows(tmp_path / name, "training")
