"""In the style of a file nothing can hide: what the fast path takes, the careful one takes too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.dataset.explain import explain
from harness.dataset.judge import Judge
from harness.dataset.rules import Wanted
from harness.dataset.style import style_of
from tests.dataset.files import Way

SPACED = (", ", ": ")
TWICE = b'"role":"assistant",'


def row(number: int) -> dict[str, Any]:
    """A row of six messages: in some styles that is much white space."""
    said = [
        {"role": role, "content": f"{number} {turn} {role}"}
        for turn in range(3)
        for role in ("user", "assistant")
    ]
    return {"prompt": f"{number} user", "prompt_id": f"{number:064x}", "messages": said}


def lines(way: Way) -> list[bytes]:
    """Twelve good rows with their ends."""
    return [way.line(row(number)) + way.end.encode() for number in range(12)]


def refused(rows: list[bytes]) -> dict[tuple[int, str], int]:
    """Problems by line and rule."""
    judge = Judge("train.jsonl", Wanted())
    list(judge.kept(rows))
    return {(one.line, one.rule): 1 for one in judge.told().problems}


@pytest.mark.parametrize("separators", [(",", ":"), SPACED])
@pytest.mark.parametrize("ensure_ascii", [True, False])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_style_is_read_off_and_takes_the_next_row(
    separators: tuple[str, str], ensure_ascii: bool, end: str
) -> None:
    """What json.dumps and to_json write goes the fast way."""
    way = Way(separators, ensure_ascii, end)
    one, two, *_ = lines(way)

    style = style_of(one, Wanted())

    assert style
    assert style.good([two])


def test_white_space_left_out_makes_no_room_for_a_field() -> None:
    """As long as all others, and with a role twice: told."""
    rows = lines(Way(SPACED))
    shorter = rows[5].replace(b": ", b":").replace(b", ", b",")
    longer = shorter.replace(b'"role"', TWICE + b'"role"', 1)
    rows[5] = longer[:-1] + b" " * (len(rows[5]) - len(longer)) + b"\n"

    assert len(rows[5]) == len(rows[4])
    assert refused(rows) == {(6, "repeated-field"): 1}


def test_a_long_end_makes_no_room_for_a_field() -> None:
    """Line ends of a hundred bytes, and a line that has another field in their place."""
    rows = [line[:-1] + b"\r" * 99 + b"\n" for line in lines(Way())]
    changed = rows[5].replace(b'"role"', TWICE + b'"role"', 1)
    rows[5] = changed[: len(rows[4]) - 1] + b"\n"

    assert len(rows[5]) == len(rows[4])
    assert refused(rows) == {(6, "repeated-field"): 1}


def test_short_ends_of_others_make_no_room_for_a_field() -> None:
    """Rows are measured together: what some save at their ends, none can spend."""
    plain = [Way().line(row(number)) for number in range(len(TWICE) + 2)]
    rows = [line + b"\n" for line in plain]
    rows[0] = plain[0] + b"\r\n"
    rows[5] = plain[5].replace(b'"role"', TWICE + b'"role"', 1) + b"\r\n"

    style = style_of(rows[0], Wanted())

    assert style
    assert sum(map(len, rows)) == sum(len(line) + 2 for line in plain)
    assert style.good(rows) is None


@pytest.mark.parametrize("value", ['{"a":1,"a":2}', '[{"a":1,"a":2}]', "9" * 5000])
def test_another_column_is_looked_at_when_it_is_not_plain(value: str) -> None:
    """A field twice inside, or a number that json refuses: as long as it is written."""
    rows = [row(number) | {"source": "web"} for number in range(12)]
    written = [Way().line(one) + b"\n" for one in rows]
    written[5] = written[5].replace(b'"web"', value.encode())

    assert len(refused(written)) == 1
    assert {line for line, _ in refused(written)} == {6}


def test_a_line_too_long_is_told_when_no_message_is() -> None:
    """Many messages, each of a length that is allowed."""
    rows = lines(Way())
    rows[5] = Way().line(row(5) | {"messages": row(5)["messages"] * 9}) + b"\n"
    wanted = Wanted(longest_line=len(rows[0]) + 10, longest_turn=len(rows[0]))
    judge = Judge("train.jsonl", wanted)
    list(judge.kept(rows))

    assert judge.told().refused == {"line-too-long": 1}


@pytest.mark.parametrize("separators", [(",", ":"), SPACED])
def test_of_rows_together_is_seen_what_is_seen_of_each(separators: tuple[str, str]) -> None:
    """Sizes, turns, hashes of texts and of ids, in the order of the rows."""
    rows = [row(number) for number in range(12)]
    rows[3]["messages"].insert(0, {"role": "system", "content": "Be brief."})
    rows[7]["messages"].pop()
    written = [Way(separators).line(one) + b"\n" for one in rows]
    style = style_of(written[0], Wanted())
    assert style

    together = style.good(written)

    each = [style.good([one]) for one in written]
    assert together
    assert together.turns == [6, 6, 6, 7, 6, 6, 6, 5, 6, 6, 6, 6]
    assert list(zip(*together, strict=True)) == [
        tuple(values for (values,) in one) for one in each if one
    ]


@pytest.mark.parametrize("separators", [(",", ":"), SPACED])
@pytest.mark.parametrize(
    "change",
    [
        (b'"role"', TWICE + b'"role"'),
        (b'"prompt"', b'"prompt":7,"prompt"'),
        (b'"prompt"', b'"other":{"a":1,"a":2},"prompt"'),
        (b'"role"', b'"r\\u006fle"'),
        (b"user", b"us\\u0065r"),
        (b"user", b"assistant"),
        (b'"assistant"', b'"system"'),
        (b'"1 user"', b"7"),  # the prompt
        (b'"%064x"' % 1, b"7"),  # its id
        (b'"1 0 user"', b"7"),
        (b'"1 2 assistant"', b"null"),
        (b'"1 2 assistant"', b"7"),  # the last
        (b'"1 2 assistant"', b"77"),
        (b'"1 2 assistant"', b"1E5"),
        (b'"1 2 assistant"', b'""'),
        (b'"1 2 assistant"', b'"\\n"'),
        (b'"1 2 assistant"', b'["A"]'),
    ],
)
def test_both_ways_agree_on_a_row_that_differs(
    separators: tuple[str, str], change: tuple[bytes, bytes]
) -> None:
    """The fast way never takes what the careful way does not."""
    one, two, *_ = lines(Way(separators))
    style = style_of(one, Wanted())
    assert style

    for times in (1, 2, 3):
        changed = two.replace(*change, times)
        careful = explain(changed, Wanted())
        assert json.loads(changed)
        assert not (style.good([changed]) and careful), careful
