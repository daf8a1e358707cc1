"""Good files stay as they are, verdicts are those of a plain reading, borders do not count."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness.dataset.judge import Judge
from harness.dataset.lines import first, lines, opened
from harness.dataset.rules import TAKEN, Wanted
from harness.dataset.told import Told
from tests.dataset.files import WAYS, Rows, Way, good_rows
from tests.dataset.reference import bad_lines

QUIET = settings(
    max_examples=50, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
ALL = Wanted(shown=10_000)
OF_THE_FILE = {"same-id", "same-messages", "too-few-rows"}


def judged(data: bytes, wanted: Wanted = ALL, buffer: int = 1 << 17) -> tuple[Told, bytes]:
    """What is told of a file, and the lines that stay."""
    judge = Judge("train.jsonl", wanted)
    stream = io.BufferedReader(io.BytesIO(data), buffer)  # type: ignore[arg-type]  # it reads
    kept = b"".join(judge.kept(lines(stream, wanted.longest_line)))
    return judge.told(), kept


@QUIET
@given(rows=good_rows(), way=WAYS)
def test_a_good_file_is_accepted_and_left_as_it_is(rows: Rows, way: Way) -> None:
    """Nothing is told, every byte stays, rows and turns are counted."""
    data = way.file([way.line(row) for row in rows])

    told, kept = judged(data)

    assert told.refused == told.dropped == told.allowed == {}
    assert kept == data
    assert (told.rows, told.bytes) == (len(rows), len(data))
    assert sum(told.turns.values()) == len(rows)


TOKENS = [
    *b'"\\{}[]:, \n\r\t\x00\x0b\x80\xff0',
    *[
        b'"role"',
        b'"content"',
        b'"user"',
        b'"assistant"',
        b'"system"',
        b'"messages"',
        b"null",
        b"1",
    ],
    *[b"\\u0020", b"\\ud800", b"\\n", b'""', b'" "', b"\xc3\xa9", b"\xe2\x80\xa8", b"\xef\xbb\xbf"],
    *[b'"role":"user",', b'"tools":null,', b'"prompt":1,', b"{},", b",{}", b"NaN", b"\\u0072ole"],
]
EDITS = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 12), st.sampled_from(TOKENS)),
    min_size=1,
    max_size=3,
)


@settings(QUIET, max_examples=int(os.environ.get("BROKEN_FILES", "80")))
@given(rows=good_rows(), way=WAYS, edits=EDITS)
@example([{"messages": []}] * 11, Way(), [(0, 0, b"[")])
def test_verdicts_are_those_of_a_plain_reading(
    rows: Rows, way: Way, edits: list[tuple[int, int, int | bytes]]
) -> None:
    """Whatever is cut out or put in, wherever: the lines told are the ones that are bad."""
    data = way.file([way.line(row) for row in rows])
    for at, cut, put in edits:
        place = at % (len(data) + 1)
        token = put if isinstance(put, bytes) else bytes([put])
        data = data[:place] + token + data[place + cut :]

    told, kept = judged(data)

    bad = {one.line for one in told.problems if one.rule not in OF_THE_FILE}
    assert bad == bad_lines(data)
    ended = [line + b"\n" for line in data.split(b"\n")]
    ended[-1] = ended[-1][:-1]
    assert kept == b"".join(line for number, line in enumerate(ended, 1) if number not in bad)


@QUIET
@given(rows=good_rows(), way=WAYS, edits=EDITS, buffer=st.integers(1, 300))
def test_borders_of_buffers_do_not_count(
    rows: Rows, way: Way, edits: list[tuple[int, int, int | bytes]], buffer: int
) -> None:
    """A file read a byte or a kilobyte at a time is told the same of."""
    data = way.file([way.line(row) for row in rows])
    at, cut, put = edits[0]
    token = put if isinstance(put, bytes) else bytes([put])
    data = data[: at % len(data)] + token + data[at % len(data) + cut :]

    assert judged(data, buffer=buffer) == judged(data)


def row(number: int, *roles: str, **more: Any) -> dict[str, Any]:
    """A row of so many messages."""
    told = [{"role": role, "content": f"{number} {at}"} for at, role in enumerate(roles)]
    return {"messages": told} | more


GOOD = [Way().line(row(number, "user", "assistant")) for number in range(12)]
DROPPED = [b"null", b'{"messages":[]}', Way().line(row(99, "user")), b" "]


def test_what_the_component_drops_is_refused_or_left_out_as_asked() -> None:
    """Strict by default; --drop leaves out exactly these rows, and counts them by rule."""
    data = b"\n".join([*GOOD, *DROPPED, b""])

    strict, _ = judged(data)
    dropped, kept = judged(data, Wanted(drop=True))

    assert dict(strict.refused) == {"no-messages": 2, "too-few-messages": 1, "blank-line": 1}
    assert strict.refused == dropped.dropped
    assert dropped.refused == {}
    assert kept == b"\n".join([*GOOD, b""])


def test_dropping_does_not_excuse_what_the_component_fails_at() -> None:
    """A single message of a wrong type stops the job before anything is dropped."""
    data = b"\n".join([*GOOD, b'{"messages":[{"role":"user","content":7}]}', b""])

    told, _ = judged(data, Wanted(drop=True))

    assert {one.rule for one in told.problems} == {"wrong-type", "too-few-messages"}


def test_too_few_rows_are_told_after_what_is_dropped() -> None:
    """The component counts what it has left, allowed or left out."""
    data = b"\n".join([*GOOD[:9], *DROPPED, b""])

    for wanted in (Wanted(drop=True), Wanted(allow=TAKEN)):
        told, _ = judged(data, wanted)
        assert dict(told.refused) == {"too-few-rows": 1}
        assert "9 row(s) are left, 10 are needed" in told.complaint()


def test_what_is_allowed_is_counted_and_stays() -> None:
    """Rows that break an allowed rule are written as they are."""
    data = b"\n".join([*GOOD, GOOD[3], *DROPPED, b'{"messages":[{"role":"user","content":" "}]}'])

    told, kept = judged(data, Wanted(allow=TAKEN))

    assert kept == data
    assert told.refused == {}
    assert dict(told.allowed) == {
        "same-messages": 1,
        "no-messages": 2,
        "too-few-messages": 2,
        "blank-line": 1,
        "empty-content": 1,
    }


def test_the_same_texts_said_by_others_are_other_messages() -> None:
    """The role of the first message tells two rows apart, in whatever style they are written."""
    texts = ["user", "assistant", "user"], ["system", "user", "assistant"]
    talk, told_first = (row(50, *roles) for roles in texts)
    spaced = json.dumps(told_first).encode()

    apart, _ = judged(b"\n".join([*GOOD, Way().line(talk), Way().line(told_first), b""]))
    again, _ = judged(b"\n".join([*GOOD, Way().line(talk), Way().line(told_first), spaced, b""]))

    assert apart.refused == {}
    assert [(one.rule, one.line) for one in again.problems] == [("same-messages", 15)]


def test_rows_that_are_only_asked_may_be_one_question() -> None:
    """The _gen splits need no assistant, no second message and no ten rows."""
    told, _ = judged(Way().line(row(1, "user")), Wanted(purpose="asking"))

    assert told.refused == {}


def test_many_problems_are_told_together() -> None:
    """The first twenty one by one, in the order of the file, all of them by rule; what to do."""
    bad = [Way().line(row(n, "user", "bot")) for n in range(100, 130)]
    told, _ = judged(b"\n".join([*GOOD, *bad, GOOD[0], b'{"a']), Wanted())

    words = told.complaint()

    assert [one.line for one in told.problems] == list(range(13, 33))
    assert "train.jsonl has 32 problem(s):" in words
    assert "  train.jsonl:13: messages[1].role: unknown-role: 'bot' is none of system" in words
    assert "... and 12 more" in words
    assert "by rule: unknown-role 30, same-messages 1, truncated 1" in words
    assert "Next: correct what is told above; or keep" in words
    assert "; or keep them all the same with --allow unknown-role --allow same-messages" in words


def test_a_row_that_stood_before_names_the_line() -> None:
    """Whoever looks for the other one finds it."""
    told, _ = judged(b"\n".join([*GOOD, GOOD[4]]))

    assert told.problems[0].detail == "the same as in line 5"


def test_a_line_without_end_is_not_held(tmp_path: Path) -> None:
    """Of 64 MB without a line end comes a little more than the limit, then the next line."""
    path = tmp_path / "long.jsonl"
    path.write_bytes(b"x" * (64 << 20) + b"\n" + b"next\n")

    with opened(path, lambda _: None) as stream:
        assert [len(line) for line in lines(stream, 1000)] == [1001, 5]


def test_the_first_rows_pass_over_blank_lines() -> None:
    """As `datasets` counts: a blank line is no row."""
    assert list(first([b"1\n", b"\n", b"2\n", b"3\n"], 2)) == [b"1\n", b"\n", b"2\n"]


def chat(*messages: bytes) -> bytes:
    """A row of messages as they are written."""
    return b'{"messages":[%b]}' % b",".join(messages)


ASKED, SAID = b'{"role":"user","content":"%b"}', b'{"role":"assistant","content":"b"}'


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"a":NaN}', "not-json: NaN is no JSON number"),
        (chat(ASKED % b"\\ud800", SAID), "messages[0].content: not-json: \\ud800 is half of a"),
        (chat(SAID[:-1] + b',"role":"user"}'), "messages[0].role: repeated-field: 'role' stands"),
        (chat(ASKED % b"\xe9", SAID), "not-utf8: byte 40 (0xe9) is not UTF-8"),
        (b'{"prompt":7,"messages":[]}', "prompt: wrong-type: a text is wanted, found a number (7)"),
        (chat(ASKED, SAID, SAID), "messages[2].role: wrong-order: it is the user's turn"),
        (chat(b'{"role":"user"}', SAID), "messages[0].content: missing-field: there is no such"),
        (chat(b"[]", SAID), "messages[0]: wrong-type: an object is wanted, found a list"),
    ],
)
def test_a_problem_says_where_and_what(line: bytes, words: str) -> None:
    """File and line, the field's path, the rule, and what was found there."""
    told, _ = judged(b"\n".join([*GOOD, line, b""]))

    assert f"  train.jsonl:13: {words}" in told.complaint()


@pytest.mark.parametrize("name", ["a\nb", 'a"b', "a\\b", "", "100 %b", "\u00fc"])
def test_columns_may_have_any_name(name: str) -> None:
    """Also one that no style can be read off."""
    data = b"\n".join([Way().line(row(n, "user", "assistant") | {name: 1}) for n in range(12)])

    assert judged(data)[0].refused == {}


def test_a_row_to_be_corrected_still_counts() -> None:
    """Ten rows, one of them wrong: that one is told, and not that there are too few."""
    told, _ = judged(b"\n".join([*GOOD[:9], Way().line(row(9, "user", "bot"))]))

    assert dict(told.refused) == {"unknown-role": 1}


def test_an_object_of_many_names_takes_its_time_once() -> None:
    """Forty thousand names in an object are compared without each being looked for in all."""
    row = {"messages": None} | {f"name {number}": number for number in range(40_000)}
    before = process_time()

    told, _ = judged(json.dumps(row).encode() + b"\n")

    assert process_time() - before < 2  # one by one it is 17 s
    assert told.refused["no-messages"] == 1
