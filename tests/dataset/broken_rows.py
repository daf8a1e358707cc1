"""What a row says, broken."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.dataset.breaking import BREAKS, BREAKS_RULE, Broken, told
from tests.dataset.files import Draw, Rows, Way

WHITE = [" ", "\t", "\u00a0", "\u3000", "\u2028", "\n", "\r", " \n ", "\x1f", "\u2003\u2003"]
NOT_TEXT = st.sampled_from([None, 7, 1.5, True, [], {}, ["a"], {"a": "b"}])


def in_row(rule: str) -> Callable[[Callable[[Draw, Any], Any]], Callable[..., Broken]]:
    """A break of one row; the function changes it in place, or gives another."""

    def made(change: Callable[[Draw, Any], Any]) -> Callable[..., Broken]:
        def breaks(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
            row = json.loads(json.dumps(rows[at]))
            other = change(draw, row)
            lines = [way.line(one) for one in rows]
            lines[at] = way.line(row if other is None else other[0])
            return told(way, lines, at, rule)

        BREAKS[change.__name__], BREAKS_RULE[change.__name__] = breaks, rule
        return breaks

    return made


def _one(draw: Draw, row: Any) -> Any:
    return draw(st.sampled_from(row["messages"]))


@in_row("no-messages")
def without_messages(draw: Draw, row: Any) -> Any:
    """Gone, null, empty, or the whole row is null."""
    kind = draw(st.sampled_from(["gone", "row", None, "", []]))
    if kind == "row":
        return [None]
    row["messages"] = kind
    return [{k: v for k, v in row.items() if k != "messages"}] if kind == "gone" else None


@in_row("wrong-type")
def messages_of_a_wrong_type(draw: Draw, row: Any) -> None:
    """A text, a number, an object."""
    row["messages"] = draw(st.sampled_from(["hello", 7, True, {"role": "user"}]))


@in_row("wrong-type")
def a_message_of_a_wrong_type(draw: Draw, row: Any) -> None:
    """One of them is no object."""
    at = draw(st.integers(0, len(row["messages"]) - 1))
    row["messages"][at] = draw(st.sampled_from([None, "user", 1, [], ["role", "content"]]))


@in_row("wrong-type")
def a_field_of_a_wrong_type(draw: Draw, row: Any) -> None:
    """Role or content is no text."""
    _one(draw, row)[draw(st.sampled_from(["role", "content"]))] = draw(NOT_TEXT)


@in_row("wrong-type")
def a_column_of_a_wrong_type(draw: Draw, row: Any) -> None:
    """prompt or prompt_id is no text."""
    row[draw(st.sampled_from(["prompt", "prompt_id"]))] = draw(NOT_TEXT)


@in_row("wrong-type")
def tools_of_a_wrong_type(draw: Draw, row: Any) -> None:
    """Tools are a list of objects."""
    row["tools"] = draw(st.sampled_from(["a", 7, {}, [1], ["a"], [None]]))


@in_row("missing-field")
def a_field_is_missing(draw: Draw, row: Any) -> None:
    """Role or content."""
    del _one(draw, row)[draw(st.sampled_from(["role", "content"]))]


@in_row("unknown-role")
def an_unknown_role(draw: Draw, row: Any) -> None:
    """Roles are spelt exactly."""
    _one(draw, row)["role"] = draw(
        st.sampled_from(
            ["User", "user ", "", "bot", "human", "gpt", "tool", "ASSISTANT", "\u00fcser"]
        )
    )


@in_row("empty-content")
def an_empty_content(draw: Draw, row: Any) -> None:
    """Nothing, or white space of any kind."""
    _one(draw, row)["content"] = "".join(draw(st.lists(st.sampled_from(WHITE), max_size=4)))


@in_row("wrong-order")
def roles_swapped(draw: Draw, row: Any) -> None:
    """The assistant begins."""
    other = {"user": "assistant", "assistant": "user"}
    for message in row["messages"]:
        message["role"] = other.get(message["role"], message["role"])


@in_row("wrong-order")
def a_turn_twice(draw: Draw, row: Any) -> None:
    """The same role speaks twice in a row."""
    talk = [one for one in row["messages"] if one["role"] != "system"]
    at = row["messages"].index(draw(st.sampled_from(talk)))
    row["messages"].insert(at, row["messages"][at] | {"content": "again"})


@in_row("wrong-order")
def a_turn_left_out(draw: Draw, row: Any) -> None:
    """One of the turns but the last is gone."""
    talk = [one for one in row["messages"] if one["role"] != "system"]
    talk += [] if len(talk) > 2 else [{"role": "user", "content": "more"}]
    first = draw(st.integers(0, len(talk) - 2))
    row["messages"] = [*talk[:first], *talk[first + 1 :]]
    if len(row["messages"]) < 2:
        row["messages"] = [{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}]


@in_row("system-not-first")
def a_system_later(draw: Draw, row: Any) -> None:
    """In the middle, at the end, or a second one."""
    at = draw(st.integers(1, len(row["messages"])))
    row["messages"].insert(at, {"role": "system", "content": "Be kind."})


@in_row("wrong-order")
def nobody_asks(draw: Draw, row: Any) -> None:
    """System and assistant alone."""
    row["messages"] = [
        {"role": "system", "content": "Be kind."},
        {"role": "assistant", "content": "Yes."},
    ]


@in_row("too-few-messages")
def one_message(draw: Draw, row: Any) -> None:
    """Nothing to learn from."""
    row["messages"] = [_one(draw, row)]


@in_row("no-assistant")
def nobody_answers(draw: Draw, row: Any) -> None:
    """System and user alone."""
    row["messages"] = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]


@in_row("not-an-object")
def no_object(draw: Draw, row: Any) -> Any:
    """The row is something else."""
    return [draw(st.sampled_from([[], [row], "row", 7, True, 1.5, ""]))]


@in_row("not-json")
def no_number(draw: Draw, row: Any) -> Any:
    """What Python calls a number and JSON does not."""
    row["score"] = float(draw(st.sampled_from(["nan", "inf", "-inf"])))


@in_row("turn-too-long")
def a_turn_too_long(draw: Draw, row: Any) -> None:
    """With the limit as it is."""
    _one(draw, row)["content"] = "x" * ((1 << 18) + draw(st.integers(1, 9)))


@in_row("line-too-long")
def a_line_too_long(draw: Draw, row: Any) -> None:
    """With the limit as it is."""
    row["extra"] = "x" * ((1 << 20) + draw(st.integers(0, 9)))
