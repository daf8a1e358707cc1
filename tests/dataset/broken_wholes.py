"""The file as a whole, broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st

from tests.dataset.breaking import BREAKS, BREAKS_RULE, Broken, told
from tests.dataset.files import Draw, Rows, Way


def in_file(rule: str) -> Callable[[Callable[..., Broken]], Callable[..., Broken]]:
    """A break that is not one line's."""

    def made(breaks: Callable[..., Broken]) -> Callable[..., Broken]:
        BREAKS[breaks.__name__], BREAKS_RULE[breaks.__name__] = breaks, rule
        return breaks

    return made


@in_file("byte-order-mark")
def a_byte_order_mark(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
    """UTF-8's, before the first row."""
    data = b"\xef\xbb\xbf" + way.file([way.line(one) for one in rows])
    return Broken(data, 1, "byte-order-mark")


@in_file("not-utf8")
def another_encoding(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
    """UTF-16 as Windows writes it: every line is wrong, the first is told as such."""
    text = way.file([way.line(one) for one in rows]).decode()
    data = text.encode("utf-16")
    every = frozenset(range(1, data.count(b"\n") + 2))
    return Broken(data, 1, "not-utf8", also=every, rules=frozenset({"not-json", "truncated"}))


@in_file("truncated")
def the_end_is_missing(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
    """A download that broke off."""
    whole = replace(way, ended=False).file([way.line(one) for one in rows])
    last = way.line(rows[-1])
    cut = whole[: len(whole) - draw(st.integers(1, len(last) - 1))]
    return Broken(cut, len(rows), "truncated", rules=frozenset({"not-utf8"}))


@in_file("too-few-rows")
def too_few_rows(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
    """Nine, or none at all."""
    left = rows[: min(at, 9)]
    ended = replace(way, ended=True)
    data = ended.file([way.line(one) for one in left]) if left else b""
    return Broken(data, 0, "too-few-rows")


@in_file("same-messages")
def a_row_twice(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
    """The same row again, anywhere later."""
    lines = [way.line(one) for one in rows]
    later = draw(st.integers(at + 1, len(rows)))
    lines.insert(later, lines[at])
    return told(way, lines, later, "same-messages", rules=frozenset({"same-id"}))


@in_file("same-id")
def an_id_twice(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
    """Another row of the same prompt_id."""
    named = [row | {"prompt_id": f"id {number}"} for number, row in enumerate(rows)]
    later = draw(st.integers(at, len(rows) - 1))
    if later == at:
        later, at = (at + 1, at) if at + 1 < len(rows) else (at, at - 1)
    named[later]["prompt_id"] = named[at]["prompt_id"]
    return told(way, [way.line(one) for one in named], later, "same-id")


@in_file("same-messages")
def messages_twice(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
    """The same conversation under another id."""
    again = rows[at] | {"prompt_id": "another"}
    later = draw(st.integers(at + 1, len(rows)))
    lines = [way.line(one) for one in rows]
    lines.insert(later, way.line(again))
    return told(way, lines, later, "same-messages")


@in_file("missing-field")
def a_column_missing(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
    """A column that every row has to have."""
    name = draw(st.sampled_from(["prompt", "prompt_id"]))
    full = [row | {"prompt": "p", "prompt_id": f"{number}"} for number, row in enumerate(rows)]
    del full[at][name]
    limits = {"columns": ("prompt", "prompt_id", "messages")}
    return told(way, [way.line(one) for one in full], at, "missing-field", limits=limits)


@in_file("blank-line")
def a_blank_line(draw: Draw, rows: Rows, way: Way, at: int) -> Broken:
    """White space that JSON knows, or nothing, instead of a row; its line end makes it a line."""
    lines = [way.line(one) for one in rows]
    lines[at] = draw(st.sampled_from([b"", b" ", b"\t", b"  \t ", b"\r"]))
    return told(replace(way, ended=True), lines, at, "blank-line")
