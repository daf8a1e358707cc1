"""The data rules of chat-completion fine-tuning, as pure functions over rows.

Source: azureml-acft-contrib-hf-nlp 0.0.91: column `messages` is required (`tools` is optional),
other columns are dropped, rows that are null or have fewer than two messages are dropped, at least
ten training rows must be left, loss falls on assistant tokens only, rows without any are dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.twin.engine.refusal import UserError

MINIMUM_ROWS = 10
IGNORED = -100  # the label the loss leaves out

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Example:
    """One row as tokens; `labels` are the ids of assistant tokens and IGNORED elsewhere."""

    input_ids: list[int]
    labels: list[int]


@dataclass(frozen=True)
class Encoded:
    """Examples of one split, and how many rows went where."""

    examples: list[Example]
    dropped: dict[str, int] = field(default_factory=dict)
    cut: int = 0  # rows longer than the limit

    @property
    def tokens(self) -> int:
        """All tokens."""
        return sum(len(example.input_ids) for example in self.examples)

    @property
    def assistant_tokens(self) -> int:
        """Tokens the loss falls on."""
        return sum(label != IGNORED for example in self.examples for label in example.labels)


def keep(rows: Iterable[Row], what: str) -> tuple[list[Row], dict[str, int]]:
    """Rows with at least two messages, reduced to `messages` and `tools`, and counts of the rest.

    Raises UserError when no row has the column `messages`.
    """
    listed = list(rows)
    if listed and not any("messages" in row for row in listed):
        found = ", ".join(sorted({name for row in listed for name in row}))
        raise UserError(
            f"The {what} data has no column 'messages' (found: {found}). Chat completion needs "
            'rows like {"messages": [{"role": "user", "content": "..."}, ...]}.'
        )
    kept: list[Row] = []
    dropped = {"null or empty": 0, "fewer than 2 messages": 0}
    for row in listed:
        messages = row.get("messages")
        if not messages:
            dropped["null or empty"] += 1
        elif len(messages) < 2:
            dropped["fewer than 2 messages"] += 1
        else:
            kept.append({name: row[name] for name in ("messages", "tools") if row.get(name)})
    return kept, dropped


def enough(rows: list[Row]) -> None:
    """Raises UserError when fewer than ten training rows are left."""
    if len(rows) < MINIMUM_ROWS:
        raise UserError(
            f"Only {len(rows)} training row(s) with 2 or more messages are left after filtering; "
            f"at least {MINIMUM_ROWS} are needed. Add rows to train_file_path."
        )


def split(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """train[:80%] and train[80%:100%], used when there is no validation file."""
    cut = round(len(rows) * 0.8)
    return rows[:cut], rows[cut:]


def check_roles(messages: Any, where: str) -> None:
    """Raises UserError unless it is an optional `system` first, then user and assistant in turn."""
    if not isinstance(messages, list) or not all(isinstance(item, Mapping) for item in messages):
        raise UserError(f"{where}: 'messages' must be a list of objects with role and content.")
    roles = [item.get("role") for item in messages]
    if "system" in roles[1:]:
        raise UserError(f"{where}: only one system message is allowed, and it must come first.")
    talk = roles[1:] if roles[:1] == ["system"] else roles
    if "user" not in talk:
        raise UserError(f"{where}: there is no user message.")
    wanted = ["user" if index % 2 == 0 else "assistant" for index in range(len(talk))]
    if talk != wanted:
        found = "/".join(map(str, talk))
        raise UserError(f"{where}: roles must alternate user/assistant, found {found}.")
    if not all(isinstance(item.get("content"), str) for item in messages):
        raise UserError(f"{where}: every message needs a text in 'content'.")


def merged_system(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The system message in front of the first user turn, for templates that know no system."""
    if messages[0]["role"] != "system":
        return messages
    first = dict(messages[1])
    first["content"] = messages[0]["content"] + "\n\n" + first["content"]
    return [first, *messages[2:]]


def encode(rows: list[Row], tokenizer: Any, limit: int, what: str) -> Encoded:
    """Apply the chat template to every row; rows left without assistant tokens are dropped.

    `limit` is the number of tokens a row is cut to. Raises UserError, naming the row, when roles
    are wrong or the template refuses.
    """
    knows_system = "system" in (tokenizer.chat_template or "")
    examples, dropped, cut = [], 0, 0
    for number, row in enumerate(rows, start=1):
        example = _example(row, tokenizer, knows_system, f"{what} row {number}")
        cut += len(example.input_ids) > limit
        example = Example(example.input_ids[:limit], example.labels[:limit])
        if any(label != IGNORED for label in example.labels):
            examples.append(example)
        else:
            dropped += 1
    return Encoded(examples, {"no assistant tokens": dropped}, cut)


def _example(row: Row, tokenizer: Any, knows_system: bool, where: str) -> Example:
    messages = row["messages"]
    check_roles(messages, where)
    if not knows_system:
        messages = merged_system(messages)
    try:
        out = tokenizer.apply_chat_template(
            messages,
            tools=row.get("tools"),
            tokenize=True,
            return_dict=True,
            return_assistant_tokens_mask=True,
        )
    except Exception as refusal:
        raise UserError(f"{where}: the chat template cannot be applied: {refusal}") from refusal
    ids, mask = list(out["input_ids"]), list(out["assistant_masks"])
    labels = [token if said else IGNORED for token, said in zip(ids, mask, strict=True)]
    return Example(ids, labels)
